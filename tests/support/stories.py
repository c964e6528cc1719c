"""Made-up histories, for tests of the verdict."""

from __future__ import annotations

from typing import Any

from proof.torture.functions import FUNCTIONS, filled
from proof.torture.history import (
    Account,
    Enquiry,
    History,
    Pause,
    Round,
    Run,
    Stock,
    Submission,
)
from proof.torture.survey import Survey
from proof.torture.verdict import judge
from proof.torture.workers import error_of

__all__ = ["H1", "H2", "Story"]

H1, H2 = b"H:x:1", b"H:x:2"

_START = 1_750_000_000.0


class Story:
    """A history that is told event by event, each a second after the one before."""

    def __init__(self) -> None:
        self.history = History()
        self.survey = Survey()
        self._now = _START
        self._round = Round(1, "random", "random")
        self.history.rounds.append(self._round)

    def restart(self, *, all_is_durable: bool = False) -> None:
        """Kill the job server and start another one."""
        self._round.durable = self._serial() if all_is_durable else 0
        number, began = self._round.number + 1, self._serial()
        self._round = Round(number, "random", "random", began=began)
        self.history.rounds.append(self._round)

    def _serial(self) -> int:
        self._now += 1.0
        return self.history.serial()

    def submit(
        self, key: bytes, handle: bytes, function: bytes = b"plain", **fields: Any
    ) -> Submission:
        """Have a client submit a job, and be given a handle unless it is empty."""
        submission = Submission(
            key=key,
            function=FUNCTIONS[function],
            unique=b"",
            priority="normal",
            is_background=True,
            reducer=b"",
            size=20,
            due=0.0,
            round=self._round.number,
            sent=self._serial(),
            sent_at=self._now,
            handle=handle,
        )
        if handle:
            submission.acknowledged = self._serial()
            submission.acknowledged_at = self._now
        for name, value in fields.items():
            setattr(submission, name, value)
        self.history.submissions[key] = submission
        return submission

    def run(
        self, key: bytes, handle: bytes, outcome: str = "complete", **fields: Any
    ) -> Run:
        """Have a worker run a job, and be answered to what it sent, if anything."""
        own = self.history.submissions[key]
        run = Run(
            handle=handle,
            key=key,
            function=own.function.name,
            unique=own.unique,
            reducer=own.reducer,
            size=own.size,
            worker="worker",
            round=self._round.number,
            asked=self._serial(),
            asked_at=self._now,
            started=self._serial(),
            started_at=self._now,
            outcome=outcome,
        )
        if outcome:
            run.sent = self._serial()
            run.sent_at = self._now
            run.settled = self._serial()
        for name, value in fields.items():
            setattr(run, name, value)
        self.history.runs.append(run)
        return run

    def enquire(
        self, command: str, handle: bytes, *, is_known: bool = True, **fields: Any
    ) -> None:
        """Have an operator give a command about a job."""
        sent = self._serial()
        enquiry = Enquiry(
            command, handle, self._round.number, sent, self._serial(), is_known
        )
        for name, value in fields.items():
            setattr(enquiry, name, value)
        self.history.enquiries.append(enquiry)

    def account(self, **states: str) -> None:
        """Have the job server tell what became of jobs, by the ends of their handles.

        ``story.account(h1="succeeded")`` is about ``H1``.
        """
        handles = {"h1": H1, "h2": H2}
        rows = [
            {"handle": handles[name].decode(), "state": state}
            for name, state in states.items()
        ]
        account = Account(self._round.number, self._serial(), rows)
        self.history.accounts.append(account)

    def pause(self, function: bytes) -> Pause:
        """Have an operator pause a function."""
        pause = Pause(function, self._serial())
        self.history.pauses.append(pause)
        return pause

    def take_stock(self, *rows: dict[str, Any], count: int | None = None) -> None:
        """Have the job server tell of its jobs."""
        began = self._serial()
        stock = Stock(
            self._round.number,
            began,
            self._serial(),
            len(rows) if count is None else count,
            list(rows),
        )
        self.history.stocks.append(stock)

    def die(self, key: bytes, handle: bytes, **fields: Any) -> None:
        """Have a job be a dead letter in the end."""
        own = self.history.submissions[key]
        self.survey.dead[handle] = {
            "handle": handle.decode(),
            "function": own.function.name.decode(),
            "unique": own.unique.decode(),
            "priority": own.priority,
            "state": "dead",
            "background": True,
            "submitted": own.sent_at,
            "died": self._now,
            "worker": "worker 127.0.0.1",
            "attempts": own.function.max_attempts,
            "crashes": 0,
            "reason": "exception",
            "error": error_of(key).decode(),
            "story": [],
            "size": own.size,
            "workload": filled(key, own.size).decode(),
            "encoding": "utf-8",
            **fields,
        }
        row = self.survey.dead[handle]
        if "story" not in fields:
            outcomes = ["exception"] * row["attempts"] + ["crash"] * row["crashes"]
            row["story"] = [{"outcome": outcome} for outcome in outcomes]

    def faults(self) -> list[str]:
        """Return the kinds of fault that are found."""
        verdict = judge(self.history, self.survey)
        return [each.text.partition(":")[0] for each in verdict.faults]
