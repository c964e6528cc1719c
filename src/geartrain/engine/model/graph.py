"""The graph of jobs: batches, and jobs that wait for others to end.

A batch is all jobs submitted under its name. A ``Successor`` is a job that waits for
jobs and batches, which are its *sources*; a source is named by ``b"batch:"`` and the
name of a batch, or by a handle. Nothing is kept here for a job that is in no batch and
that nothing waits for.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.broadcasts import Broadcast

__all__ = [
    "BATCH",
    "DONE",
    "FAILURE",
    "LARGEST_OF_ALL",
    "NEVER",
    "SUCCESS",
    "WHEN",
    "Graph",
    "JobBatch",
    "SourceEnd",
    "Successor",
]

BATCH: Final = b"batch:"
"""What the name of a batch follows where a source is named."""

NEVER: Final = 400_000_000_000.0
"""When a job is due that waits for others, a server time: behind the year 9999, so that
it is delayed like any other, and no store or window needs to know of it.
"""

LARGEST_OF_ALL: Final = 64 * 1024 * 1024
"""The most bytes of results that are handed on to jobs that wait, all together."""

SUCCESS: Final = "success"
FAILURE: Final = "failure"
DONE: Final = "done"
WHEN: Final = (SUCCESS, FAILURE, DONE)
"""What the sources have to come to for a successor to run: all succeeded, one failed,
or all ended, whichever way.
"""


class JobBatch:
    """The jobs that were submitted under one name, by their number."""

    def __init__(self, name: bytes, began: float) -> None:
        self.name = name
        """What they were submitted under."""
        self.total = 0
        """How many there are."""
        self.succeeded = 0
        """How many have ended well."""
        self.failed = 0
        """How many have ended otherwise, and for good."""
        self.dead = 0
        """How many are dead letters, which may be retried."""
        self.began = began
        """When the first was submitted, a server time."""
        self.ended = 0.0
        """When the last had ended, a server time; 0 while some have not."""
        self.fleeting = 0
        """How many that have not ended are no store's: they end with the job server."""
        self.to_make = 0
        """How many of a broadcast's jobs have still to be made, of those it counts."""
        self.broadcast: Broadcast | None = None
        """What its jobs have come to, if they are a broadcast's that has not ended."""
        self.is_broadcast = False
        """Its jobs are a broadcast's."""
        self.is_kept = True
        """A store keeps it; not that of a broadcast in the foreground."""
        self.blocked: dict[int, None] = {}
        """The numbers of its own jobs that wait for others."""

    def left(self) -> int:
        """Return how many have yet to end; dead letters have.

        Fewer may be counted than have ended, where an heir died before it had put its
        own count and another's together: what waits runs early then, and is not stuck.
        """
        return max(0, self.total - self.done())

    def done(self) -> int:
        """Return how many have ended, dead letters included."""
        return self.succeeded + self.failed + self.dead

    def merge(self, other: JobBatch) -> None:
        """Count the jobs of another batch of its name, too."""
        self.total += other.total
        self.succeeded += other.succeeded
        self.failed += other.failed
        self.dead += other.dead
        self.began = min(self.began, other.began)
        self.ended = max(self.ended, other.ended) if self.left() == 0 else 0.0

    def source(self) -> bytes:
        """Return how successors name it."""
        return BATCH + self.name


class SourceEnd:
    """What a source of a successor came to."""

    def __init__(self, source: bytes, outcome: bytes) -> None:
        self.source = source
        """What it is named by."""
        self.outcome = outcome
        """One of ``endings.STATUSES``; of a batch ``succeeded`` or ``failed``."""
        self.function = b""
        """Of a job, its function."""
        self.unique = b""
        """Of a job, its unique."""
        self.result: bytes | None = None
        """Of a job, its result; None where that is not at hand."""
        self.counts: tuple[int, int, int] = (0, 0, 0)
        """Of a batch, its total, and how many succeeded and failed, dead letters
        included.
        """


