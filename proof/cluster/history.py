"""What clients and workers of a cluster saw, and what was wrong meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from time import monotonic

__all__ = ["History", "Run", "Submission", "Trouble"]


@dataclass(kw_only=True)
class Submission:
    """A background job that a client submitted.

    Attributes:
        key: what its workload begins with; no two have the same.
        unique: its unique; empty for none.
        node: the node that was asked.
        sent: when.
        acknowledged: when its handle came; infinity for never.
        handle: this handle.
        delay: seconds that it was to wait.
    """

    key: bytes
    unique: bytes
    node: str
    sent: float
    acknowledged: float = inf
    handle: bytes = b""
    delay: float = 0.0


@dataclass(kw_only=True)
class Run:
    """One time that a worker had a job.

    Attributes:
        key: the key in its workload.
        handle: its handle.
        node: the node that gave it.
        started: when.
        ended: when its result was sent; infinity for never.
    """

    key: bytes
    handle: bytes
    node: str
    started: float
    ended: float = inf


@dataclass(kw_only=True)
class Trouble:
    """Something that was wrong for a while.

    Attributes:
        name: what.
        hosts: the hosts that it was wrong with.
        is_reason: it is a reason for a job to be run again.
        began: when it began.
        ended: when it ended; infinity while it lasts.
    """

    name: str
    hosts: tuple[str, ...]
    began: float
    ended: float = inf
    is_reason: bool = True


@dataclass
class History:
    """All of it; any thread may add to it.

    Attributes:
        submissions: the background jobs.
        runs: what workers did.
        troubles: what was wrong, in order.
        takeovers: seconds from the death of a node until another one had its jobs.
        faults: what may not happen at all.
        foreground: how many calls were answered, and how many were not.
    """

    submissions: list[Submission] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    takeovers: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    foreground: list[int] = field(default_factory=lambda: [0, 0])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def submit(self, key: bytes, unique: bytes, node: str) -> Submission:
        """Note a submission that is about to be sent."""
        made = Submission(key=key, unique=unique, node=node, sent=monotonic())
        with self._lock:
            self.submissions.append(made)
        return made

    def run(self, key: bytes, handle: bytes, node: str) -> Run:
        """Note that a worker was given a job."""
        made = Run(key=key, handle=handle, node=node, started=monotonic())
        with self._lock:
            self.runs.append(made)
        return made

    def waiting(self) -> int:
        """Return about how many jobs there are that have not begun."""
        return len(self.submissions) - len(self.runs)

    def called(self, *, is_answered: bool) -> None:
        """Count a call in the foreground."""
        with self._lock:
            self.foreground[not is_answered] += 1

    @contextmanager
    def trouble(self, name: str, *hosts: str, is_reason: bool = True) -> Iterator[None]:
        """Note what is wrong for the length of the block."""
        trouble = Trouble(
            name=name, hosts=hosts, began=monotonic(), is_reason=is_reason
        )
        self.troubles.append(trouble)
        try:
            yield
        finally:
            trouble.ended = monotonic()
