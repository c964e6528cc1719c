"""How long a place stays empty after a crash."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from geartrain.supervisor.process import Process
from geartrain.supervisor.slot import (
    AT_WORK_MOST,
    AT_WORK_START,
    BACKOFF_MOST,
    BACKOFF_START,
    STEADY,
    ProcessSlot,
)
from geartrain.supervisor.targets import ModuleTarget


def started(at: float, done: int = 0, at_hand: int = 0) -> Process:
    scoreboard = SimpleNamespace(done=done, failed=0, jobs=lambda: [None] * at_hand)
    return cast("Process", SimpleNamespace(started=at, scoreboard=scoreboard))


def test_the_pause_doubles_up_to_its_most() -> None:
    slot = ProcessSlot(ModuleTarget("tasks"))
    pauses = [slot.crashed(started(0.0), 0.1) for _ in range(12)]
    for number, pause in enumerate(pauses):
        expected = min(BACKOFF_START * 2**number, BACKOFF_MOST)
        assert pause == pytest.approx(expected, rel=0.21)


def test_the_next_process_is_due_after_the_pause() -> None:
    slot = ProcessSlot(ModuleTarget("tasks"))
    pause = slot.crashed(started(99.0), 100.0)
    assert (slot.process, slot.due) == (None, 100.0 + pause)


def test_a_long_life_makes_up_for_earlier_crashes() -> None:
    slot = ProcessSlot(ModuleTarget("tasks"))
    for _ in range(6):
        slot.crashed(started(0.0), 0.1)
    pause = slot.crashed(started(0.0), STEADY)
    assert pause == pytest.approx(BACKOFF_START, rel=0.21)


def test_an_end_on_purpose_is_followed_at_once() -> None:
    slot = ProcessSlot(ModuleTarget("tasks"))
    slot.crashed(started(0.0), 0.1)
    slot.vacated(7.0)
    assert (slot.process, slot.due) == (None, 7.0)


def test_a_job_that_kills_its_process_hardly_holds_up_the_others() -> None:
    slot = ProcessSlot(ModuleTarget("tasks"))
    for _ in range(20):
        # Between two of them others are done.
        pause = slot.crashed(started(0.0, done=3, at_hand=1), 0.1)
        assert pause == pytest.approx(AT_WORK_START, rel=0.21)


def test_a_function_whose_every_job_kills_does_not_keep_the_machine_busy() -> None:
    slot = ProcessSlot(ModuleTarget("tasks"))
    pauses = [slot.crashed(started(0.0, at_hand=1), 0.1) for _ in range(12)]
    assert pauses[0] == pytest.approx(AT_WORK_START, rel=0.21)
    assert pauses[-1] == pytest.approx(AT_WORK_MOST, rel=0.21)


def test_a_crash_at_work_makes_up_for_earlier_ones_without() -> None:
    slot = ProcessSlot(ModuleTarget("tasks"))
    for _ in range(6):
        slot.crashed(started(0.0), 0.1)
    slot.crashed(started(0.0, at_hand=1), 0.1)
    pause = slot.crashed(started(0.0), 0.1)
    assert pause == pytest.approx(BACKOFF_START, rel=0.21)