class Successor:
    """A job that waits for others."""

    def __init__(  # noqa: PLR0915 - as many attributes
        self, number: int, handle: bytes, when: str
    ) -> None:
        self.number = number
        """The number in its handle."""
        self.handle = handle
        """Its handle."""
        self.when = when
        """One of ``WHEN``."""
        self.function = b""
        """Its function."""
        self.priority = 1
        """``Priority`` as a number."""
        self.queue_key = b""
        """The flow key of the queue that a store has it in; empty for none."""
        self.batch = b""
        """The batch it belongs to itself; empty for none."""
        self.is_broadcast = False
        """Its source is the batch of a broadcast, whose handle it has: it is not to run
        then, but to end.
        """
        self.options = b""
        """Those that a broadcast was submitted with."""
        self.is_handed = False
        """Its workload is made of what its sources come to."""
        self.sources: dict[bytes, None] = {}
        """The sources that have not come to anything yet."""
        self.outcomes: list[SourceEnd] = []
        """What the others have, in the order of their ends."""
        self.results = 0
        """The bytes of their results."""
        self.parts = 0
        """How many of the latest outcomes are entries of their own in the store."""
        self.is_kept = False
        """A store keeps the job, and so what it waits for."""
        self.verdict = ""
        """Why it is never to run, once that is so; empty until then."""
        self.workload = b""
        """What is handed to it, once it waits no more."""
        self.told = 0
        """How much of its progress its clients were told last, in thousandths."""

    def is_blocked(self) -> bool:
        """Tell whether it still waits."""
        return bool(self.sources)

    def add(self, outcome: SourceEnd) -> None:
        """Note what one of its sources came to."""
        self.outcomes.append(outcome)
        if outcome.result is not None:
            self.results += len(outcome.result)

    def hand(self, workload: bytes) -> None:
        """Note the workload that was made of what its sources came to."""
        self.workload = workload
        self.outcomes = []
        self.results = 0

    def size(self) -> int:
        """Return the bytes of what it is handed."""
        return len(self.workload) + self.results


class Graph:
    """All batches and successors."""

    def __init__(self) -> None:
        self.is_used = False
        """There is a batch or a successor: what ends has to be looked up here."""
        self.batches: dict[bytes, JobBatch] = {}
        """The batches by name, the earliest first."""
        self.successors: dict[int, Successor] = {}
        """The successors that wait, and those that were handed a workload until they
        have ended, by number.
        """
        self.waiting: dict[bytes, dict[int, Successor]] = {}
        """Who waits for each source."""
        self.ready: dict[int, Successor] = {}
        """Those that wait no more and have not been let go yet, by number."""
        self.moved: dict[int, Successor] = {}
        """Those whose sources came further since their clients were told."""
        self.recalled: dict[int, Broadcast] = {}
        """The broadcasts that were cancelled, and whose jobs are to be."""
        self.ended: dict[bytes, SourceEnd] = {}
        """Jobs that ended whose many successors are being told, by handle."""
        self.size = 0
        """The bytes of all that is handed on."""
        self.result: bytes | None = None
        """The result of the job that is about to end well, if somebody waits for it."""
        self.reason = b""
        """Why the job that is about to end has waited too long; empty if it has not."""

    def has_news(self) -> bool:
        """Tell whether there is something to be done for those that wait or waited."""
        return bool(self.ready or self.moved or self.recalled or self.ended)

    def add(self, successor: Successor) -> None:
        """Take a successor that waits."""
        self.is_used = True
        self.successors[successor.number] = successor
        for source in successor.sources:
            self.waiting.setdefault(source, {})[successor.number] = successor
        batch = self.batches.get(successor.batch)
        if batch is not None:
            batch.blocked[successor.number] = None

    def settle(self, successor: Successor, source: bytes) -> None:
        """Let a successor wait no more for one of its sources."""
        successor.sources.pop(source, None)
        waiting = self.waiting.get(source)
        if waiting is not None:
            waiting.pop(successor.number, None)
            if not waiting:
                del self.waiting[source]

    def release(self, successor: Successor) -> None:
        """Let a successor wait for nothing more."""
        for source in list(successor.sources):
            self.settle(successor, source)
        batch = self.batches.get(successor.batch)
        if batch is not None:
            batch.blocked.pop(successor.number, None)

    def forget(self, successor: Successor) -> None:
        """Forget a successor."""
        self.release(successor)
        if self.successors.pop(successor.number, None) is not None:
            self.size -= successor.size()

    def reaches(self, sources: list[bytes], batch: bytes, most: int) -> bool:
        """Tell whether what some sources wait for includes a batch, or may.

        A job of that batch that waited for them would wait for itself. At most so many
        jobs are looked at.
        """
        target = BATCH + batch
        seen: set[bytes] = set()
        todo = list(sources)
        while todo:
            source = todo.pop()
            if source == target or len(seen) > most:
                return True
            if source in seen:
                continue
            seen.add(source)
            for successor in self._blocked(source):
                todo += successor.sources
        return False

    def _blocked(self, source: bytes) -> list[Successor]:
        """Return the waiting jobs that a source consists of."""
        if source.startswith(BATCH):
            batch = self.batches.get(source.removeprefix(BATCH))
            numbers = [] if batch is None else list(batch.blocked)
        else:
            digits = source.rpartition(b":")[2]
            numbers = [int(digits)] if digits.isdigit() else []
        found = (self.successors.get(number) for number in numbers)
        return [each for each in found if each is not None]
