"""Records: what a store keeps of jobs and schedules, and a batch of changes to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geartrain.engine.queries import Query

__all__ = [
    "Batch",
    "Burial",
    "Change",
    "Failures",
    "Inventory",
    "JobRecord",
    "QueueInventory",
    "ScheduleRecord",
]


class Failures:
    """How a job's attempts have failed so far.

    Attributes:
        attempts: how many ended by WORK_FAIL, WORK_EXCEPTION, a timeout, or the
            worker's wish for another.
        crashes: how many ended because the worker was lost.
        reason: of the last: ``fail``, ``exception``, ``timeout``, ``crash`` or
            ``retry``.
        error: what the worker said of the last, cut at 64 KiB; empty for nothing.
        worker: who ran the last: its client id, a space, and its address.
        started: when the last began, a server time.
        ended: when it failed, a server time.
    """

    __slots__ = (
        "attempts",
        "crashes",
        "ended",
        "error",
        "reason",
        "started",
        "worker",
    )

    def __init__(self) -> None:
        self.attempts = 0
        self.crashes = 0
        self.reason = b""
        self.error = b""
        self.worker = b""
        self.started = 0.0
        self.ended = 0.0

    def copy(self) -> Failures:
        """Return another that later failures do not change."""
        other = Failures()
        other.attempts = self.attempts
        other.crashes = self.crashes
        other.reason = self.reason
        other.error = self.error
        other.worker = self.worker
        other.started = self.started
        other.ended = self.ended
        return other


class JobRecord:
    """A background job, or a dead letter, as a store keeps it.

    Attributes:
        number: the number in its handle; no other job ever has it.
        handle: the name the job server gave it.
        function: the name of its function.
        unique: the client's coalescing key; empty for none.
        key: what it coalesces by within its function; empty for never.
        priority: ``Priority`` as a number.
        reducer: the reducer of a SUBMIT_REDUCE_JOB, else empty.
        submitted: when it was submitted, a server time.
        due: when it becomes ready; 0 is at once.
        is_steady: ``due`` is a server time; else it is one by the calendar.
        died: when it became a dead letter, a server time; 0 is not at all.
        failures: how its attempts have failed; None while none has.
        workload: its input; of a large one, the piece that arrived first.
        more: the pieces that follow ``workload``.
        size: the bytes of all of its workload; set where a store read the record.
        is_tentative: it is to be added only if no job of its function and key is kept.
        twin: the number of that job; 0 for none. Set by the commit.
    """

    __slots__ = (
        "died",
        "due",
        "failures",
        "function",
        "handle",
        "is_steady",
        "is_tentative",
        "key",
        "more",
        "number",
        "priority",
        "reducer",
        "size",
        "submitted",
        "twin",
        "unique",
        "workload",
    )

    def __init__(self, number: int, handle: bytes, function: bytes) -> None:
        self.number = number
        self.handle = handle
        self.function = function
        self.unique = b""
        self.key = b""
        self.priority = 1
        self.reducer = b""
        self.submitted = 0.0
        self.due = 0.0
        self.is_steady = False
        self.died = 0.0
        self.failures: Failures | None = None
        self.workload = b""
        self.more: list[bytes] = []
        self.size = 0
        self.is_tentative = False
        self.twin = 0


class Change:
    """A kept job, or a dead letter, that waits for its next attempt.

    Attributes:
        number: which job.
        due: when it becomes ready, a server time; 0 is at once.
        failures: how its attempts have failed; None for a fresh start.
    """

    __slots__ = ("due", "failures", "number")

    def __init__(self, number: int, due: float, failures: Failures | None) -> None:
        self.number = number
        self.due = due
        self.failures = failures


class Burial:
    """A kept job that becomes a dead letter.

    Attributes:
        number: which job.
        died: when, a server time.
        failures: how its attempts have failed.
    """

    __slots__ = ("died", "failures", "number")

    def __init__(self, number: int, died: float, failures: Failures) -> None:
        self.number = number
        self.died = died
        self.failures = failures


class ScheduleRecord:
    """A recurring job as a store keeps it.

    Attributes:
        number: the number in its handle; no job or other schedule ever has it.
        handle: the name the job server gave it.
        function: the name of its jobs' function.
        unique: its jobs' unique.
        fields: minute, hour, day, month and weekday as submitted.
        workload: its jobs' workload, in one piece.
    """

    __slots__ = ("fields", "function", "handle", "number", "unique", "workload")

    def __init__(self, number: int, handle: bytes, function: bytes) -> None:
        self.number = number
        self.handle = handle
        self.function = function
        self.unique = b""
        self.fields: list[bytes] = []
        self.workload = b""


class Batch:
    """What one commit makes durable, all of it or nothing.

    It is applied in this order: ``ended``, ``added``, ``revived``, ``changed``,
    ``buried``, and the rest. Numbers that are not kept are ignored.

    Attributes:
        serial: which batch this is, from 1.
        ended: the numbers of kept jobs and dead letters to forget.
        added: jobs to keep; for a tentative one ``twin`` is set instead if a job of
            its function and key is kept that this batch does not bury.
        revived: dead letters that become jobs again.
        changed: jobs that wait for another attempt.
        buried: jobs that become dead letters.
        schedules: recurring jobs to keep, in place of one with the same number.
        unscheduled: the numbers of recurring jobs to forget; after ``schedules``.
        reserved: no number up to this one is free after a restart; 0 leaves it.
        size: the bytes of the workloads that ``added`` has, if that is known.
        steady: what server time it is; 0 leaves what is kept.
        calendar: what time it is then by the calendar, in seconds since 1970.
        queries: what to look up once the batch is durable, or was refused.
        refusals: why jobs of ``added`` were left out for want of room, by number. Set
            by the commit.
    """

    __slots__ = (
        "added",
        "buried",
        "calendar",
        "changed",
        "ended",
        "queries",
        "refusals",
        "reserved",
        "revived",
        "schedules",
        "serial",
        "size",
        "steady",
        "unscheduled",
    )

    def __init__(self, serial: int) -> None:
        self.serial = serial
        self.size = 0
        self.ended: dict[int, None] = {}
        self.added: list[JobRecord] = []
        self.revived: list[Change] = []
        self.changed: list[Change] = []
        self.buried: list[Burial] = []
        self.schedules: list[ScheduleRecord] = []
        self.unscheduled: list[int] = []
        self.reserved = 0
        self.steady = 0.0
        self.calendar = 0.0
        self.queries: list[Query] = []
        self.refusals: dict[int, str] = {}

    def within(self, most: int) -> tuple[Batch, list[JobRecord]]:
        """Return the batch with so many bytes of workloads, and the jobs left out.

        The small jobs stay, whichever came first: a large one must not have all others
        refused.
        """
        sized = sorted((_size(record), record.number) for record in self.added)
        fitting: set[int] = set()
        size = 0
        for each, number in sized:
            size += each
            if size > most:
                break
            fitting.add(number)
        new, rest = self.parted()
        rest.added = [each for each in new.added if each.number in fitting]
        rest.changed, rest.buried = self.changed, self.buried
        rest.schedules, rest.unscheduled = self.schedules, self.unscheduled
        rest.size = sum(map(_size, rest.added))
        return rest, [each for each in new.added if each.number not in fitting]

    def parted(self) -> tuple[Batch, Batch]:
        """Return what is new, with all that depends on it, and the rest.

        The rest says what has become of jobs that are kept already. It needs hardly any
        room, and can be committed where the whole batch cannot.
        """
        new, rest = Batch(self.serial), Batch(self.serial)
        new.size = self.size
        new.added = self.added
        numbers = {record.number for record in self.added}
        rest.ended, rest.reserved = self.ended, self.reserved
        rest.steady, rest.calendar = self.steady, self.calendar
        rest.revived = self.revived
        for change in self.changed:
            (new if change.number in numbers else rest).changed.append(change)
        for burial in self.buried:
            (new if burial.number in numbers else rest).buried.append(burial)
        new.schedules, rest.unscheduled = self.schedules, self.unscheduled
        if self.schedules:
            # One that was made and removed must not come back.
            new.unscheduled = self.unscheduled
        return new, rest

    def has_new(self) -> bool:
        """Tell whether there is something new in it, as ``parted`` understands it."""
        return bool(self.added or self.schedules)

    def has_rest(self) -> bool:
        """Tell whether there is something else in it."""
        return bool(
            self.ended
            or self.revived
            or self.changed
            or self.buried
            or self.unscheduled
            or self.reserved
            or self.steady
        )

    def changes_nothing(self) -> bool:
        """Tell whether a commit of this batch would write nothing."""
        return not (self.has_new() or self.has_rest())


def _size(record: JobRecord) -> int:
    return len(record.workload) + sum(map(len, record.more))


class QueueInventory:
    """What a store keeps for one function and priority.

    Attributes:
        function: the function's name.
        priority: ``Priority`` as a number.
        ready: jobs without a due time.
        delayed: jobs with one, whether it has come or not.
        next_due: the earliest due time by the calendar, in seconds since 1970; 0 for
            none.
        next_steady: the earliest due time that is a server time; 0 for none.
        dead: dead letters.
    """

    __slots__ = (
        "dead",
        "delayed",
        "function",
        "next_due",
        "next_steady",
        "priority",
        "ready",
    )

    def __init__(self, function: bytes, priority: int) -> None:
        self.function = function
        self.priority = priority
        self.ready = 0
        self.delayed = 0
        self.next_due = 0.0
        self.next_steady = 0.0
        self.dead = 0


class Inventory:
    """What a store says when it is opened, without a look at every job.

    Attributes:
        reserved: the highest number that was ever reserved or kept, 0 if none was.
        queues: what is kept for each function and priority that has something.
        schedules: the recurring jobs, in the order of their numbers.
        steady: the last server time it was told; 0 for none.
        calendar: what time it was then by the calendar, in seconds since 1970.
    """

    __slots__ = ("calendar", "queues", "reserved", "schedules", "steady")

    def __init__(self, reserved: int) -> None:
        self.reserved = reserved
        self.queues: list[QueueInventory] = []
        self.schedules: list[ScheduleRecord] = []
        self.steady = 0.0
        self.calendar = 0.0
