"""Sockets handed over are found by those they are for, and nothing else is taken."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from geartrain.errors import ListenError
from geartrain.transport import activation
from geartrain.transport.activation import take_listeners


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Return the number of the first descriptor that counts as handed over.

    The next one is free, too.
    """
    with ExitStack() as stack:
        number = os.open(os.devnull, os.O_RDONLY)
        stack.callback(os.close, number)
        high = os.dup2(number, 900)
        os.close(high)
        monkeypatch.setattr(activation, "_FIRST", high)
        yield high


def variables(count: object, pid: object = None) -> dict[str, str]:
    number = os.getpid() if pid is None else pid
    return {"LISTEN_PID": str(number), "LISTEN_FDS": str(count), "HOME": "/"}


def hand_over(made: socket.socket, number: int) -> None:
    os.dup2(made.fileno(), number)
    made.close()


def test_listening_sockets_are_taken(first: int) -> None:
    made = socket.create_server(("127.0.0.1", 0))
    address = made.getsockname()
    hand_over(made, first)
    environment = variables(1)
    (taken,) = take_listeners(environment).jobs
    with taken:
        assert taken.fileno() == first
        assert taken.getsockname() == address
        assert not taken.getblocking()
        assert not os.get_inheritable(first)
    assert environment == {"HOME": "/"}


def test_a_unix_socket_is_taken_beside_another(first: int) -> None:
    hand_over(socket.create_server(("127.0.0.1", 0)), first)
    unix = socket.socket(socket.AF_UNIX)
    unix.bind("\0geartrain-test-activation")
    unix.listen()
    hand_over(unix, first + 1)
    with ExitStack() as stack:
        taken = [
            stack.enter_context(each) for each in take_listeners(variables(2)).jobs
        ]
        assert [each.family for each in taken] == [socket.AF_INET, socket.AF_UNIX]


@pytest.mark.parametrize(
    ("names", "jobs", "http"),
    [
        ("http:geartrain.socket", 1, 1),
        ("geartrain.socket:http", 1, 1),
        ("http:http", 0, 2),
        ("http", 1, 1),
        ("unknown:unknown:http", 2, 0),
        ("http:admin", 0, 1),
    ],
)
def test_names_say_what_is_served(names: str, jobs: int, http: int, first: int) -> None:
    for number in range(2):
        hand_over(socket.create_server(("127.0.0.1", 0)), first + number)
    environment = {**variables(2), "LISTEN_FDNAMES": names}
    taken = take_listeners(environment)
    with ExitStack() as stack:
        for each in (*taken.jobs, *taken.http, *taken.admin):
            stack.enter_context(each)
        assert (len(taken.jobs), len(taken.http)) == (jobs, http)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_PID": str(os.getpid())},
        variables(1, pid=os.getppid()),
        variables(1, pid=""),
        variables("many"),
        variables(0),
        variables("-1"),
    ],
)
def test_what_is_for_others_is_left_alone(
    environment: dict[str, str], first: int
) -> None:
    assert not any(take_listeners(environment))
    assert not {"LISTEN_PID", "LISTEN_FDS"} & environment.keys()


def test_a_closed_descriptor_is_refused(first: int) -> None:
    with pytest.raises(ListenError, match=r"descriptor 900, .* ListenStream="):
        take_listeners(variables(1))


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_socket_that_does_not_listen_is_refused(
    kind: socket.SocketKind, first: int
) -> None:
    hand_over(socket.create_server(("127.0.0.1", 0)), first)
    hand_over(socket.socket(socket.AF_INET, kind), first + 1)
    with pytest.raises(ListenError, match="descriptor 901"):
        take_listeners(variables(2))
    os.close(first + 1)
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(first)


def test_a_file_is_refused(first: int) -> None:
    file = os.open(os.devnull, os.O_RDONLY)
    os.dup2(file, first)
    os.close(file)
    with pytest.raises(ListenError, match="is no socket that accepts"):
        take_listeners(variables(1))
    os.close(first)
