"""Which job server is tried when."""

from __future__ import annotations

import time

import pytest

from geartrain.client.servers import Patience, ServerList
from geartrain.errors import AddressError, OptionError

THREE = "a:1,b:2,c:3"


def test_one_job_server_is_always_tried() -> None:
    servers = ServerList("a", None, "unique")
    servers.failed(0, OSError("no"))
    assert servers.order(b"u") == [0]


def test_job_servers_are_tried_in_order() -> None:
    assert ServerList(THREE, None, "order").order(b"u") == [0, 1, 2]


def test_a_unique_chooses_where_to_begin() -> None:
    servers = ServerList(THREE, None, "unique")
    orders = {tuple(servers.order(b"u%d" % number)) for number in range(100)}
    assert orders == {(0, 1, 2), (1, 2, 0), (2, 0, 1)}
    assert servers.order(b"") == [0, 1, 2]
    assert servers.order(b"u") == ServerList(THREE, None, "unique").order(b"u")


def test_one_that_failed_is_a_last_resort_for_a_while() -> None:
    servers = ServerList(THREE, None, "order")
    servers.failed(0, OSError("no"))
    assert servers.order(b"") == [1, 2, 0]
    # Of one that hangs the system accepts connections, too.
    servers.reached(0)
    assert servers.order(b"") == [1, 2, 0]
    servers.answered(0)
    assert servers.order(b"") == [0, 1, 2]


def test_one_that_failed_is_tried_first_again_after_its_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    servers = ServerList(THREE, None, "order")
    now = time.monotonic()
    for _ in range(20):
        servers.failed(0, OSError("no"))
    monkeypatch.setattr(time, "monotonic", lambda: now + 25)
    assert servers.order(b"") == [1, 2, 0]
    monkeypatch.setattr(time, "monotonic", lambda: now + 65)
    assert servers.order(b"") == [0, 1, 2]


def test_the_error_names_each_with_its_reason() -> None:
    servers = ServerList(THREE, None, "order")
    servers.failed(1, OSError(111, "Connection refused"))
    assert str(servers.error()) == (
        "no job server can be reached: a:1 (not tried), b:2 (Connection refused),"
        " c:3 (not tried)"
    )


def test_an_attempt_is_shorter_where_another_job_server_is_at_hand() -> None:
    servers = ServerList(THREE, None, "order")
    assert servers.attempt(100, False) > servers.attempt(100, True) > 0
    assert servers.attempt(0.25, False) == 0.25
    assert servers.attempt(-1, False) > 0


def test_pauses_grow_and_end_in_time() -> None:
    patience = Patience(1000, None)
    pauses = [patience.next_pause() for _ in range(50)]
    assert 0.02 < pauses[0] <= 0.05
    assert 1 <= max(pauses) <= 2
    assert Patience(0, None).next_pause() == 0
    assert Patience(1000, time.monotonic()).next_pause() == 0


def test_what_is_wrong_is_refused() -> None:
    with pytest.raises(OptionError, match="by='hash'"):
        ServerList("a", None, "hash")
    with pytest.raises(AddressError):
        ServerList("a:b", None, "order")
