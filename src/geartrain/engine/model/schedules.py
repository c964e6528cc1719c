"""Schedules: what recurs, when it is due next, and what came of its last times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from geartrain.engine.model.cron_fields import cron_of
from geartrain.engine.model.functions import Function
from geartrain.engine.model.schedule_settings import headers_of, options_of
from geartrain.engine.model.settings import Value
from geartrain.engine.model.submission_options import SubmissionOptions
from geartrain.engine.timers import Timed
from geartrain.protocol.constants import Priority

__all__ = [
    "CALENDAR",
    "ELSEWHERE",
    "TIMES",
    "Calendar",
    "Held",
    "Owed",
    "Run",
    "Schedule",
    "no_calendar",
]

# Units of work, as ``turns`` counts it, of finding a schedule's next time.
CALENDAR: Final = 200

# Given an expression of cron, or a date, the name of a time zone, empty for the job
# server's, and a time in seconds since 1970, returns the first time after it that is
# meant; raises ValueError, saying why, when there is none.
Calendar = Callable[[str, str, float], float]

_PRIORITIES: Final = {
    "high": int(Priority.HIGH),
    "normal": int(Priority.NORMAL),
    "low": int(Priority.LOW),
}
_MASK: Final = 0xFFFFFFFF

ELSEWHERE: Final = "elsewhere"
"""What became of a job which joined another job server's that has ended there."""

TIMES: Final = ("submitted", "missed", "overlapped", "skipped", "refused")
"""What may come of a time: its job was submitted, or why there is none."""


def no_calendar(times: str, timezone: str, after: float) -> float:
    """Refuse every schedule: for an engine whose driver brings no calendar."""
    raise ValueError("this job server has no calendar")


class Run:
    """One time of a schedule, and what came of it."""

    def __init__(self, due: float, number: int, outcome: str) -> None:
        self.due = due
        """Which time, in seconds since 1970 by the calendar of then."""
        self.number = number
        """The number of its job; 0 if none was submitted."""
        self.outcome = outcome
        """How that has ended, as ``endings.STATUSES`` has it, or why there is none:
        ``refused``, ``missed``, ``skipped`` or ``overlapped``. Empty while it waits or
        runs.
        """
        self.ended = 0.0
        """When it ended, in the same way; 0 while it has not."""
        self.batch = 0
        """The serial of the batch that its job is to be durable with."""
        self.is_asked = False
        """An operator ran it: it is none of the schedule's times."""

    def is_outstanding(self) -> bool:
        """Tell whether its job has not ended."""
        return self.number > 0 and not self.outcome


class Held(Timed):
    """A schedule's time that waits for the job of the time before.

    Its timer rings when that job has ended.
    """

    def __init__(self, schedule: Schedule) -> None:
        super().__init__()
        self.schedule = schedule
        """Whose time that is."""
        self.due = 0.0
        """Which time, as in ``Run``; 0 if none waits."""


class Owed(Timed):
    """A schedule's times whose jobs the store has refused.

    Its timer rings when the store is to be tried again.
    """

    def __init__(self, schedule: Schedule) -> None:
        super().__init__()
        self.schedule = schedule
        """Whose times these are."""
        self.times: list[float] = []
        """Which times, as in ``Run``."""


