"""How much a window holds, and when more of it is read: each limit to the job."""

from __future__ import annotations

import pytest

from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.options import EngineOptions
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import FULL_PAGE, DuePage, Page
from geartrain.engine.state import functions, windows
from geartrain.engine.state.state import State
from geartrain.protocol.parser import Parser
from geartrain.protocol.room import Room

WINDOW = 6
MIB = 1024 * 1024
# What one window holds at most.
MOST_BYTES = 16 * MIB


@pytest.fixture
def state() -> State:
    state = State(EngineOptions(window=WINDOW))
    state.resume(0, True, True)
    state.journal.take()
    state.journal.commit()
    return state


@pytest.fixture
def function(state: State) -> Function:
    return functions.find(state, b"f")


def new_job(function: Function, size: int = 1) -> Job:
    job = Job(function, b"", b"", [], 1)
    job.size = size
    return job


def fill(function: Function, count: int, size: int = 1) -> None:
    """Have jobs be ready in memory."""
    for _ in range(count):
        function.ready[1].push(new_job(function, size))


def empty(function: Function) -> None:
    for job in function.ready[1].jobs():
        function.ready[1].remove(job)


def delay(function: Function, count: int, size: int = 1) -> None:
    for _ in range(count):
        function.scheduled[new_job(function, size)] = None
        function.scheduled_bytes += size


def asked(state: State) -> list[Page | DuePage]:
    """Return the pages that were asked for since this was last called."""
    batch = state.journal.take()
    state.journal.commit()
    return [each for each in batch.queries if isinstance(each, Page | DuePage)]


def tighten(state: State) -> None:
    state.memory.limit_to(1000 * MIB)
    state.memory.room.left = 1 * MIB


@pytest.mark.parametrize(
    ("count", "fits"), [(0, True), (WINDOW - 1, True), (WINDOW, False)]
)
def test_a_window_holds_so_many_jobs(
    state: State, function: Function, count: int, fits: bool
) -> None:
    fill(function, count)
    delay(function, count)
    assert windows.has_room(state, function, 1) == fits
    assert windows.has_room_for_delayed(state, function) == fits


@pytest.mark.parametrize(("size", "fits"), [(16 * MIB - 1, True), (16 * MIB, False)])
def test_a_window_holds_so_many_bytes(
    state: State, function: Function, size: int, fits: bool
) -> None:
    fill(function, 1, size)
    delay(function, 1, size)
    assert windows.has_room(state, function, 1) == fits
    assert windows.has_room_for_delayed(state, function) == fits


@pytest.mark.parametrize(("size", "fits"), [(4 * MIB - 1, True), (4 * MIB, False)])
def test_all_windows_hold_an_eighth_of_a_limit_and_one_half_of_that(
    state: State, function: Function, size: int, fits: bool
) -> None:
    state.memory.limit_to(64 * MIB)
    state.memory.room.left = 64 * MIB
    fill(function, 1, size)
    assert windows.has_room(state, function, 1) == fits


@pytest.mark.parametrize(("size", "fits"), [(8 * MIB - 1, True), (8 * MIB, False)])
def test_a_window_holds_half_of_the_bytes_that_others_leave(
    state: State, function: Function, size: int, fits: bool
) -> None:
    state.memory.jobs = 240 * MIB
    fill(function, 1, size)
    assert windows.has_room(state, function, 1) == fits


@pytest.mark.parametrize(
    ("others", "room"), [(0, 1000), (199_200, 400), (199_990, 20), (300_000, 20)]
)
def test_a_window_holds_half_of_the_jobs_that_others_leave(
    others: int, room: int
) -> None:
    state = State(EngineOptions(window=1000))
    function = functions.find(state, b"f")
    other = new_job(functions.find(state, b"g"))
    state.jobs.update({b"%d" % number: other for number in range(others)})
    fill(function, room - 1)
    assert windows.has_room(state, function, 1)
    fill(function, 1)
    assert not windows.has_room(state, function, 1)


