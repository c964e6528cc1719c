"""Keys that gearmand wrote in Redis and memcached."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.support.databases import Database, memcached, redis
from tests.support.gearmand_queues import (
    BG,
    SUBMISSIONS,
    expected,
    gearmand_writes,
    grab_all,
    import_,
    job_server,
    priorities,
)
from tests.support.programs import run
from tests.support.servers import RunningServer, free_port

COVERS = (
    "importing/memcached",
    "importing/redis",
)

TOTAL = len(SUBMISSIONS)
KINDS: dict[str, Callable[[], AbstractContextManager[Database]]] = {
    "Redis": redis,
    "memcached": memcached,
}


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    with KINDS[request.param]() as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with job_server() as running:
        yield running


def talk(database: Database, words: bytes, end: bytes) -> bytes:
    """Say something to a server in its own protocol; return what it answers."""
    answer = b""
    with socket.create_connection(("127.0.0.1", database.port), 10) as connection:
        connection.sendall(words)
        while not answer.endswith(end):
            more = connection.recv(65536)
            assert more, answer
            answer += more
    return answer


def test_jobs_kept_by_gearmand_run_with_all_they_had(
    database: Database, server: RunningServer
) -> None:
    gearmand_writes(*database.flags)
    flags = ("--function", "resize")
    status, counts, err = import_(database.url, server, *flags)
    assert (status, counts, err) == (0, (TOTAL, TOTAL, 0, 0, 0), "")
    assert priorities(server, b"resize") == (1, 5, 1)
    counts = import_(database.url, server, *flags, "--delete")[1]
    assert counts == (TOTAL, 0, TOTAL, 0, TOTAL)
    assert import_(database.url, server, *flags)[1] == (0, 0, 0, 0, 0)
    assert Counter(grab_all(server)) == expected()


def test_a_key_that_can_be_read_in_two_ways_is_skipped_and_named(
    database: Database, server: RunningServer
) -> None:
    gearmand_writes(
        *database.flags,
        submissions=[(BG, b"send-mail", b"to-me", b"1"), (BG, b"f", b"u", b"2")],
    )
    status, counts, err = import_(database.url, server, "--delete")
    assert (status, counts) == (1, (2, 1, 0, 1, 1))
    assert (
        "send-mail-to-me': skipped: it has several dashes, and the function may end"
        in err
    )
    assert grab_all(server, b"f") == [(b"f", b"u", b"2")]
    flags = ("--function", "send-mail", "--delete")
    assert import_(database.url, server, *flags)[:2] == (0, (1, 1, 0, 0, 1))
    assert grab_all(server, b"send-mail") == [(b"send-mail", b"to-me", b"1")]


def test_many_keys_are_read_and_those_of_others_left_alone(
    database: Database, server: RunningServer
) -> None:
    submissions = [
        (BG, b"many", b"%d" % number, b"x" * number) for number in range(350)
    ]
    prefix = "--redis-prefix" if "redis" in database.url else "--libmemcached-prefix"
    gearmand_writes(*database.flags, prefix, "[o]*ther", submissions=submissions)
    gearmand_writes(*database.flags, submissions=[(BG, b"f", b"u", b"")])
    flags = ("--prefix", "[o]*ther", "--delete")
    assert import_(database.url, server, *flags)[:2] == (0, (350, 350, 0, 0, 350))
    assert Counter(grab_all(server, b"many")) == expected(submissions)
    assert import_(database.url, server)[:2] == (0, (1, 1, 0, 0, 0))
    assert grab_all(server, b"f") == [(b"f", b"u", b"")]


def test_redis_values_of_old_and_new_releases_are_read(server: RunningServer) -> None:
    with redis() as database:
        talk(database, b"SET _gear_-f-old data\r\n", b"+OK\r\n")
        new = b"HSET _gear_-a-b-c function a-b unique c data new priority 0\r\n"
        talk(database, new, b":4\r\n")
        talk(database, b"LPUSH _gear_-f-list data\r\n", b":1\r\n")
        talk(database, b"HSET _gear_-f-bad data d priority top\r\n", b":2\r\n")
        status, counts, err = import_(database.url, server)
        assert (status, counts) == (1, (4, 2, 0, 2, 0))
        assert "key '_gear_-f-list': skipped: it is neither a hash nor a string" in err
        assert "key '_gear_-f-bad': skipped: its priority is 'top', not 0" in err
    assert priorities(server, b"a-b") == (1, 0, 0)
    assert grab_all(server, b"f", b"a-b") == [
        (b"a-b", b"c", b"new"),
        (b"f", b"old", b"data"),
    ]


def test_a_redis_that_wants_a_password_is_named(server: RunningServer) -> None:
    with redis() as database:
        talk(database, b"CONFIG SET requirepass let-me-in\r\n", b"+OK\r\n")
        source = database.url.replace("redis://", "redis://:let-me-in@")
        assert import_(source, server)[0] == 0
        for url in (database.url, source.replace("let-me-in", "wrong")):
            status, _, err = run("geartrain", "import", url, "--dry-run")
            assert status == 1
            assert err.startswith(f"geartrain: Redis on 127.0.0.1:{database.port}: ")
            assert "assword" in err or "uthentication" in err


@pytest.mark.parametrize("scheme", ["redis", "memcached"])
def test_a_server_that_does_not_answer_is_named(scheme: str) -> None:
    port = free_port()
    status, _, err = run("geartrain", "import", f"{scheme}://127.0.0.1:{port}")
    assert status == 1
    assert f"on 127.0.0.1:{port}: " in err
    assert "refused" in err
    assert err.count("\n") == 1
