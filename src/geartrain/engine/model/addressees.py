"""Addressees: whom alone a job may be given to.

That is the worker with an id (``worker:web-7``), any worker of a host
(``host:10.0.0.7``), or the worker of one connection (``connection:17``), which only the
job server itself names. An addressed job has no flow key of its own: that of its
addressee takes the place, and holds it until the addressee takes it.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ABSENCE",
    "CONNECTION",
    "EVERYONE",
    "HOST",
    "HOSTS",
    "WORKER",
    "addressee_of",
    "flow_key_of",
    "is_addressed",
]

WORKER: Final = b"worker:"
"""What the id of a worker follows, as SET_CLIENT_ID gave it."""

HOST: Final = b"host:"
"""What the address of a host follows, as the text command ``workers`` shows it."""

CONNECTION: Final = b"connection:"
"""What a number follows that was never given before, and is not known after a restart.
The address of its host stands behind that.
"""

EVERYONE: Final = b"everyone"
"""A job for each worker of a function."""

HOSTS: Final = b"hosts"
"""A job for one worker of each host."""

ABSENCE: Final = 30.0
"""Seconds for which a job without a time to live waits for a worker or host that is not
connected: ample for one that reconnects after a restart, its own or the job server's.
"""

# No other flow key begins with a NUL byte.
_MARK: Final = b"\0"


def is_addressed(flow_key: bytes) -> bool:
    """Tell whether a job's flow key, which may be empty, is that of an addressee."""
    return flow_key.startswith(_MARK)


def addressee_of(flow_key: bytes) -> bytes:
    """Return the addressee whose flow key it is; empty if it is another's."""
    return flow_key[1:] if flow_key.startswith(_MARK) else b""


def flow_key_of(addressee: bytes) -> bytes:
    """Return the flow key of the jobs for an addressee."""
    return _MARK + addressee
