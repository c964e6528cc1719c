"""The life of each job, put together from the history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from proof.torture.functions import FUNCTIONS, Function
from proof.torture.history import Enquiry, History, Round, Run, Submission
from proof.torture.survey import Survey, workload_of

__all__ = ["End", "Life", "lives"]

_NEVER = float("inf")


@dataclass(frozen=True)
class End:
    """A job's end, as the job server reported it.

    Attributes:
        kind: ``done``, ``cancelled`` or ``dropped``.
        sent: the serial of what asked for it.
        known: the serial of the answer, or of the next one.
        is_durable: a restart cannot take it back.
        result: what the worker sent, if it is done.
    """

    kind: str
    round: int
    sent: int
    known: int
    is_durable: bool
    result: bytes | None = None

    def forbids(self, round_: int, asked: int) -> bool:
        """Tell whether the job may not change any more in the round of the question."""
        return asked > self.known and (self.is_durable or round_ == self.round)


@dataclass
class Life:
    """Everything known about the job with one handle.

    Attributes:
        submissions: those that were answered with its handle.
        runs: its runs in the order in which they were noted.
        enquiries: the text commands about it.
        dead: its row of ``dead show``, if it is a dead letter in the end.
        rounds: all rounds by number.
    """

    handle: bytes
    submissions: list[Submission] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    enquiries: list[Enquiry] = field(default_factory=list)
    dead: dict[str, Any] | None = None
    rounds: dict[int, Round] = field(default_factory=dict)

    @property
    def keys(self) -> set[bytes]:
        """Return the keys that its workload began with: one, if all is well."""
        keys = {run.key for run in self.runs}
        if self.dead is not None:
            keys.add(workload_of(self.dead).partition(b" ")[0])
        keys |= {each.key for each in self.submissions if not each.unique}
        return keys

    @property
    def function(self) -> Function:
        """Return its function."""
        if self.submissions:
            return self.submissions[0].function
        if self.runs:
            return FUNCTIONS[self.runs[0].function]
        assert self.dead is not None, self.handle
        return FUNCTIONS[self.dead["function"].encode()]

    @property
    def promised(self) -> int:
        """Return the serial since which it may not be lost; 0 for never."""
        serials = [each.acknowledged for each in self.submissions if each.is_background]
        return min(serials, default=0)

    def is_durable(self, run: Run) -> bool:
        """Tell whether a restart cannot undo the outcome of a run."""
        return run.is_accepted and run.settled < self.rounds[run.round].durable

    def asked_for(self, *commands: str) -> Iterable[Enquiry]:
        """Return the commands of some kinds that had or may have had an effect."""
        for enquiry in self.enquiries:
            if enquiry.command in commands and (
                enquiry.is_known or not enquiry.answered
            ):
                yield enquiry

    def ends(self) -> list[End]:
        """Return its ends that the job server reported."""
        found = [
            End(
                *("done", run.round, run.sent, run.settled),
                is_durable=self.is_durable(run),
                result=run.result,
            )
            for run in self.runs
            if run.outcome == "complete" and run.is_accepted
        ]
        kinds = {"cancel job": "cancelled", "dead drop": "dropped"}
        for each in self.enquiries:
            if each.command in kinds and each.is_known and each.answered:
                kind = kinds[each.command]
                found.append(End(kind, each.round, each.sent, each.answered, True))
        return found

    def possible_end(self) -> float:
        """Return the serial up to which it is certainly there, once promised."""
        function = self.function
        if function.setting("ttl", 0.0):
            return 0
        serials: list[float] = [_NEVER]
        for run in self.runs:
            if run.sent:
                serials.append(run.sent)
            elif function.is_slow or function.crashes:
                serials.append(run.started)
        serials += [each.sent for each in self.asked_for("cancel job")]
        return min(serials)

    def told(self) -> list[str]:
        """Return all that was noted of it, a line each, in order."""
        lines = [(each.sent, f"submission {_shown(each)}") for each in self.submissions]
        lines += [(each.started, f"run {_shown(each)}") for each in self.runs]
        lines += [(each.sent, f"enquiry {_shown(each)}") for each in self.enquiries]
        return [line for _, line in sorted(lines)]


def _shown(noted: Submission | Run | Enquiry) -> str:
    fields = asdict(noted)
    if isinstance(noted, Submission):
        fields["function"] = noted.function.name
    return " ".join(f"{name}={value!r}" for name, value in fields.items())


def lives(history: History, survey: Survey) -> dict[bytes, Life]:
    """Collect everything known about each job, by its handle."""
    found: dict[bytes, Life] = {}
    rounds = {each.number: each for each in history.rounds}

    def life(handle: bytes) -> Life:
        if handle not in found:
            found[handle] = Life(handle, rounds=rounds)
        return found[handle]

    for submission in history.submissions.values():
        if submission.acknowledged:
            life(submission.handle).submissions.append(submission)
    for run in sorted(history.runs, key=lambda each: each.started):
        life(run.handle).runs.append(run)
    for handle, row in survey.dead.items():
        life(handle).dead = row
    for enquiry in history.enquiries:
        if enquiry.handle in found:
            found[enquiry.handle].enquiries.append(enquiry)
    return found
