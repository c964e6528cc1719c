"""What a job server says of all its jobs and dead letters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from proof.torture.operators import count_jobs, data_of, job_of, listing
from tests.support.wire import Wire

__all__ = ["Survey", "survey", "workload_of"]

# What ``dead show`` tells besides what ``dead list`` does.
_SHOWN_ONLY = ("story", "workload", "encoding")


@dataclass
class Survey:
    """The answers to text commands after everything is done.

    Attributes:
        jobs: the rows of ``jobs`` by handle.
        count: how many jobs ``status`` counts.
        dead: the rows of ``dead show`` by handle.
        contradictions: what does not agree with ``dead list``.
    """

    jobs: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    count: int = 0
    dead: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    contradictions: list[str] = field(default_factory=list)

    def row(self, handle: bytes) -> str:
        """Return what the job server said about a job, as the end of a sentence."""
        found = self.jobs.get(handle) or self.dead.get(handle)
        if found is None:
            return "it is unknown"
        return f"it is { ({**found, 'workload': '...'}) }"


def workload_of(row: dict[str, Any]) -> bytes:
    """Return the workload of a row of ``dead show``."""
    return data_of(row, "workload")


def survey(wire: Wire) -> Survey:
    """Ask for everything, then drop the dead letters."""
    found = Survey(count=count_jobs(wire))
    for row in listing(wire, "jobs limit=1000"):
        found.jobs[row["handle"].encode()] = row
    for listed in listing(wire, "dead list limit=1000"):
        handle = listed["handle"]
        shown = job_of(wire, f"dead show {handle}")
        without = [
            {name: row[name] for name in row if name not in _SHOWN_ONLY}
            for row in shown
        ]
        if without != [listed]:
            found.contradictions.append(f"dead list: {listed}, dead show: {shown}")
        else:
            found.dead[handle.encode()] = shown[0]
        answer = wire.command(f"dead drop {handle}".encode())
        if not answer.startswith(b"OK"):
            found.contradictions.append(f"dead drop {handle}: {answer!r}")
    for row in listing(wire, "dead list"):
        found.contradictions.append(f"dropped and still there: {row}")
    return found
