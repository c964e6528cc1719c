"""The kinds of jobs of a soak: what their handlers do, and how they may end."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FUNCTION", "KINDS", "MAX_PACKET", "Kind", "kind_of"]

FUNCTION = "soak"
"""The function that all jobs are for."""

MAX_PACKET = 256 * 1024
"""Bytes of the largest packet the job server takes."""


@dataclass(frozen=True)
class Kind:
    """One kind of job.

    Attributes:
        name: stands in the key of each of its jobs.
        share: how many of 1,000 jobs are of this kind.
        succeeds: its handler returns a result; else it ends as a dead letter.
    """

    name: str
    share: int
    succeeds: bool


KINDS = {
    each.name: each
    for each in (
        Kind("plain", 909, True),
        # A child process outlives the attempt and leaves by sys.exit.
        Kind("forks", 40, True),
        # A BaseException that is no Exception.
        Kind("raises", 30, False),
        # A result larger than the job server takes.
        Kind("large", 20, False),
        # The process dies in the handler: it is started again after half a minute, in
        # which others must keep up.
        Kind("dies", 1, False),
    )
}


def kind_of(key: bytes) -> Kind:
    """Return the kind of the job with this key."""
    return KINDS[key.split(b"-")[1].decode()]
