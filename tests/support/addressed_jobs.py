"""Workers that jobs are addressed to, and broadcasts."""

from __future__ import annotations

import json
from typing import Any

from tests.support.dialogue import Answer, DialoguePeer, World
from tests.support.stored_engine import rows, stored

__all__ = [
    "addressing",
    "batch_left",
    "end_next",
    "lines_of",
    "named_worker",
    "submitted",
    "told",
]


def addressing(window: int = 10) -> World:
    """Return a world with a store where names of functions may have options."""
    made = stored(window)
    made.policy(b"*", options_in_names=True)
    return made


def named_worker(
    world: World,
    name: bytes,
    address: bytes = b"127.0.0.1",
    *,
    function: bytes = b"f",
    finds: bool = False,
) -> DialoguePeer:
    """Return a worker that has an id, unless it is empty, and sleeps.

    One that ``finds`` jobs for it is woken at once.
    """
    worker = world.connect(address)
    if name:
        worker.set_client_id(name)
    worker.can_do(function)
    worker.pre_sleep()
    assert bool(worker.received) == finds
    return worker


def submitted(client: DialoguePeer, name: bytes, *, background: bool = True) -> bytes:
    """Submit a job; return its handle."""
    submit = client.submit_job_bg if background else client.submit_job
    submit(name, b"", b"w")
    created = [each for each in client.received if each.name != "noop"]
    assert [each.name for each in created] == ["job_created"], created
    return created[0].arguments[0]


def end_next(worker: DialoguePeer, result: bytes | None = b"") -> bytes:
    """Have a worker do its next job, or fail it; return its handle, if there is one."""
    worker.grab_job()
    answer = next(each for each in worker.received if each.name != "noop")
    if answer.name == "no_job":
        return b""
    handle = answer.arguments[0]
    if result is None:
        worker.work_fail(handle)
    else:
        worker.work_complete(handle, result)
    worker.wait(0)
    return handle


def lines_of(data: bytes) -> list[dict[str, Any]]:
    """Read what jobs of a broadcast came to, a line for each."""
    assert data.endswith(b"\n")
    return [json.loads(line) for line in data.splitlines()]


def told(answers: list[Answer]) -> list[tuple[Any, ...]]:
    """Return worker, host, outcome and result of all that a client was told."""
    found = []
    for answer in answers:
        if answer.name == "work_data":
            for line in lines_of(answer.arguments[1]):
                came_to = line.get("result") or line.get("error")
                found.append((line["worker"], line["host"], line["outcome"], came_to))
    return found


def batch_left(world: World) -> int:
    """Return how many jobs of the only batch have not ended."""
    (row,) = rows(world.admin(), "batches")
    return int(row["left"])
