"""Sleeping workers that are woken by jobs."""

from __future__ import annotations

from geartrain.engine.dispatch.wakeups import GRACE
from tests.support.dialogue import DialoguePeer, noop

__all__ = ["SOON", "submit", "woken"]

# A moment shorter than a woken worker may take.
SOON = GRACE / 4


def woken(workers: list[DialoguePeer]) -> int:
    """Count the NOOPs these workers received; they may receive nothing else."""
    answers = [answer for worker in workers for answer in worker.received]
    assert answers == [noop()] * len(answers)
    return len(answers)


def submit(client: DialoguePeer, function: bytes = b"f") -> None:
    """Submit a background job."""
    client.submit_job_bg(function, b"", b"w")
