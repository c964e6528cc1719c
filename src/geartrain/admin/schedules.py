"""What an ``Admin`` can ask of recurring jobs, and do to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from geartrain.admin.connection import word
from geartrain.admin.job_rows import data_of
from geartrain.admin.requests import Requests
from geartrain.admin.rows import Setting, setting_text
from geartrain.errors import OptionError, RefusedError, UnknownJobError

__all__ = ["RunRow", "ScheduleRow", "Schedules", "schedule_row"]

_KIND: Final = "schedule"
_UNKNOWN: Final = "UNKNOWN_JOB"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One time of a schedule, and what came of it.

    Attributes:
        due: which time, in seconds since 1970.
        handle: the job that was submitted for it; None if none was.
        outcome: how that ended, such as ``succeeded`` or ``dead``, or why there is
            none: ``missed``, ``skipped``, ``overlapped`` or ``refused``; None while it
            waits or runs.
        ended: when, in seconds since 1970.
    """

    due: float
    handle: str | None
    outcome: str | None
    ended: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """A schedule: what recurs, when, and what came of its last times.

    Attributes:
        name: its name; that of a client's is the handle that the client was told.
        source: ``file``, ``runtime`` or ``client``: where it comes from.
        state: ``waiting``, ``paused``, ``held`` (for the job of the time before),
            ``ended`` (by ``until``), or ``lost``: its times mean nothing any more.
        function: what its jobs are sent to.
        unique: their unique; empty for none.
        priority: ``high``, ``normal`` or ``low``.
        cron: the fields that say when it is due; None if ``every`` does.
        every: seconds from one time to the next; None if ``cron`` says when.
        timezone: the zone of ``cron`` and ``until``; None is the job server's.
        jitter: most seconds by which each time is put off.
        until: the date after which there are no more times; None for never.
        missed: ``once``, ``skip`` or ``all``: what becomes of times that passed while
            the job server was away.
        overlap: ``allow``, ``skip`` or ``wait``: what, if the job of the time before
            has not ended.
        paused: it has no times until it is resumed.
        changed: names of settings that were changed at run time, which come before
            what the file or the client says.
        times: when it is due, in a few words.
        next: the next time, in seconds since 1970; None for none.
        last: the last time, and what came of it; None if there was none.
        failed: the last of its jobs that has ended did not succeed; None if none has.
        counts: what came of its times since the job server began: how many were
            ``submitted``, ``missed``, ``overlapped``, ``skipped`` and ``refused``.
        size: bytes of its jobs' workload.
        headers: its jobs' headers.
        options: what its jobs ask for otherwise than their policy, as
            ``ttl=1h&max_attempts=3``; None for nothing.
        runs: the last times, the latest first; empty in lists.
        workload: its jobs' workload; None in lists.
        node: the name of the job server that told this, if that is another than the
            one asked; of a schedule that several have, the one that submits its jobs.
    """

    name: str
    source: str
    state: str
    function: str
    unique: str
    priority: str
    cron: str | None
    every: float | None
    timezone: str | None
    jitter: float
    until: str | None
    missed: str
    overlap: str
    paused: bool
    changed: tuple[str, ...]
    times: str
    next: float | None
    last: RunRow | None
    failed: bool | None
    counts: Mapping[str, int]
    size: int
    headers: Mapping[str, str]
    options: str | None
    runs: tuple[RunRow, ...] = ()
    workload: bytes | None = None
    node: str | None = None


_SPECIAL: Final = ("changed", "last", "runs", "workload", "node")
_PLAIN: Final = [each.name for each in fields(ScheduleRow) if each.name not in _SPECIAL]


def schedule_row(values: Mapping[str, Any]) -> ScheduleRow:
    """Read a row of ``schedule list`` or ``show``; raise KeyError if it is none."""
    workload = values.get("workload")
    last = values["last"]
    return ScheduleRow(
        **{name: values[name] for name in _PLAIN},
        changed=tuple(values["changed"]),
        last=None if last is None else RunRow(**last),
        runs=tuple(RunRow(**run) for run in values.get("runs", ())),
        workload=None if workload is None else data_of(workload, values["encoding"]),
        node=values.get("node"),
    )


