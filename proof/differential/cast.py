"""Peers with which many scenarios begin."""

from __future__ import annotations

from proof.differential.player import Connection, Player
from proof.differential.wire import PacketType as Type


def worker(play: Player, *functions: bytes, name: str = "worker") -> Connection:
    """Connect a worker that can do ``functions``."""
    connection = play.connect(name)
    for function in functions:
        connection.send(Type.CAN_DO, function)
    return connection


def sleeper(play: Player, *functions: bytes, name: str = "worker") -> Connection:
    """Connect a worker that can do ``functions`` and sleeps."""
    connection = worker(play, *functions, name=name)
    connection.send(Type.PRE_SLEEP)
    return connection


def busy_worker(play: Player, client: Connection, unique: bytes = b"u") -> Connection:
    """Have ``client`` submit a job of ``f`` and a new worker grab it."""
    client.send(Type.SUBMIT_JOB, b"f", unique, b"work")
    connection = worker(play, b"f")
    connection.send(Type.GRAB_JOB)
    return connection


def tables(admin: Connection) -> None:
    """Ask for every table that counts jobs."""
    admin.text("status")
    admin.text("prioritystatus")
    admin.text("show jobs")
