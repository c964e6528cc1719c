"""The journal: what the engine wants a store to make durable, in batches.

A driver takes a ``Batch``, has a store commit it, and tells the engine. JOB_CREATED
of a background job, and all that is due to its submitter after it, is held back until
then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from geartrain.engine.jobs import Job
    from geartrain.engine.peers import Peer

__all__ = ["Batch", "JobRecord", "Journal"]

# So many numbers are reserved at once: a restart goes on behind them, so that no
# handle is given twice, and no commit is needed for each.
_RESERVE: Final = 1_000_000


class JobRecord:
    """A background job as a store keeps it.

    Attributes:
        number: the number in its handle; no other job ever has it.
        handle: the name the job server gave it.
        function: the name of its function.
        unique: the client's coalescing key; empty for none.
        priority: ``Priority`` as a number.
        reducer: the reducer of a SUBMIT_REDUCE_JOB, else empty.
        due: when it becomes ready, in seconds since 1970; 0 is at once.
        losses: how often its worker was lost.
        submitted: when it was submitted, in seconds since 1970.
        workload: its input; of a large one, the piece that arrived first.
        more: the pieces that follow ``workload``.
    """

    __slots__ = (
        "due",
        "function",
        "handle",
        "losses",
        "more",
        "number",
        "priority",
        "reducer",
        "submitted",
        "unique",
        "workload",
    )

    def __init__(self, number: int, handle: bytes, function: bytes) -> None:
        self.number = number
        self.handle = handle
        self.function = function
        self.unique = b""
        self.priority = 1
        self.reducer = b""
        self.due = 0.0
        self.losses = 0
        self.submitted = 0.0
        self.workload = b""
        self.more: list[bytes] = []


class Batch:
    """What one commit makes durable, all of it or nothing.

    Attributes:
        serial: which batch this is, from 1.
        added: jobs to keep.
        ended: the numbers of kept jobs to forget.
        reserved: no number up to this one is free after a restart; 0 leaves it.
    """

    __slots__ = ("added", "ended", "reserved", "serial")

    def __init__(self, serial: int) -> None:
        self.serial = serial
        self.added: list[JobRecord] = []
        self.ended: list[int] = []
        self.reserved = 0


class _Promise:
    """A JOB_CREATED that is held back: where it stands, and for which peer."""

    __slots__ = ("peer", "pieces", "place")

    def __init__(self, peer: Peer, pieces: list[bytes]) -> None:
        """Take the place at the end of the pieces, where it is put next."""
        self.peer = peer
        self.pieces = pieces
        self.place = len(pieces)


class _Collected:
    """A batch with the jobs it adds and the answers that wait for it."""

    __slots__ = ("batch", "jobs", "promises", "size", "waiting")

    def __init__(self, serial: int) -> None:
        self.batch = Batch(serial)
        self.jobs: list[Job] = []
        self.promises: list[_Promise] = []
        self.waiting: list[Peer] = []
        self.size = 0


class Journal:
    """Collects the next batch, and knows the one that is being committed.

    Attributes:
        is_on: there is a store; without one nothing is collected or held back.
        committed: the serial of the last batch that is durable.
    """

    __slots__ = ("_committing", "_next", "committed", "is_on", "reserved")

    def __init__(self) -> None:
        self.is_on = False
        self.committed = 0
        self.reserved = 0
        self._next = _Collected(1)
        self._committing: _Collected | None = None

    def reserve(self, number: int) -> None:
        """Reserve more numbers if ``number``, just given, comes near the end."""
        if self.is_on and number + _RESERVE // 2 > self.reserved:
            self.reserved = number + _RESERVE
            self._next.batch.reserved = self.reserved

    def add(self, job: Job, record: JobRecord) -> None:
        """Have a job kept."""
        collected = self._next
        job.record = record
        job.batch = collected.batch.serial
        collected.batch.added.append(record)
        collected.jobs.append(job)
        collected.size += len(record.workload)
        for piece in record.more:
            collected.size += len(piece)

    def end(self, job: Job) -> None:
        """Have a kept job forgotten; one not yet committed is not written at all."""
        batch = self._next.batch
        if job.batch == batch.serial and job.record is not None:
            job.record.number = 0
        else:
            batch.ended.append(job.number)
        job.record = None

    def hold(self, job: Job, peer: Peer) -> None:
        """Hold back what is sent to the peer from now on until the job is durable."""
        if job.batch <= self.committed:
            return
        collected = self._next
        if job.batch != collected.batch.serial and self._committing is not None:
            collected = self._committing
        if peer.hold(job.batch):
            collected.waiting.append(peer)
        collected.promises.append(_Promise(peer, peer.held[-1]))

    def size(self) -> int:
        """Return how many bytes of workloads wait to be taken."""
        return self._next.size

    def is_empty(self) -> bool:
        """Tell whether nothing waits to be taken."""
        batch = self._next.batch
        return not (batch.added or batch.ended or batch.reserved or self._next.waiting)

    def take(self) -> Batch:
        """Return what was collected, to be committed; the one before must be done."""
        collected = self._next
        batch = collected.batch
        batch.added = [record for record in batch.added if record.number]
        self._committing = collected
        self._next = _Collected(batch.serial + 1)
        return batch

    def settle(self) -> list[Peer]:
        """Note that the batch taken is done; return the peers that waited for it."""
        done = self._committing
        assert done is not None
        self._committing = None
        self.committed = done.batch.serial
        for job in done.jobs:
            job.record = None
        return done.waiting

    def refuse(self, answer: bytes) -> list[Job]:
        """Note that the batch taken could not be committed; ``settle`` is to follow.

        Every held JOB_CREATED becomes ``answer``. What was to be forgotten is
        collected again. Returns the jobs that were not added.
        """
        failed = self._committing
        assert failed is not None
        for promise in failed.promises:
            promise.pieces[promise.place] = answer
        following = self._next.batch
        following.ended.extend(failed.batch.ended)
        following.reserved = max(following.reserved, failed.batch.reserved)
        return failed.jobs
