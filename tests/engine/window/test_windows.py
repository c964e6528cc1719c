"""A window counts what the store alone has, and says what it wants read."""

from __future__ import annotations

import pytest

from geartrain.engine.queries import DuePage, Page
from geartrain.engine.records import JobRecord
from geartrain.engine.window.shelves import Phase
from geartrain.engine.window.windows import Window

NOW = 100.0
LATER = 200.0


def with_ready(*numbers: int) -> Window:
    """Return a window of jobs that the store has, having read others before."""
    window = Window(b"f", 1)
    window.numbers.after = (0.0, 100)
    for number in numbers:
        window.gain(number, 0.0, False)
    return window


def with_delayed(due: float, *numbers: int, is_steady: bool = True) -> Window:
    window = Window(b"f", 1)
    for number in numbers:
        window.gain(number, due, is_steady)
        window.shelf(is_steady).expect(due, NOW)
    return window


def read(window: Window, most: int = 10) -> list[Page | DuePage]:
    return window.read(most, 0, NOW, NOW)


def read_one(window: Window) -> Page | DuePage:
    (page,) = read(window)
    return page


def answer(window: Window, page: Page | DuePage, *numbers: int, due: float = 0) -> int:
    """Answer with jobs that all come into memory; return how many are lost."""
    for number in numbers:
        record = JobRecord(number, b"H:%d" % number, b"f")
        record.due = due
        page.records.append(record)
        window.give(number, due)
    window.leave_in_store(page)
    return window.turn(page, bool(numbers), NOW)


def test_a_window_counts_what_it_gains_and_gives() -> None:
    window = with_ready(7)
    window.gain(8, 5.0, False)
    assert (window.ready, window.delayed, window.size()) == (1, 1, 2)
    window.give(7, 0.0)
    assert (window.ready, window.delayed) == (0, 1)
    window.give(8, 5.0)
    assert window.size() == 0


def test_a_window_without_jobs_wants_nothing() -> None:
    window = Window(b"f", 1)
    assert not window.is_wanting()
    assert read(window) == []
    assert window.is_at_rest()


def test_a_page_begins_before_the_earliest_job() -> None:
    page = read_one(with_ready(7, 9))
    assert isinstance(page, Page)
    assert (page.function, page.priority, page.after, page.most) == (b"f", 1, 6, 10)


def test_one_page_is_asked_for_at_a_time() -> None:
    window = with_ready(7)
    read(window)
    assert not window.is_wanting()
    assert read(window) == []
    assert not window.is_at_rest()


def test_the_next_page_begins_behind_the_last_job() -> None:
    window = with_ready(7, 8, 9)
    assert answer(window, read_one(window), 7, 8) == 0
    assert window.ready == 1
    assert read_one(window).after == 8


def test_a_job_gained_while_a_page_is_read_is_in_the_next() -> None:
    window = with_ready(7, 8, 9)
    page = read_one(window)
    window.gain(4, 0.0, False)
    answer(window, page, 7, 8, 9)
    assert read_one(window).after == 3


def test_what_was_not_found_is_looked_for_once_from_the_beginning() -> None:
    window = with_ready(7, 8)
    page = read_one(window)
    assert answer(window, page) == 0
    assert window.ready == 2
    again = read_one(window)
    assert again.after == 0
    assert answer(window, again) == 2
    assert (window.ready, window.size()) == (0, 0)
    assert not window.is_wanting()


def test_a_page_from_the_beginning_without_a_job_needs_no_second_look() -> None:
    window = with_ready(1)
    assert read_one(window).after == 0
    window = with_ready(1)
    assert answer(window, read_one(window)) == 1


def test_what_is_found_by_a_search_ends_it() -> None:
    window = with_ready(7, 8)
    answer(window, read_one(window))
    assert answer(window, read_one(window), 3) == 0
    assert window.numbers.phase is Phase.DUE
    assert window.ready == 1
    # So another empty page is not the end yet.
    assert answer(window, read_one(window)) == 0
    assert window.ready == 1


def test_jobs_that_are_leaving_memory_are_not_lost() -> None:
    window = with_ready(7)
    window.leaving = 1
    for _ in range(3):
        assert answer(window, read_one(window)) == 0
        assert window.ready == 1
    window.leaving = 0
    assert answer(window, read_one(window)) in (0, 1)


def test_a_page_of_jobs_in_memory_already_is_passed() -> None:
    window = with_ready(7, 8)
    page = read_one(window)
    page.records.append(JobRecord(7, b"H:7", b"f"))
    assert window.turn(page, False, NOW) == 0
    assert window.ready == 2
    assert read_one(window).after == 7


def test_a_page_that_cannot_be_read_is_read_again() -> None:
    window = with_ready(7)
    page = read_one(window)
    page.error = "disk"
    assert window.turn(page, False, NOW) == 0
    assert window.ready == 1
    assert read_one(window).after == 6


def test_while_it_pauses_a_window_wants_nothing() -> None:
    window = with_ready(7)
    window.timer = 1
    assert not window.is_wanting()
    assert not window.is_at_rest()


def test_damaged_and_oversized_jobs_are_told_once_and_passed() -> None:
    window = with_ready(5, 6, 7, 8)
    page = read_one(window)
    page.damaged, page.oversized = [6, 5], [7]
    assert window.leave_in_store(page) == ([5, 6], [7])
    assert (window.ready, window.size()) == (1, 2)
    assert window.turn(page, False, NOW) == 0
    again = read_one(window)
    assert again.after == 7
    again.damaged = [5]
    assert window.leave_in_store(again) == ([], [])
    assert window.ready == 1
    assert not window.is_at_rest()