class Schedules:
    """The methods of ``Admin`` about schedules.

    Settings are those of the file's ``[schedules.NAME]``: ``function``, ``cron`` or
    ``every``, and others. What was changed is durable.
    """

    _requests: Requests

    def schedules(self, *, function: str | None = None) -> list[ScheduleRow]:
        """Return all schedules in the order of their names.

        With ``function``, those of the functions that it names, as a glob does.
        """
        filters = {"function": function}
        return [*self._requests.slices("schedule list", filters, None, schedule_row)]

    def schedule(self, name: str) -> ScheduleRow:
        """Return a schedule with its workload and its last runs.

        Raises:
            UnknownJobError: there is no such schedule.
        """
        try:
            return self._requests.one(f"schedule show {word(name)}", schedule_row)
        except RefusedError as error:
            raise _unknown(error, name) from None

    def add_schedule(self, name: str, settings: Mapping[str, Setting]) -> None:
        """Add a schedule.

        >>> nightly = {"function": "report", "cron": "0 3 * * *"}  # doctest: +SKIP
        >>> admin.add_schedule("nightly", nightly)  # doctest: +SKIP

        Raises:
            RefusedError: a setting is wrong, or there is a schedule of this name.
        """
        self._requests.line(f"schedule add {word(name)}{_words(settings)}")

    def change_schedule(self, name: str, settings: Mapping[str, Setting]) -> None:
        """Change some settings of a schedule; an empty text takes a change back.

        Raises:
            RefusedError: a setting is wrong.
            UnknownJobError: there is no such schedule.
        """
        if not settings:
            raise OptionError("no settings are given: name at least one")
        self._steer("change", name, _words(settings))

    def remove_schedule(self, name: str) -> None:
        """End a schedule; jobs that it has submitted stay.

        Raises:
            RefusedError: it stands in the configuration file.
            UnknownJobError: there is no such schedule.
        """
        self._steer("remove", name)

    def run_schedule(self, name: str) -> None:
        """Submit a schedule's job now, beside its times.

        Raises:
            RefusedError: its function takes no jobs, or the one before has not ended.
            UnknownJobError: there is no such schedule.
        """
        self._steer("run", name)

    def skip_schedule(self, name: str) -> None:
        """Leave out the next time of a schedule, also over a restart.

        Raises:
            UnknownJobError: there is no such schedule.
        """
        self._steer("skip", name)

    def pause_schedule(self, name: str) -> None:
        """Let a schedule have no times until ``resume_schedule``.

        Raises:
            UnknownJobError: there is no such schedule.
        """
        self._steer("pause", name)

    def resume_schedule(self, name: str) -> None:
        """End what ``pause_schedule`` began; nothing is made up for.

        Raises:
            UnknownJobError: there is no such schedule.
        """
        self._steer("resume", name)

    def next_times(self, name: str, *, count: int = 5) -> list[float]:
        """Return the next times of a schedule, in seconds since 1970.

        Raises:
            UnknownJobError: there is no such schedule.
        """
        try:
            return self._times(f"{word(name)} count={count}")
        except RefusedError as error:
            raise _unknown(error, name) from None

    def times_of(
        self, settings: Mapping[str, Setting], *, count: int = 5
    ) -> list[float]:
        """Return the next times of a schedule that has these settings, if it were one.

        Raises:
            RefusedError: a setting is wrong.
        """
        return self._times(f"count={count}{_words(settings)}")

    def _times(self, arguments: str) -> list[float]:
        return self._requests.rows(f"schedule next {arguments}", _time)

    def _steer(self, verb: str, name: str, arguments: str = "") -> None:
        try:
            self._requests.line(f"schedule {verb} {word(name)}{arguments}")
        except RefusedError as error:
            raise _unknown(error, name) from None


def _time(values: dict[str, Any]) -> float:
    return float(values["time"])


def _words(settings: Mapping[str, Setting]) -> str:
    """Return settings as words of a command, each after a space."""
    return "".join(
        f" {word(name)}={word(setting_text(value))}" for name, value in settings.items()
    )


def _unknown(error: RefusedError, name: str) -> Exception:
    """Return what to raise: that there is no such schedule, or the refusal itself."""
    return UnknownJobError(name, _KIND) if error.code == _UNKNOWN else error