def test_functions_without_jobs_take_no_room() -> None:
    state = State(EngineOptions(window=1000))
    function = functions.find(state, b"f")
    for number in range(11_000):
        state.functions[b"%d" % number] = function
    fill(function, 999)
    assert windows.has_room(state, function, 1)


def worker_of(state: State, function: Function) -> None:
    peer = Peer(0, b"", True, Parser(1000, Room()), [])
    function.workers[peer] = None


def test_while_memory_is_tight_only_a_worker_has_one_job(
    state: State, function: Function
) -> None:
    tighten(state)
    assert not windows.has_room(state, function, 1)
    assert not windows.has_room_for_delayed(state, function)
    worker_of(state, function)
    assert windows.has_room(state, function, 1)
    fill(function, 1)
    assert not windows.has_room(state, function, 1)


@pytest.mark.parametrize(("held", "most"), [(0, 6), (2, 4), (3, 3), (4, 0)])
def test_a_page_is_asked_for_when_a_window_is_half_empty(
    state: State, function: Function, held: int, most: int
) -> None:
    fill(function, held)
    function.windows[1].gain(7, 0.0, False)
    windows.refill(state, function, function.windows[1])
    assert [page.most for page in asked(state)] == ([most] if most else [])
    assert state.memory.pages == (FULL_PAGE if most else 0)


def test_no_page_is_asked_for_while_the_window_has_its_bytes(
    state: State, function: Function
) -> None:
    fill(function, 1, MOST_BYTES)
    function.windows[1].gain(7, 0.0, False)
    windows.refill(state, function, function.windows[1])
    assert asked(state) == []
    empty(function)
    fill(function, 1, MOST_BYTES - 1)
    windows.refill(state, function, function.windows[1])
    assert len(asked(state)) == 1


def test_while_memory_is_tight_a_page_is_for_a_worker_without_a_job(
    state: State, function: Function
) -> None:
    tighten(state)
    function.windows[1].gain(7, 0.0, False)
    windows.refill(state, function, function.windows[1])
    assert asked(state) == []
    worker_of(state, function)
    fill(function, 1)
    windows.refill(state, function, function.windows[1])
    assert asked(state) == []
    empty(function)
    windows.refill(state, function, function.windows[1])
    (page,) = asked(state)
    assert page.largest == 250 * MIB


def test_a_page_that_memory_is_too_full_for_waits_for_its_turn(
    state: State, function: Function
) -> None:
    state.memory.refuse_jobs()
    window = function.windows[1]
    window.gain(7, 0.0, False)
    windows.refill(state, function, function.windows[1])
    windows.page_on(state)
    assert asked(state) == []
    assert list(state.memory.windows) == [window]
    windows.press_on(state)
    assert len(asked(state)) == 1
    assert not state.memory.windows


def test_while_a_page_is_read_memory_is_not_pressed(
    state: State, function: Function
) -> None:
    state.memory.refuse_jobs()
    state.memory.pages = FULL_PAGE
    function.windows[1].gain(7, 0.0, False)
    windows.refill(state, function, function.windows[1])
    windows.press_on(state)
    assert asked(state) == []


def test_the_window_of_a_function_that_was_forgotten_is_not_read(
    state: State, function: Function
) -> None:
    state.memory.refuse_jobs()
    function.windows[1].gain(7, 0.0, False)
    windows.refill(state, function, function.windows[1])
    del state.functions[b"f"]
    windows.press_on(state)
    assert asked(state) == []


def test_a_worker_that_registers_is_served_before_others(state: State) -> None:
    state.memory.refuse_jobs()
    first, second = functions.find(state, b"f"), functions.find(state, b"g")
    for function in (first, second):
        function.windows[1].gain(7, 0.0, False)
        windows.refill(state, function, function.windows[1])
    windows.serve(state, second)
    assert list(state.memory.windows) == [second.windows[1], first.windows[1]]
    fill(first, 1)
    windows.serve(state, first)
    assert list(state.memory.windows) == [second.windows[1], first.windows[1]]