def test_what_was_left_in_the_store_is_given_without_being_counted() -> None:
    window = with_ready(5, 6, 7)
    page = read_one(window)
    page.damaged, page.oversized = [5], [6]
    window.leave_in_store(page)
    assert window.ready == 1
    window.give(5, 0.0)
    window.give(6, 0.0)
    assert (window.damaged, window.oversized, window.ready) == (set(), set(), 1)
    window.give(7, 0.0)
    assert window.ready == 0


def test_damaged_delayed_jobs_are_no_ready_ones() -> None:
    window = with_delayed(NOW, 5, 6)
    page = read_one(window)
    page.damaged, page.oversized = [5], [6]
    window.leave_in_store(page)
    assert (window.ready, window.delayed) == (0, 0)


@pytest.mark.parametrize("is_steady", [True, False])
def test_delayed_jobs_are_read_by_their_own_clock(is_steady: bool) -> None:
    window = with_delayed(50.0, 7, is_steady=is_steady)
    (page,) = window.read(10, 4, *((60.0, 1.0) if is_steady else (1.0, 60.0)))
    assert isinstance(page, DuePage)
    assert (page.is_steady, page.after, page.until) == (is_steady, (0.0, 0), 60.0)
    assert (page.most, page.largest) == (10, 4)


def test_delayed_jobs_that_are_not_due_are_not_read() -> None:
    window = with_delayed(LATER, 7)
    assert not window.is_wanting()
    assert not window.is_due()
    window.ring(window.waits)
    assert window.is_due()
    assert window.is_wanting()


def test_an_alarm_without_delayed_jobs_is_forgotten() -> None:
    window = with_delayed(LATER, 7)
    window.give(7, LATER)
    window.ring(window.waits)
    assert not window.is_wanting()
    assert window.waits.next_due == 0


def test_all_that_is_due_is_read() -> None:
    window = with_delayed(NOW, 5, 6, 7)
    assert answer(window, read_one(window), 5, 6, due=NOW) == 0
    page = read_one(window)
    assert page.after == (NOW, 6)
    assert answer(window, page, 7, due=NOW) == 0
    assert answer(window, read_one(window)) == 0
    assert window.delayed == 0
    assert not window.is_due()
    assert (window.waits.phase, window.dates.phase) == (Phase.REST, Phase.REST)


def test_all_that_is_ready_is_read() -> None:
    window = with_ready(7)
    answer(window, read_one(window), 7)
    window.ready = 1
    page = read_one(window)
    window.ready = 0
    assert answer(window, page) == 0
    assert window.numbers.phase is Phase.DUE


def test_a_page_says_when_the_next_is_due() -> None:
    window = with_delayed(NOW, 5)
    window.gain(6, LATER, True)
    answer(window, read_one(window), 5, due=NOW)
    page = read_one(window)
    assert isinstance(page, DuePage)
    page.next_due = LATER
    assert answer(window, page) == 0
    assert window.waits.next_due == LATER
    assert not window.is_due()
    assert window.delayed == 1


def test_a_page_says_that_the_next_is_due_by_now() -> None:
    window = with_delayed(NOW, 5)
    page = read_one(window)
    assert isinstance(page, DuePage)
    page.next_due = NOW
    answer(window, page)
    assert window.waits.is_wanting()


def test_an_earlier_time_that_came_meanwhile_stays() -> None:
    window = with_delayed(NOW, 5)
    page = read_one(window)
    assert isinstance(page, DuePage)
    window.waits.expect(LATER - 50, NOW)
    page.next_due = LATER
    answer(window, page)
    assert window.waits.next_due == LATER - 50


def test_delayed_jobs_that_were_not_found_are_looked_for_on_both_shelves() -> None:
    window = with_delayed(NOW, 5)
    window.waits.after = (1.0, 1)
    assert answer(window, read_one(window)) == 0
    pages = read(window)
    assert [page.after for page in pages] == [(0.0, 0), (0.0, 0)]
    assert answer(window, pages[0]) == 0
    assert window.delayed == 1
    assert answer(window, pages[1]) == 1
    assert (window.delayed, window.is_due()) == (0, False)


def test_delayed_jobs_that_are_leaving_memory_are_not_lost() -> None:
    window = with_delayed(NOW, 5)
    window.leaving = 1
    for _ in range(3):
        assert answer(window, read_one(window)) == 0
        assert window.delayed == 1


def test_delayed_jobs_expected_by_the_other_clock_are_not_looked_for() -> None:
    window = with_delayed(NOW, 5)
    window.gain(6, LATER, False)
    window.dates.expect(LATER, NOW)
    assert answer(window, read_one(window)) == 0
    assert not window.is_wanting()


def test_after_a_pause_delayed_jobs_are_read_by_both_clocks() -> None:
    window = with_delayed(LATER, 5)
    window.go_on()
    assert [type(page) for page in read(window)] == [DuePage, DuePage]
    window = with_ready(5)
    window.go_on()
    assert [type(page) for page in read(window)] == [Page]


@pytest.mark.parametrize("name", ["numbers", "waits", "dates"])
def test_a_window_is_not_at_rest_while_a_page_is_read(name: str) -> None:
    window = Window(b"f", 1)
    getattr(window, name).phase = Phase.READING
    assert not window.is_at_rest()


def test_a_window_is_not_at_rest_while_jobs_leave_memory() -> None:
    window = Window(b"f", 1)
    window.leaving = 1
    assert not window.is_at_rest()
