"""How many jobs of a backlog are not done, asked of the server that keeps them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg

from benchmarks.errors import LoadError
from tests.support.servers import RunningServer

Waiting = Callable[[], int]
"""Returns how many jobs wait or run."""

Backlog = Callable[[RunningServer], AbstractContextManager[Waiting]]

NOOP = "noop"
"""The function whose jobs are a backlog."""


@contextmanager
def of_gearman(server: RunningServer) -> Iterator[Waiting]:
    """Count by the text command ``status``."""
    with server.connect() as connection:
        yield lambda: _status(connection)


def _status(connection: socket.socket) -> int:
    connection.sendall(b"status\n")
    answer = b""
    while not (answer == b".\n" or answer.endswith(b"\n.\n")):
        more = connection.recv(65536)
        if not more:
            raise LoadError("the job server closed a connection that asked for status")
        answer += more
    rows = (line.split("\t") for line in answer.decode().splitlines())
    return sum(int(row[1]) for row in rows if row[0] == NOOP)


def of_redis(*keys: str) -> Backlog:
    """Count what these lists, hashes and sorted sets of Redis hold."""

    @contextmanager
    def opened(server: RunningServer) -> Iterator[Waiting]:
        with server.connect() as connection:
            yield lambda: sum(_length(connection, key) for key in keys)

    return opened


def of_postgresql(query: str) -> Backlog:
    """Count by what a query returns."""

    @contextmanager
    def opened(server: RunningServer) -> Iterator[Waiting]:
        url = f"postgresql://jobs@{server.address}/postgres"
        with psycopg.connect(url, autocommit=True) as connection:
            yield lambda: _counted(connection, query.encode())

    return opened


def _counted(connection: psycopg.Connection, query: bytes) -> int:
    ((count,),) = connection.execute(query).fetchall()
    return int(count)


_LENGTH = {"list": "LLEN", "hash": "HLEN", "zset": "ZCARD", "none": ""}


def _length(connection: socket.socket, key: str) -> int:
    kind = _asked(connection, f"TYPE {key}").removeprefix("+")
    command = _LENGTH[kind]
    return int(_asked(connection, f"{command} {key}")[1:]) if command else 0


def _asked(connection: socket.socket, command: str) -> str:
    """Return the one line that Redis answers to an inline command."""
    connection.sendall(command.encode() + b"\r\n")
    answer = b""
    while not answer.endswith(b"\r\n"):
        more = connection.recv(65536)
        if not more:
            raise LoadError(f"Redis closed the connection while it answered {command}")
        answer += more
    return answer.decode().strip()
