"""Operators that look at jobs, cancel them and retry dead letters."""

from __future__ import annotations

import json
import time
from base64 import b64decode
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from proof.torture.actors import Actor
from proof.torture.clients import Gauge, Submitter
from proof.torture.functions import FUNCTIONS
from proof.torture.history import Enquiry, History, Pause, Submission
from tests.support.wire import Wire

__all__ = [
    "PAUSED",
    "Operator",
    "count_jobs",
    "data_of",
    "fetch",
    "job_of",
    "listing",
    "note_firings",
    "resume",
]

PAUSED = (b"spare", b"held", b"flaky")
"""The functions that operators pause at times."""

_UNKNOWN = b"ERR UNKNOWN_JOB"
_PRIORITIES = (b"high", b"normal", b"low")


def listing(wire: Wire, command: str) -> list[dict[str, Any]]:
    """Return all rows of a list that comes in slices."""
    rows: list[dict[str, Any]] = []
    after = ""
    while True:
        some = _rows(wire, command + after)
        after = ""
        if some and "after" in some[-1]:
            after = f" after={quote(some.pop()['after'])}"
        rows.extend(some)
        if not after:
            return rows


def job_of(wire: Wire, command: str) -> list[dict[str, Any]]:
    """Return the rows of a job, none if it is unknown."""
    return _rows(wire, command)


def fetch(wire: Wire, enquiry: Enquiry) -> None:
    """Ask for a job's result, and note the answer."""
    (row,) = _rows(wire, f"result {enquiry.handle.decode()}")
    enquiry.state = row["state"]
    enquiry.is_known = enquiry.state not in ("unknown", "ended")
    if row["kept"] == "whole":
        enquiry.result = data_of(row, "result")


def resume(wire: Wire, history: History, function: bytes) -> None:
    """Resume a function, and note it."""
    now = history.serial()
    for pause in history.pauses:
        if pause.function == function:
            pause.resumed = min(pause.resumed, now)
    assert wire.command(b"resume " + function).startswith(b"OK")


def note_firings(wire: Wire, history: History, name: bytes) -> None:
    """Note the last jobs that a schedule submitted, each with its time."""
    (row,) = _rows(wire, f"schedule show {name.decode()}")
    firings = history.firings.setdefault(name, {})
    for run in row["runs"]:
        if run["handle"] is not None:
            firings.setdefault(run["due"], set()).add(run["handle"].encode())


def data_of(row: dict[str, Any], name: str) -> bytes:
    """Return the workload or result of a row that has one."""
    text: str = row[name]
    if row["encoding"] == "base64":
        return b64decode(text)
    return text.encode("utf-8", "surrogateescape")


def _rows(wire: Wire, command: str) -> list[dict[str, Any]]:
    wire.send_bytes(command.encode() + b"\n")
    rows: list[dict[str, Any]] = []
    while (line := wire.read_line()) != b".\n":
        if line.startswith(_UNKNOWN):
            return []
        assert line.startswith(b"{"), (command, line)
        rows.append(json.loads(line))
    return rows


def count_jobs(wire: Wire) -> int:
    """Return how many jobs the job server has, by its ``status``."""
    return sum(int(row.split(b"\t")[1]) for row in wire.listing(b"status"))


