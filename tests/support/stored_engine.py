"""Job servers with a store, and what their operators and workers see of them."""

from __future__ import annotations

import json
from typing import Any

from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import DialoguePeer, World

# A day, for jobs that are not to run in this dialogue.
DAY = 86_400.0


def stored(window: int = 10, **options: Any) -> World:
    """Return a world with a store in memory and nothing in it."""
    return World(store=MemoryStore(), window=window, **options)


def handle(number: int) -> bytes:
    return b"H:test:%d" % number


def submit(client: DialoguePeer, *workloads: str, function: bytes = b"f") -> None:
    """Submit background jobs; workloads in capitals are of high priority."""
    for workload in workloads:
        data = workload.encode()
        if workload.startswith("_"):
            client.submit_job_low_bg(function, b"", data)
        elif workload[0].isupper():
            client.submit_job_high_bg(function, b"", data)
        else:
            client.submit_job_bg(function, b"", data)


def submit_unique(
    client: DialoguePeer, *workloads: str, unique: bytes = b"u"
) -> list[bytes]:
    """Submit workloads in the background; return the handles they get."""
    for workload in workloads:
        client.submit_job_bg(b"f", unique, workload.encode())
    return [answer.arguments[0] for answer in client.received]


def submit_due(
    client: DialoguePeer, when: float, workload: str, unique: str = ""
) -> None:
    """Submit a job to function f that is due at a time since 1970."""
    data = workload.encode()
    client.submit_job_epoch(b"f", unique.encode(), b"%.3f" % when, data)


def grab(worker: DialoguePeer) -> tuple[bytes, str]:
    """Grab a job; return its handle and workload, both empty if there is none."""
    worker.grab_job()
    (answer,) = worker.received
    if answer.name == "no_job":
        return b"", ""
    return answer.arguments[0], answer.arguments[2].decode()


def drain(worker: DialoguePeer) -> str:
    """Do jobs until there is none; return their workloads in order."""
    done: list[str] = []
    while True:
        job, workload = grab(worker)
        if not job:
            return " ".join(done)
        worker.work_complete(job, b"")
        done.append(workload)


def numbers_in_memory(world: World) -> list[int]:
    """Return the numbers of the jobs the engine has, in order."""
    state = world.engine.state
    return sorted(job.number for job in state.jobs.values())


def counts(world: World, function: str = "f") -> tuple[int, int]:
    """Return how many jobs ``status`` says there are, and how many run."""
    for line in world.admin().text("status").decode().splitlines():
        name, total, running, *_ = line.split("\t") if "\t" in line else [".", "0", "0"]
        if name == function:
            return int(total), int(running)
    return 0, 0


def read_rows(answer: bytes) -> list[dict[str, Any]]:
    """Read the rows of a list, which must have its end."""
    *lines, end, rest = answer.split(b"\n")
    assert (end, rest) == (b".", b""), answer
    return [json.loads(line) for line in lines]


def rows(peer: DialoguePeer, line: str) -> list[dict[str, Any]]:
    """Return what a text command lists."""
    return read_rows(peer.text(line))


def listed(peer: DialoguePeer, line: str = "jobs") -> list[dict[str, Any]]:
    """Return all rows of a list that comes in slices."""
    found: list[dict[str, Any]] = []
    slice_ = rows(peer, line)
    while slice_ and "after" in slice_[-1]:
        after = slice_.pop()["after"]
        found += slice_
        slice_ = rows(peer, f"{line} after={after}")
    return found + slice_


def counted(world: World, function: str = "f") -> dict[str, int]:
    """Return a function's counters that are not 0."""
    for row in rows(world.admin(), "counters"):
        if row.pop("function") == function:
            return {name: count for name, count in row.items() if count}
    return {}


def bury(world: World, client: DialoguePeer, *workloads: str) -> None:
    """Submit jobs to function f and have each fail for good."""
    worker = world.worker("f")
    for workload in workloads:
        submit(client, workload)
        job, _ = grab(worker)
        worker.work_fail(job)
    assert len([each for each in client.received if each.name == "job_created"])
    worker.leave()


def with_paged(*uniques: bytes) -> World:
    """Return a world with job 1 in memory, and then jobs with uniques that are not."""
    world = stored(1)
    client = world.client()
    submit(client, "first")
    for unique in uniques:
        client.submit_job_bg(b"f", unique, unique)
    # A unique's job leaves with the batch after its own.
    submit(client, "last")
    assert numbers_in_memory(world) == [1]
    return world
