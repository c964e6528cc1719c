"""The ring of events."""

from __future__ import annotations

from geartrain.engine.model.events import MOST_A_SECOND, Events, Follower, Happening


def ring(count: int, size: int = 10) -> Events:
    """Return events with some in them."""
    events = Events()
    for _ in range(count):
        events.add(b"f", b"x" * size)
    return events


def numbers(events: Events, position: int, most: int) -> list[int]:
    return [each.number for each in events.after(position, most)]


def test_what_follows_a_position_is_found() -> None:
    events = ring(5)
    assert numbers(events, 0, 10) == [1, 2, 3, 4, 5]
    assert numbers(events, 3, 10) == [4, 5]
    assert numbers(events, 1, 2) == [2, 3]
    assert numbers(events, 5, 10) == []
    assert numbers(events, 9, 10) == []


def test_it_is_bounded_in_number_and_bytes() -> None:
    events = ring(10_001)
    assert (events.first(), events.last) == (2, 10_001)
    assert numbers(events, 0, 1) == [2]
    events = ring(20, size=1024 * 1024)
    assert (events.first(), events.last) == (13, 20)


def test_an_empty_ring_begins_with_what_comes() -> None:
    assert ring(0).first() == 1


def test_a_second_has_room_for_so_many() -> None:
    events = Events()
    assert [events.has_room(5.0) for _ in range(MOST_A_SECOND)] == [
        True
    ] * MOST_A_SECOND
    assert not events.has_room(5.9)
    assert events.has_room(6.0)
    assert (events.take_skipped(), events.take_skipped()) == (1, 0)


def test_what_nobody_follows_is_not_wanted() -> None:
    events = Events()
    assert not events.wants(b"f")
    events.join(b"f", "1")
    events.join(b"f", "2")
    assert events.life == "1"
    assert (events.wants(b"f"), events.wants(b"g")) == (True, False)
    events.join(b"", "3")
    assert events.wants(b"g")


def test_it_is_kept_for_a_minute_after_the_last_follower() -> None:
    events = Events()
    events.join(b"f", "1")
    events.add(b"f", b"row")
    assert not events.is_over(1e9)
    events.leave(b"f", 100.0)
    assert (events.is_over(159.0), events.is_on) == (False, True)
    assert (events.is_over(160.0), events.is_on) == (True, False)
    assert (events.first(), events.wants(b"f")) == (2, False)


def test_a_follower_takes_what_is_of_its_function_and_of_none() -> None:
    happenings = [
        Happening(1, b"f", b""),
        Happening(2, b"g", b""),
        Happening(3, b"", b""),
    ]
    assert [Follower(b"f", 0).takes(each) for each in happenings] == [True, False, True]
    assert all(Follower(b"", 0).takes(each) for each in happenings)
