"""Names of Redis stores."""

from __future__ import annotations

import pytest

from geartrain.errors import OptionError
from geartrain.stores.locations import check_store, show_store
from geartrain.stores.redis.location import location_of


def test_a_name_has_all_that_is_needed() -> None:
    location = location_of(
        "rediss://me:p%40ss@cache.example:6380/3?prefix=jobs:&replicas=2&ca=/etc/ca.pem"
    )
    assert (location.server.host, location.server.port) == ("cache.example", 6380)
    assert (location.server.user, location.server.password) == ("me", "p@ss")
    assert (location.database, location.prefix) == (3, b"jobs:")
    assert (location.replicas, location.is_tls) == (2, True)
    assert location.ca == "/etc/ca.pem"
    assert location.shown() == "rediss://cache.example:6380/3?prefix=jobs:"


def test_most_of_a_name_may_be_left_out() -> None:
    location = location_of("redis://cache")
    assert (location.server.port, location.database) == (6379, 0)
    assert (location.prefix, location.is_tls) == (b"geartrain:", False)
    assert str(location) == "Redis on cache:6379"


def test_a_socket_is_named_by_its_path() -> None:
    location = location_of("unix://:word@/run/redis/redis.sock?database=1")
    assert (location.path, location.database) == ("/run/redis/redis.sock", 1)
    assert location.server.password == "word"
    assert str(location) == "Redis on /run/redis/redis.sock"


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("valkey://cache/1", "redis://cache/1"),
        ("valkeys://cache", "rediss://cache"),
        ("redis://cache", "redis://cache"),
    ],
)
def test_valkey_is_another_name(text: str, full: str) -> None:
    assert check_store(text) == full


def test_a_password_is_not_shown() -> None:
    shown = show_store("redis://me:secret@cache/1")
    assert "secret" not in shown
    assert "cache/1" in shown


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("redis://", "names no host"),
        ("redis://cache/first", "'first' is no database: use its number"),
        ("redis://cache:99999", "Port out of range"),
        ("redis://cache?prefix=", "the prefix is empty"),
        ("redis://cache?replicas=many", "replicas=many is no number up to 100"),
        ("redis://cache?speed=9", "no option 'speed'"),
        ("redis://cache?database=1", "the database of a host follows it"),
        ("unix://run/redis.sock", "a socket has no host"),
        ("unix://", "names no socket"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, reason: str) -> None:
    with pytest.raises(OptionError, match=reason):
        check_store(text)
