"""History: bounded in bytes, in order, found by handle and by unique."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from geartrain.engine.endings import Ending, ending_cost
from geartrain.engine.results import SUCCEEDED
from geartrain.engine.state.history import History


def ending(number: int, unique: bytes, ended: float, keep: float) -> Ending:
    made = Ending(b"H:%d" % number, b"f", SUCCEEDED, ended, unique)
    made.until = ended + keep
    return made


def filled(endings: Iterable[Ending], most: int) -> History:
    history = History(most)
    for each in endings:
        history.add(each, most)
    return history


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 12), st.sampled_from([b"", b"u", b"v"]), st.integers(0, 3)
        ),
        max_size=60,
    ),
    st.integers(600, 9_000),
)
def test_history_is_what_a_list_of_the_latest_is(
    told: list[tuple[int, bytes, int]], most: int
) -> None:
    made = [
        ending(number, unique, 10.0 + place, 100.0 * keep)
        for place, (number, unique, keep) in enumerate(told)
    ]
    history = filled(made, most)
    now = 10.0 + len(told)
    first, following = history.first(), history.following()
    kept = [history.at(serial) for serial in range(first, following)]
    assert kept == made[len(made) - len(kept) :]
    assert history.size == sum(
        ending_cost(each) for each in made[len(made) - len(kept) :]
    )
    assert history.size <= most
    # Where all are to be kept, a page at most has gone of what there was room for.
    gone = made[: len(made) - len(kept)]
    if gone and all(keep for _, _, keep in told):
        page = most // 16 + max(map(ending_cost, gone))
        assert history.size + page > most
    for number in range(13):
        handle = b"H:%d" % number
        same = [each for each in kept if each is not None and each.handle == handle]
        alive = same[-1] if same and same[-1].until > now else None
        assert history.find(handle, now) is alive
    for unique in (b"u", b"v"):
        expected = [
            each
            for each in reversed(kept)
            if each is not None and each.unique == unique and each.until > now
        ]
        assert list(history.with_unique(unique, now)) == expected


def test_many_endings_take_no_more_than_they_may() -> None:
    history = filled((ending(n, b"u%d" % n, n, 9e9) for n in range(30_000)), 1_000_000)
    assert history.size <= 1_000_000
    assert 1_500 < len(history) < 2_100
    assert history.size > 900_000
    first, following = history.first(), history.following()
    assert following == 30_001
    assert history.at(first - 1) is None
    newest = history.at(following - 1)
    assert newest is not None
    assert history.find(newest.handle, 0.0) is newest
    assert history.find(b"H:1", 0.0) is None
    assert list(history.with_unique(b"u1", 0.0)) == []


def test_old_endings_make_way_as_new_ones_come() -> None:
    history = filled((ending(n, b"", n, 5.0) for n in range(3_000)), 10_000_000)
    assert (history.first(), history.following()) == (1_025, 3_001)


def test_no_room_at_all_keeps_nothing() -> None:
    history = filled([ending(1, b"u", 1.0, 9.0)], 100)
    assert (len(history), history.size) == (0, 0)
