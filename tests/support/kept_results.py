"""Worlds that keep results, and what is told of these."""

from __future__ import annotations

from typing import Any

from geartrain.engine.results import FindResult
from tests.support.dialogue import DialoguePeer, World
from tests.support.stored_engine import grab, read_rows, rows, stored


def keeping(**settings: Any) -> World:
    """Return a world that keeps the results of function f for a minute."""
    world = stored(settings.pop("window", 10))
    world.policy(b"f", result_ttl=60.0, **settings)
    return world


def told(world: World, name: str = "H:test:1") -> dict[str, Any]:
    """Return the row of a job."""
    (row,) = rows(world.admin(), f"result {name}")
    return row


def kept(world: World) -> list[int]:
    """Return the numbers of the jobs up to 3,000 whose results the store has."""
    assert world.store is not None
    queries = [FindResult(0.0, number) for number in range(1, 3000)]
    for query in queries:
        world.store.find_result(query)
    return [each.number for each in queries if each.record is not None]


def run(world: World, *data: bytes, result: bytes = b"") -> DialoguePeer:
    """Have a worker do the next job."""
    worker = world.worker("f")
    handle, _ = grab(worker)
    for each in data:
        worker.work_data(handle, each)
    worker.work_complete(handle, result)
    return worker


def last_row(peer: DialoguePeer) -> dict[str, Any]:
    """Return the row that a peer has been sent, and nothing else."""
    (answer,) = peer.received
    assert answer.name == "text"
    (row,) = read_rows(answer.arguments[0])
    return row
