"""What a list looks at: as little as an index allows, and a first part before all."""

from __future__ import annotations

import pytest

import geartrain
from geartrain.engine.commands.filters import Filter
from geartrain.engine.commands.listings import (
    complete,
    first_listing,
    new_listing,
    place_after,
)
from tests.support.dialogue import World
from tests.support.stored_engine import grab, listed, rows, stored, submit

ORDER = [b"H:test:%d" % number for number in range(1, 9)]


def test_a_place_is_found_again_by_the_job_before_it() -> None:
    assert place_after(ORDER, b"H:test:3", 3) == 3
    assert place_after(ORDER[2:], b"H:test:3", 3) == 1
    assert place_after(ORDER, b"H:test:8", 100) == 8


def test_the_place_of_a_job_that_left_is_where_those_behind_it_are() -> None:
    assert place_after(ORDER[:2] + ORDER[3:], b"H:test:3", 3) == 2
    assert place_after(ORDER[4:], b"H:test:4", 4) == 0
    assert place_after([], b"H:test:3", 3) == 0


def busy() -> World:
    """Return a world with 6,000 waiting jobs to f, 2 to g, and 1 that runs for h."""
    world = World()
    client, worker = world.client(), world.worker("h")
    submit(client, *["w"] * 6000)
    submit(client, "w", "w", function=b"g")
    submit(client, "w", function=b"h")
    grab(worker)
    return world


@pytest.mark.parametrize(
    ("wanted", "size"),
    [
        (Filter(), 6003),
        (Filter(b"f"), 6003),
        (Filter(b"g"), 2),
        (Filter(b"no such function"), 0),
        (Filter(state=b"running"), 1),
        (Filter(b"f", b"running"), 0),
        (Filter(state=b"scheduled"), 0),
    ],
)
def test_what_an_index_names_is_all_that_is_looked_at(
    wanted: Filter, size: int
) -> None:
    state = busy().engine.state
    assert len(new_listing(state, wanted).order) == size


def test_a_first_part_is_completed_when_it_has_been_looked_at() -> None:
    world = busy()
    state = world.engine.state
    listing = first_listing(state, Filter())
    assert (len(listing.order), listing.is_partial) == (4096, True)
    world.worker("f")
    world.admin().text("cancel job H:test:10")
    complete(state, listing)
    assert listing.order == [b"H:test:%d" % number for number in range(1, 6004)]
    assert not listing.is_partial


def test_a_rare_job_among_many_is_found_in_one_slice() -> None:
    world = busy()
    world.client().submit_job_bg(b"last", b"", b"w")
    world.goes_on = True
    (found,) = listed(world.admin(), "jobs function=l?st limit=10")
    assert found["handle"] == "H:test:6004"


@pytest.mark.skipif(
    geartrain.core_build() == "compiled",
    reason="its bounds are constants there: the pure build is tested",
)
def test_a_slice_looks_at_a_bounded_number_of_jobs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = busy()
    monkeypatch.setattr("geartrain.engine.commands.listings._MOST_LOOKS", 1000)
    (only,) = rows(world.admin(), "jobs function=n*ne")
    assert only == {"after": "memory-1000-H:test:1000"}
    assert listed(world.admin(), "jobs function=n*ne") == []


@pytest.mark.skipif(
    geartrain.core_build() == "compiled",
    reason="its bounds are constants there: the pure build is tested",
)
def test_a_slice_asks_the_store_a_bounded_number_of_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = stored(1)
    submit(world.client(), *["w"] * 300)
    monkeypatch.setattr("geartrain.engine.commands.listings._MOST_LOOKS", 5000)
    (only,) = rows(world.admin(), "jobs error=none limit=10")
    assert only["after"].startswith("store-")
    assert listed(world.admin(), "jobs error=none limit=10") == []
