"""What several job servers on one store owe: found out from what they commit."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from geartrain.engine.batches import Batch
from geartrain.engine.model.graph import NEVER
from geartrain.engine.records import LEADERS_KINDS
from tests.support.lanes import Database
from tests.support.simulation.member import Member

__all__ = ["Promise", "Promises"]


@dataclass
class Promise:
    """One job that is kept.

    Attributes:
        function: what it was sent to.
        key: what it coalesces by.
        asked: the step at which another job server was last asked for it; 0 for never.
        has_ended: it is kept no more.
        is_dead: it is a dead letter, which an operator may drop.
        was_dead: it was a dead letter once, and others may have its key since.
        is_cancelled: an operator did not want it any more.
        waits: it waits for others, or did, and ends if they fail.
    """

    function: bytes
    key: bytes
    asked: int = 0
    has_ended: bool = False
    is_dead: bool = False
    was_dead: bool = False
    is_cancelled: bool = False
    waits: bool = False


@dataclass
class Promises:
    """All jobs there ever were.

    Attributes:
        step: how many steps there have been.
        jobs: by number, those that were ever kept.
        started: the last step at which each began to run.
        times: the number of the job of each time of a schedule.
    """

    database: Database
    step: int = 1
    jobs: dict[int, Promise] = field(default_factory=dict)
    started: dict[int, int] = field(default_factory=dict)
    times: dict[tuple[bytes, float], int] = field(default_factory=dict)

    def committed(self, member: Member, batch: Batch) -> None:
        """Take note of what a job server has committed."""
        for number in batch.ended:
            self._end(member, number)
        for record in batch.added:
            if not record.twin:
                assert record.number not in self.jobs, f"{record.number} is kept twice"
                made = Promise(record.function, record.key)
                made.waits = record.due == NEVER
                self.jobs[record.number] = made
            elif not member.owns(record.twin):
                self.jobs[record.twin].asked = self.step
        for change in batch.revived:
            self.jobs[change.number].is_dead = False
        for burial in batch.buried:
            self._check_reason(member, burial.number)
            self.jobs[burial.number].is_dead = self.jobs[burial.number].was_dead = True
        for (kind, name), value in batch.entries.items():
            if kind in LEADERS_KINDS:
                assert member.store.is_leading, f"{name!r} is not its to write"
                self._note_times(name, value)

    def _end(self, member: Member, number: int) -> None:
        promise = self.jobs.get(number)
        if promise is None:
            # What was to be kept was refused.
            return
        assert member.owns(number), f"{number} is another's to end"
        assert not promise.has_ended, f"{number} ends twice"
        if number in self.database.jobs.by_number:
            # Another job server was asked for it: it runs once more.
            if not promise.is_cancelled:
                member.may_end.discard(number)
            return
        self._check_reason(member, number)
        was_asked = promise.asked > self.started.get(number, 0)
        is_unwanted = promise.is_cancelled or promise.was_dead or promise.waits
        assert not was_asked or is_unwanted, f"{number} did not run for who asked"
        promise.has_ended = True

    def _check_reason(self, member: Member, number: int) -> None:
        promise = self.jobs[number]
        has_reason = number in member.may_end or promise.waits or promise.is_dead
        assert has_reason, f"{number} ended for no reason"

    def _note_times(self, name: bytes, value: bytes | None) -> None:
        runs = [] if value is None else json.loads(value)["runs"]
        for due, number, *_ in runs:
            if not number:
                continue
            known = self.times.setdefault((name, due), number)
            if known != number:
                # It turned out to be a twin.
                assert known not in self.jobs, f"{name!r} came twice at {due}"
                self.times[name, due] = number

    def check(self) -> None:
        """Check that all that has not ended is there, and nothing else."""
        there = self.database.jobs.by_number.keys()
        dead = self.database.dead.by_number.keys()
        assert not there & dead
        due = {number for number, each in self.jobs.items() if not each.has_ended}
        assert due == there | dead, f"lost or back: {due ^ (there | dead)}"