class Schedule(Timed):
    """A job to be submitted in the background again and again."""

    def __init__(self, number: int, handle: bytes, function: Function) -> None:  # noqa: PLR0915 - as many attributes
        super().__init__()
        self.number = number
        """The number in its handle; 0 for one that has a name."""
        self.handle = handle
        """Its name; that of a client's is the handle which the job server gave it."""
        self.given: dict[str, Value] | None = None
        """What the file, or its client, says; None if neither does."""
        self.changed: dict[str, Value] = {}
        """What operators set at run time, which comes before that."""
        self.function = function
        """What its jobs are sent to."""
        self.unique = b""
        """Its jobs' unique."""
        self.key = b""
        """What its jobs coalesce by; empty for nothing."""
        self.workload = b""
        """Its jobs' workload; of a large one, the piece that arrived first."""
        self.more: list[bytes] = []
        """The pieces that follow ``workload``."""
        self.headers = b""
        """Its jobs' headers, as ``protocol.headers`` joins them; empty for none."""
        self.priority = int(Priority.NORMAL)
        """Its jobs' priority as a number."""
        self.options: SubmissionOptions | None = None
        """What its jobs ask for otherwise than their policy; None for nothing."""
        self.asked = ""
        """The same as text."""
        self.owner = b""
        """Whom it and its jobs are counted for; empty for nobody."""
        self.fields: list[bytes] = []
        """Of a client's, minute, hour, day, month and weekday as submitted."""
        self.cron = ""
        """The expression of cron that says when it is due; empty for ``every``."""
        self.every = 0.0
        """Seconds of server time from one time to the next; 0 for ``cron``."""
        self.timezone = ""
        """The zone of ``cron`` and ``until``; empty for the job server's."""
        self.jitter = 0.0
        """Most seconds by which each time is put off."""
        self.until = ""
        """The date after which there are no more times; empty for never."""
        self.missed = "once"
        """What becomes of times that passed: ``once``, ``skip`` or ``all``."""
        self.overlap = "allow"
        """What, if the job of the time before has not ended: ``allow``, ``skip`` or
        ``wait``.
        """
        self.is_paused = False
        """It has no times until it is resumed."""
        self.is_lost = False
        """The calendar could not say, and is asked again at ``due``."""
        self.due = 0.0
        """Its next time: by the calendar in seconds since 1970, or for ``every`` a
        server time. 0 for none.
        """
        self.first = 0.0
        """Where another job server leads, its first time with these settings: that one
        may not have heard of it. 0 for none.
        """
        self.shift = 0.0
        """``State.calendar_shift`` when ``due`` was found."""
        self.ran = 0.0
        """The last time its job was submitted for, in seconds since 1970 (0: never)."""
        self.behind = 0
        """How many times that had passed were made up for, one after the other."""
        self.held = Held(self)
        """Its time that waits for the job of the one before."""
        self.owed = Owed(self)
        """Its times whose jobs are yet to be kept."""
        self.looked_up = 0.0
        """When the store was last asked for jobs of other job servers, by ``now``."""
        self.runs: list[Run] = []
        """What came of its last times, the latest at the end."""
        self.counts: dict[str, int] = dict.fromkeys(TIMES, 0)
        """What came of its times since the job server began, by the words of ``TIMES``.
        """

    def is_clients(self) -> bool:
        """Tell whether a client submitted it, by SUBMIT_JOB_SCHED."""
        return self.number > 0

    def is_of_file(self) -> bool:
        """Tell whether the configuration file defines it."""
        return self.given is not None and not self.is_clients()

    def is_steady(self) -> bool:
        """Tell whether ``due`` is a server time."""
        return self.every > 0

    def identity(self) -> bytes:
        """Return what names it within its function: its key, or else its handle.

        A client that submits the same again means the same schedule.
        """
        # No key begins with a NUL byte.
        return self.key if self.key and self.is_clients() else b"\0" + self.handle

    def take(self, values: Mapping[str, Value]) -> None:
        """Be as these settings have it, but for its function and its key."""
        if not self.is_clients():
            self.unique = _bytes(values["unique"])
            self.workload, self.more = _bytes(values["workload"]), []
            self.headers = headers_of(str(values["headers"]))
        self.priority = _PRIORITIES[str(values["priority"])]
        self.asked = str(values["options"])
        self.options = options_of(self.asked)
        self.cron = str(values["cron"])
        self.every = _number(values["every"])
        self.timezone = str(values["timezone"])
        self.jitter = _number(values["jitter"])
        self.until = str(values["until"])
        self.missed = str(values["missed"])
        self.overlap = str(values["overlap"])
        self.is_paused = values["paused"] is True

    def take_fields(self, fields: list[bytes]) -> None:
        """Be due whenever the fields of SUBMIT_JOB_SCHED match.

        Raises:
            ValueError: as ``cron_of``.
        """
        self.fields = fields
        self.cron = cron_of(fields)

    def times(self) -> dict[str, Value]:
        """Return the settings that say when it is due."""
        return {
            "cron": self.cron,
            "every": self.every,
            "timezone": self.timezone,
            "jitter": self.jitter,
            "until": self.until,
        }

    def times_text(self) -> str:
        """Return what says when it is due, in a few words; fields as submitted."""
        if self.every:
            return f"every {self.every:g} s"
        if self.fields and self.cron == (self.given or {}).get("cron"):
            words = b" ".join([field or b"*" for field in self.fields])
            return words.decode("utf-8", "surrogateescape")
        return self.cron

    def settings(self) -> dict[str, Value]:
        """Return what the file or a client gives, and over it what was changed."""
        return {**(self.given or {}), **self.changed}

    def rings_at(self) -> float:
        """Return when its job is submitted for ``due``: up to ``jitter`` later.

        By how much depends on the schedule's name and the time alone, so that it is the
        same again after a restart.
        """
        if self.jitter <= 0:
            return self.due
        return self.due + self.jitter * _share(self.handle, self.due)

    def has_failed(self) -> bool | None:
        """Tell whether the last of its jobs that has ended did so badly.

        Returns None if that is not known.
        """
        for run in reversed(self.runs):
            if run.number and run.outcome not in ("", ELSEWHERE):
                return run.outcome != "succeeded"
        return None

    def outstanding(self) -> bool:
        """Tell whether the job of an earlier time has not ended."""
        return any(run.is_outstanding() for run in self.runs)


def _bytes(value: Value) -> bytes:
    return str(value).encode("utf-8", "surrogateescape")


def _number(value: Value) -> float:
    assert isinstance(value, float)
    return value


def _share(name: bytes, due: float) -> float:
    """Return a number from 0 to 1 that looks like chance (FNV-1a, 32 bits)."""
    bits = 0x811C9DC5
    for byte in b"%s %d" % (name, int(due)):
        bits = ((bits ^ byte) * 0x01000193) & _MASK
    return bits / _MASK
