"""Workloads larger than a packet: cut into jobs of their own, and joined again.

The chunks of a workload are background jobs of a function that nobody else uses,
``<function>.chunks.<id>``; their uniques end in their number, from 0. The job itself
carries a manifest, which says where they are. A worker registers that function, takes
the chunks, and completes them when the job is done, so that another worker still finds
them if this one is lost.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Final

from geartrain.errors import CodecError

__all__ = ["Manifest", "chunks", "is_manifest", "join", "manifest_for", "parse"]

_MARK: Final = b"\0geartrain chunks 1\0"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where the chunks of a workload are.

    Attributes:
        function: of the jobs that carry them.
        id: what the uniques of these begin with, before a dot and the number.
        count: how many there are.
        size: how many bytes they are together.
        digest: the SHA-256 of these, in hexadecimal.
    """

    function: str
    id: str
    count: int
    size: int
    digest: str

    def encode(self) -> bytes:
        """Return it as a workload."""
        return _MARK + json.dumps(asdict(self)).encode()

    def unique(self, number: int) -> str:
        """Return the unique of a chunk."""
        return f"{self.id}.{number}"


def manifest_for(function: str, unique: str, data: bytes, size: int) -> Manifest:
    """Return the manifest of a workload that is cut into chunks of some bytes.

    The same workload of the same function and unique has the same, so that chunks that
    are submitted twice are queued once.
    """
    import hashlib

    digest = hashlib.sha256(data).hexdigest()
    identity = os.urandom(8).hex()
    if unique:
        named = f"{unique}\0{digest}".encode("utf-8", "surrogateescape")
        identity = hashlib.sha256(named).hexdigest()[:16]
    where = f"{function}.chunks.{identity}"
    count = (len(data) + size - 1) // size
    return Manifest(where, identity, count, len(data), digest)


def chunks(data: bytes, size: int) -> Iterator[bytes]:
    """Cut a workload into chunks of some bytes."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


def is_manifest(workload: bytes) -> bool:
    """Tell whether a workload is only the manifest of one."""
    return workload.startswith(_MARK)


def parse(workload: bytes) -> Manifest:
    """Return the manifest that a workload is.

    Raises:
        CodecError: it is none.
    """
    if not is_manifest(workload):
        raise CodecError("this workload is no manifest of chunks")
    try:
        found = Manifest(**json.loads(workload[len(_MARK) :]))
    except (ValueError, TypeError) as error:
        raise CodecError(f"the manifest of a workload is broken: {error}") from None
    numbers = (found.count, found.size)
    texts = (found.function, found.id, found.digest)
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise CodecError("the manifest of a workload has no count or size")
    if not all(isinstance(name, str) for name in texts):
        raise CodecError("the manifest of a workload lacks a name")
    return found


def join(
    manifest: bytes, grab: Callable[[str, int], Iterable[tuple[str, bytes]]]
) -> bytes:
    """Return the workload that a manifest stands for.

    ``grab`` is called with the function and the number of the chunks; it gives the
    unique and workload of each of its jobs, in any order, and may give one twice.

    Raises:
        CodecError: it is no manifest, or chunks are missing, or not what was sent.
    """
    import hashlib

    wanted = parse(manifest)
    found = dict(grab(wanted.function, wanted.count))
    names = [wanted.unique(number) for number in range(wanted.count)]
    missing = sum(name not in found for name in names)
    if missing:
        raise CodecError(
            f"{missing} of the {wanted.count} chunks of a workload are missing: no job"
            f" of {wanted.function} has them"
        )
    data = b"".join(found[name] for name in names)
    if len(data) != wanted.size or hashlib.sha256(data).hexdigest() != wanted.digest:
        raise CodecError("the chunks of a workload are not those that were sent")
    return data
