"""Options of a submission on the wire.

PROTOCOL, "Options of a submission". They are the option ``options`` of an OPTION_REQ
for the submission that follows it, as headers are, or stand behind the function's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request

__all__ = ["OPTIONS", "OPTIONS_PREFIX", "announced", "join_options"]

OPTIONS: Final = b"options"
"""The option that asks whether a job server knows options of submissions."""

OPTIONS_PREFIX: Final = b"options\0"
"""What the option begins with, if it carries options."""


def join_options(options: Mapping[str, str | bytes]) -> bytes:
    """Return options by their names as they are sent.

    >>> join_options({"delay": "20m", "key": "shop 7"})
    b'delay=20m&key=shop+7'
    """
    # Imported here: few clients have options, and it takes a millisecond to load.
    from urllib.parse import urlencode

    return urlencode(options).encode("ascii")


def announced(options: bytes) -> bytes:
    """Return the OPTION_REQ that gives the next submission these options."""
    return request(PacketType.OPTION_REQ, OPTIONS_PREFIX + options)
