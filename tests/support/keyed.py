"""Job servers with limits of flow keys, whose jobs are named after these."""

from __future__ import annotations

import json

from tests.support.dialogue import DialoguePeer, World
from tests.support.simulation import flows, structures
from tests.support.stored_engine import grab

__all__ = [
    "check",
    "drain_keyed",
    "live",
    "setting",
    "submit_keyed",
    "take",
    "workload",
]


def setting(world: World, line: str) -> None:
    assert world.admin().text(f"policy {line}") == b"OK\r\n"
    world.advance(0)


def workload(name: str) -> bytes:
    """Return the workload of a job such as ``a1``, whose key is ``a``."""
    key = {"key": name.lstrip("_")[0].lower()} if name[0] != "-" else {}
    return json.dumps({**key, "name": name}).encode()


def submit_keyed(client: DialoguePeer, *names: str) -> None:
    """Submit jobs by name: one in capitals is of high priority, after ``_`` of low."""
    for name in names:
        data = workload(name)
        if name.startswith("_"):
            client.submit_job_low_bg(b"f", b"", data)
        elif name[0].isupper():
            client.submit_job_high_bg(b"f", b"", data)
        else:
            client.submit_job_bg(b"f", b"", data)


def take(worker: DialoguePeer) -> tuple[bytes, str]:
    handle, data = grab(worker)
    return handle, json.loads(data)["name"] if data else ""


def drain_keyed(worker: DialoguePeer, most: int = 1000) -> str:
    done: list[str] = []
    for _ in range(most):
        job, name = take(worker)
        if not job:
            break
        worker.work_complete(job, b"")
        done.append(name)
    return " ".join(done)


def check(world: World) -> None:
    """Look at all structures and limits of an engine."""
    state = world.engine.state
    structures.every_job_is_in_exactly_one_place(state)
    flows.no_more_run_than_may(state)
    flows.keys_let_go_what_may_start(state)


def live(world: World) -> list[bytes]:
    """Return the keys that live."""
    function = world.engine.state.functions.get(b"f")
    keys = None if function is None else function.keys()
    return [] if keys is None else list(keys.live)
