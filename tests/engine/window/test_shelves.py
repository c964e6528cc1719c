"""A shelf is read in one order, whatever is put on it meanwhile."""

from __future__ import annotations

import pytest

from geartrain.engine.window.shelves import (
    AT_BEGINNING,
    TABLE,
    Phase,
    Shelf,
    ShelfEvent,
)

IDLE = (Phase.REST, Phase.SEARCHED)
WANTING = (Phase.DUE, Phase.SEARCH)
READING = (Phase.READING, Phase.SEARCHING)


def new_shelf(phase: Phase = Phase.REST) -> Shelf:
    shelf = Shelf(b"f", 1, True)
    shelf.phase = phase
    return shelf


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("event", ShelfEvent)
def test_the_table_says_what_follows(phase: Phase, event: ShelfEvent) -> None:
    shelf = new_shelf(phase)
    following = TABLE[phase].get(event)
    if following is None:
        with pytest.raises(RuntimeError, match=f"{event.name} .* {phase.name}"):
            shelf.note(event)
        following = phase
    else:
        shelf.note(event)
    assert shelf.phase is following


@pytest.mark.parametrize("phase", Phase)
def test_a_page_ends_where_one_was_asked_for(phase: Phase) -> None:
    ends = {ShelfEvent.FOUND, ShelfEvent.PASSED, ShelfEvent.EMPTY}
    known = set(TABLE[phase])
    assert (ends & known) == (ends if phase in READING else set())
    assert (ShelfEvent.ASK in known) == (phase in WANTING)
    assert (ShelfEvent.RESTART in known) == (phase in IDLE)
    assert {ShelfEvent.COME, ShelfEvent.REWIND} <= known


@pytest.mark.parametrize("phase", Phase)
def test_a_phase_is_wanting_reading_or_idle(phase: Phase) -> None:
    shelf = new_shelf(phase)
    assert shelf.is_wanting() == (phase in WANTING)
    assert shelf.is_reading() == (phase in READING)
    assert shelf.is_due() == (phase not in IDLE)
    assert shelf.is_searched() == (phase is Phase.SEARCHED)
    assert shelf.is_quiet() == (phase in IDLE)
    shelf.next_due = 5.0
    assert not shelf.is_quiet()


def test_a_search_ends_with_what_is_found_or_comes_before_it() -> None:
    for event in (ShelfEvent.FOUND, ShelfEvent.REWIND):
        shelf = new_shelf(Phase.SEARCHING)
        shelf.note(event)
        assert shelf.phase in (Phase.DUE, Phase.READING)
    shelf = new_shelf(Phase.SEARCHING)
    shelf.note(ShelfEvent.PASSED)
    assert shelf.phase is Phase.SEARCH


def test_what_is_asked_for_begins_behind_what_was_read() -> None:
    shelf = new_shelf(Phase.DUE)
    shelf.after = (5.0, 9)
    shelf.next_due = 7.0
    assert shelf.ask() == (5.0, 9)
    assert shelf.next_due == 0
    assert shelf.after > (1e300, 2**62)


def test_a_job_put_on_a_shelf_is_read_by_the_next_page() -> None:
    shelf = new_shelf()
    shelf.after = (5.0, 9)
    shelf.rewind(6.0, 3)
    assert shelf.after == (5.0, 9)
    shelf.rewind(5.0, 9)
    assert shelf.after == (5.0, 8)
    shelf.rewind(4.0, 12)
    assert shelf.after == (4.0, 11)


def test_a_restart_begins_before_every_job() -> None:
    shelf = new_shelf()
    shelf.after = (5.0, 9)
    shelf.restart()
    assert shelf.after == AT_BEGINNING
    assert shelf.is_wanting()


def test_a_shelf_expects_the_earliest() -> None:
    shelf = new_shelf()
    assert shelf.expect(20.0, 10.0)
    assert not shelf.expect(20.0, 10.0)
    assert not shelf.expect(30.0, 10.0)
    assert shelf.expect(15.0, 10.0)
    assert shelf.next_due == 15.0
    assert not shelf.is_due()


@pytest.mark.parametrize(("due", "is_due"), [(9.0, True), (10.0, True), (10.5, False)])
def test_what_is_due_by_now_is_wanted(due: float, is_due: bool) -> None:
    shelf = new_shelf()
    shelf.expect(due, 10.0)
    assert shelf.is_wanting() == is_due
