"""Random histories of jobs: each move is one of the table, and leaves all in order.

The table is compared with the picture that ARCHITECTURE.md shows, so that neither can
change without the other.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from geartrain.engine.jobs.ending import finish
from geartrain.engine.jobs.life import TRANSITIONS, assign, move
from geartrain.engine.jobs.placing import wait
from geartrain.engine.model.jobs import (
    FINISHED,
    HELD,
    PAGED,
    READY,
    RUNNING,
    SCHEDULED,
    STATES,
    SUBMITTED,
    Job,
    JobState,
)
from geartrain.engine.model.options import EngineOptions
from geartrain.engine.model.peers import Peer
from geartrain.engine.results import SUCCEEDED
from geartrain.engine.state import functions
from geartrain.engine.state.state import State
from geartrain.protocol.parser import Parser
from tests.support.simulation import structures as structures

ARCHITECTURE = Path(__file__).parents[2] / "ARCHITECTURE.md"


def drawn_transitions() -> dict[str, set[str]]:
    """Read the table of the states of a job from the picture."""
    rows = re.findall(r"^\| (\w+) \| ([\w, -]+) \|", ARCHITECTURE.read_text(), re.M)
    names = {state.name for state in STATES}
    return {
        state: set(following.split(", ")) - {"-"}
        for state, following in rows
        if state in names
    }


def test_the_picture_shows_the_table() -> None:
    assert drawn_transitions() == {
        state.name: {each.name for each in following}
        for state, following in TRANSITIONS.items()
    }


class Life(RuleBasedStateMachine):
    """Jobs that are told to move anywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State(EngineOptions(window=3))
        self.state.resume(0, True, True)
        self.state.now = 1000.0
        self.workers = [self._worker(), self._worker()]
        # The model: each job that has not finished, with the state it is in.
        self.jobs: dict[Job, JobState] = {}

    def _worker(self) -> Peer:
        peer = Peer(0, b"", True, Parser(1000, self.state.memory.room), [])
        self.state.peers[peer] = None
        return peer

    @rule(name=st.sampled_from([b"f", b"g"]), priority=st.integers(0, 2))
    def submit(self, name: bytes, priority: int) -> None:
        function = functions.find(self.state, name)
        job = Job(function, b"", b"w", [], priority)
        job.number = self.state.new_number()
        job.handle = self.state.handle(job.number)
        job.background = True
        self.state.remember(job)
        self.state.journal.keep(job)
        self.jobs[job] = SUBMITTED

    def _pick(self, data: st.DataObject) -> Job | None:
        return data.draw(st.sampled_from(list(self.jobs))) if self.jobs else None

    @rule(data=st.data(), to=st.sampled_from(STATES), due=st.sampled_from([0.0, 5e9]))
    def move(self, data: st.DataObject, to: JobState, due: float) -> None:
        job = self._pick(data)
        if job is None or to is RUNNING:
            return
        was = self.jobs[job]
        if to not in TRANSITIONS[was]:
            with pytest.raises(RuntimeError, match=f"from {was.name} to {to.name}"):
                move(self.state, job, to)
            return
        if to is HELD:
            # Only limits of flow keys hold jobs, and this function has none.
            return
        if was in (SUBMITTED, RUNNING):
            job.due = due
        if to is SCHEDULED and job.due == 0:
            return
        move(self.state, job, to)
        self.jobs[job] = to

    @rule(data=st.data(), pick=st.integers(0, 1))
    def assign(self, data: st.DataObject, pick: int) -> None:
        job = self._pick(data)
        if job is None:
            return
        if self.jobs[job] is READY:
            assign(self.state, job, self.workers[pick])
            self.jobs[job] = RUNNING
        elif self.jobs[job] is not RUNNING:
            with pytest.raises(RuntimeError):
                move(self.state, job, RUNNING)

    @rule(data=st.data(), due=st.sampled_from([0.0, 5e9]))
    def wait(self, data: st.DataObject, due: float) -> None:
        job = self._pick(data)
        if job is None or self.jobs[job] not in (SUBMITTED, RUNNING):
            return
        job.due = due
        wait(self.state, job)
        assert job.state in ((SCHEDULED, PAGED) if due else (READY, PAGED))
        self.jobs[job] = job.state

    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        job = self._pick(data)
        if job is not None and self.jobs[job] is not SUBMITTED:
            finish(self.state, job, SUCCEEDED)
            self.jobs[job] = FINISHED

    @invariant()
    def each_is_where_the_model_has_it(self) -> None:
        for job, state in list(self.jobs.items()):
            assert job.state is state
            assert (job.handle in self.state.jobs) == (state is not FINISHED)
            if state is FINISHED:
                for to in STATES:
                    with pytest.raises(RuntimeError, match="from finished"):
                        move(self.state, job, to)
                del self.jobs[job]

    @invariant()
    def structures_agree(self) -> None:
        moved = [job for job, state in self.jobs.items() if state is not SUBMITTED]
        structures.each_is_in_exactly_one_place(self.state, moved)
        structures.memory_is_what_is_held(self.state)
        structures.running_jobs_and_workers_agree(self.state, self.workers)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=40)
