"""Headers of a job: names with values that travel beside its workload.

PROTOCOL, "Headers". On the wire they are the option ``headers``: of an OPTION_REQ for
the submission that follows it, of an OPTION_RES for the job that is assigned next. So
no packet of a job differs, whoever sends or gets it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import encode, request

__all__ = [
    "MAX_HEADERS",
    "MAX_HEADERS_SIZE",
    "PREFIX",
    "asked",
    "fault",
    "join",
    "split_headers",
    "told",
]

MAX_HEADERS: Final = 32
"""The most headers of a job."""

MAX_HEADERS_SIZE: Final = 4096
"""The most bytes of all headers of a job, with a NUL between any two of their parts.

That is ample for a trace's context, and little beside what a waiting job takes anyway.
"""

PREFIX: Final = b"headers\0"
"""What the option begins with, if it carries headers."""

_NAME: Final = re.compile(rb"[!-<>-~]{1,64}")


def join(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return headers as they are sent and kept; ``fault`` says whether they may be."""
    return b"\0".join([part for pair in pairs for part in pair])


def split_headers(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return the names and values in headers without fault, in order."""
    parts = data.split(b"\0") if data else []
    return list(zip(parts[::2], parts[1::2], strict=True))


def fault(data: bytes) -> str:
    """Return what is wrong with headers as they are sent; nothing if they are right."""
    if len(data) > MAX_HEADERS_SIZE:
        return f"headers have at most {MAX_HEADERS_SIZE} bytes, not {len(data)}"
    parts = data.split(b"\0")
    names = parts[::2]
    if len(parts) % 2:
        return "headers are names with a value each, and no value has a NUL"
    if len(names) > MAX_HEADERS:
        return f"a job has at most {MAX_HEADERS} headers, not {len(names)}"
    if len(set(names)) < len(names):
        return "a header is given twice"
    for name in names:
        if _NAME.fullmatch(name) is None:
            return (
                "the name of a header has 1 to 64 visible characters of ASCII, and no ="
            )
    return ""


def asked(headers: bytes) -> bytes:
    """Return the OPTION_REQ that gives the next submission these headers."""
    return request(PacketType.OPTION_REQ, PREFIX + headers)


def told(headers: bytes) -> bytes:
    """Return the OPTION_RES that tells a worker the next job's headers."""
    return encode(PacketType.OPTION_RES, PREFIX + headers)