class Operator(Actor):
    """An operator that steers jobs at random."""

    def __init__(
        self,
        name: str,
        seed: str,
        history: History,
        submitters: Sequence[Submitter],
        gauge: Gauge,
    ) -> None:
        super().__init__(name, seed, history)
        self._submitters = submitters
        self._gauge = gauge
        self._measured = 0.0

    def act(self, wire: Wire) -> None:
        """Give command after command."""
        commands: list[Callable[[Wire], None]] = [
            self._cancel,
            self._look_up,
            self._fetch,
            self._put_elsewhere,
            self._put_all_elsewhere,
            self._pause,
            self._resume,
            self._look_at_dead,
            self._look_at_schedules,
        ]
        # Only the last ten times of each are told.
        self._look_at_schedules(wire)
        while True:
            if time.monotonic() - self._measured > 0.05:
                self._gauge.jobs = count_jobs(wire)
                self._measured = time.monotonic()
            (command,) = self.randomness.choices(commands, [12, 6, 6, 6, 1, 1, 2, 4, 2])
            command(wire)
            time.sleep(self.randomness.uniform(0, 0.004))

    def _some_handle(self) -> bytes | None:
        submission = self._some_submission()
        return None if submission is None else submission.handle

    def _some_submission(self) -> Submission | None:
        """Choose a job: mostly one of the newest."""
        known = self.randomness.choice(self._submitters).acknowledged
        if not known:
            return None
        newest = self.randomness.choice([50, 500, 5000])
        return known[-self.randomness.randint(1, min(len(known), newest))]

    def _put_elsewhere(self, wire: Wire) -> None:
        """Move a job to its function's twin, or give it another priority."""
        submission = self._some_submission()
        if submission is None:
            return
        twin = submission.function.twin
        if twin and self.randomness.random() < 0.5:
            self._command(wire, "move", submission.handle, twin)
        else:
            rank = self.randomness.choice(_PRIORITIES)
            self._command(wire, "priority", submission.handle, rank)

    def _put_all_elsewhere(self, wire: Wire) -> None:
        """Do so with all jobs that wait for a function."""
        rank = self.randomness.choice(_PRIORITIES).decode()
        line = self.randomness.choice(
            [
                "move jobs spare function=plain",
                "move jobs plain function=spare",
                f"priority jobs {rank} function=held",
            ]
        )
        answer = wire.command(line.encode())
        assert answer.startswith(b"OK"), (line, answer)

    def _pause(self, wire: Wire) -> None:
        function = self.randomness.choice(PAUSED)
        pause = Pause(function)
        self.history.pauses.append(pause)
        assert wire.command(b"pause " + function).startswith(b"OK")
        pause.answered = self.history.serial()

    def _resume(self, wire: Wire) -> None:
        resume(wire, self.history, self.randomness.choice(PAUSED))

    def _cancel(self, wire: Wire) -> None:
        handle = self._some_handle()
        if handle is not None:
            self._command(wire, "cancel job", handle)

    def _look_up(self, wire: Wire) -> None:
        handle = self._some_handle()
        if handle is None:
            return
        enquiry = self._note("job", handle)
        rows = job_of(wire, f"job {handle.decode()}")
        enquiry.is_known = bool(rows)
        enquiry.state = rows[0]["state"] if rows else ""
        enquiry.answered = self.history.serial()
        assert [row["handle"] for row in rows] in ([], [handle.decode()]), rows

    def _fetch(self, wire: Wire) -> None:
        handle = self._some_handle()
        if handle is not None:
            enquiry = self._note("result", handle)
            fetch(wire, enquiry)
            enquiry.answered = self.history.serial()

    def _look_at_dead(self, wire: Wire) -> None:
        """Bring some dead letters back, drop some, leave the others."""
        for row in _rows(wire, "dead list limit=20"):
            if "handle" not in row:
                continue
            chosen = self.randomness.random()
            handle = row["handle"].encode()
            if chosen < 0.2:
                self._command(wire, "dead retry", handle)
            elif chosen < 0.25:
                self._command(wire, "dead drop", handle)

    def _look_at_schedules(self, wire: Wire) -> None:
        for function in FUNCTIONS.values():
            if function.every:
                note_firings(wire, self.history, function.name)

    def _note(self, command: str, handle: bytes) -> Enquiry:
        enquiry = Enquiry(command, handle, self.round, self.history.serial())
        self.history.enquiries.append(enquiry)
        return enquiry

    def _command(self, wire: Wire, command: str, handle: bytes, *more: bytes) -> None:
        enquiry = self._note(command, handle)
        answer = wire.command(b" ".join([command.encode(), handle, *more]))
        # What runs is not put elsewhere.
        enquiry.is_known = answer.startswith((b"OK", b"ERR JOB_RUNNING"))
        enquiry.answered = self.history.serial()
        assert enquiry.is_known or answer.startswith(_UNKNOWN), (command, answer)
