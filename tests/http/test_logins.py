"""Logins: how they begin, are found, and end."""

from __future__ import annotations

from geartrain.http.logins import IDLE, LONGEST, Logins
from geartrain.server.passwords import Account

ALICE = Account("alice", "operate", "a")
BOB = Account("bob", "view", "b")


class Stream:
    """What goes on on behalf of somebody."""

    is_closed = False

    def close(self) -> None:
        self.is_closed = True


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_login_is_found_by_its_secret_alone() -> None:
    logins = Logins(Clock())
    first, second = logins.begin(ALICE), logins.begin(BOB)
    found = logins.find(first)
    assert found is not None
    assert found.account == ALICE
    assert first != second
    assert len(first) >= 40
    for wrong in ("", first[:-1], first.upper(), "\udcff"):
        assert logins.find(wrong) is None


def test_one_that_is_not_used_ends() -> None:
    clock = Clock()
    logins = Logins(clock)
    secret = logins.begin(ALICE)
    for _ in range(5):
        clock.now += IDLE
        assert logins.find(secret) is not None
    clock.now += IDLE + 1
    assert logins.find(secret) is None
    assert len(logins) == 0


def test_an_open_page_counts_as_use_but_not_for_ever() -> None:
    clock = Clock()
    logins = Logins(clock)
    secret = logins.begin(ALICE)
    login = logins.find(secret)
    assert login is not None
    stream = Stream()
    login.open.add(stream)
    clock.now += LONGEST - 1
    assert logins.find(secret) is login
    clock.now += 2
    logins.sweep()
    assert stream.is_closed
    assert logins.find(secret) is None


def test_to_log_out_ends_what_goes_on() -> None:
    logins = Logins(Clock())
    secret = logins.begin(ALICE)
    login = logins.find(secret)
    assert login is not None
    stream = Stream()
    login.open.add(stream)
    logins.end(secret)
    logins.end(secret)
    assert stream.is_closed
    assert logins.find(secret) is None


def test_those_of_people_who_changed_end() -> None:
    logins = Logins(Clock())
    alice, bob = logins.begin(ALICE), logins.begin(BOB)
    changed = Account("alice", "view", "a")
    logins.follow({"alice": changed, "bob": BOB})
    assert logins.find(alice) is None
    assert logins.find(bob) is not None
    logins.follow({})
    assert logins.find(bob) is None


def test_the_least_used_end_where_there_are_too_many() -> None:
    clock = Clock()
    logins = Logins(clock)
    own = []
    for _ in range(21):
        clock.now += 1
        own.append(logins.begin(ALICE))
    assert logins.find(own[0]) is None
    assert all(logins.find(each) for each in own[1:])
    for number in range(1100):
        clock.now += 1
        logins.begin(Account(f"p{number}", "view", "x"))
    assert len(logins) == 1000


def test_a_page_that_was_open_for_long_is_use_until_it_is_closed() -> None:
    clock = Clock()
    logins = Logins(clock)
    secret = logins.begin(ALICE)
    login = logins.find(secret)
    assert login is not None
    stream = Stream()
    login.open.add(stream)
    clock.now += 2 * IDLE
    logins.sweep()
    # Live updates are paused.
    login.open.discard(stream)
    clock.now += IDLE - 1
    logins.sweep()
    assert logins.find(secret) is login
    clock.now += IDLE + 1
    assert logins.find(secret) is None
