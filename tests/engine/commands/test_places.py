"""Parts of a sorted list together have everything once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.engine.commands.places import (
    Place,
    Places,
    matcher,
    place_text,
    read_place,
)
from geartrain.errors import OptionError

some_places = st.sets(st.tuples(st.integers(-9, 9), st.binary(max_size=3)))


def part(all_places: set[Place], limit: int, after: Place | None) -> Places:
    """Return a part of some places."""
    places = Places(limit, after)
    for place in all_places:
        places.add(place)
    return places


@given(some_places, st.integers(1, 5))
def test_the_parts_are_all_in_order(all_places: set[Place], limit: int) -> None:
    seen: list[Place] = []
    after = None
    while True:
        places = part(all_places, limit, after)
        assert places.before == len(seen)
        found = places.first()
        seen += found[:limit]
        if len(found) <= limit:
            break
        after = found[limit - 1]
    assert seen == sorted(all_places)


def test_of_very_many_the_first_are_found() -> None:
    places = Places(3, None)
    for number in range(5_000):
        places.add((-number, b""))
    assert places.first() == [(-number, b"") for number in (4999, 4998, 4997, 4996)]


@given(st.integers(-(10**18), 10**18).filter(lambda n: len(str(abs(n))) <= 18))
def test_a_place_is_read_again(number: int) -> None:
    for name in (b"", b"a:b", b"\xff\n"):
        text = place_text((number, name)).encode("utf-8", "surrogateescape")
        assert read_place(text) == (number, name)


@pytest.mark.parametrize("after", [b"x", b"1", b":", b"--1:", b"1" * 19 + b":"])
def test_what_is_no_place_is_refused(after: bytes) -> None:
    with pytest.raises(OptionError, match="begin again without it"):
        read_place(after)


@pytest.mark.parametrize(
    ("wanted", "name", "is_found"),
    [
        (b"ai", b"mail", True),
        (b"AI", b"mail", True),
        (b"mail", b"re\nmail\n", True),
        (b"m*", b"email", False),
        (b"*m?il", b"email", True),
        (b"[em]*", b"mail", True),
        (b"a.l", b"ail", False),
        (b"\xff", b"a\xffb", True),
    ],
)
def test_names_match(wanted: bytes, name: bytes, is_found: bool) -> None:
    assert (matcher(wanted).match(name) is not None) is is_found
