"""Quotas: how many jobs each owner has that wait or run, and how large they are.

A job counts from its submission until its end: it may be retried, moved, left to the
store and read again, and counts once. A dead letter does not count until somebody
retries it. An owner with such a limit is named in its jobs (``StoredJob.owner``), and
the store keeps with each batch how many jobs of it that batch leaves, so that a restart
knows without a look at any job.

That number is written with the jobs as they are submitted. The store leaves out those
that it refuses, or finds to be others' twins (``kept_entries``).
"""

from __future__ import annotations

from geartrain.engine.inventory import Inventory
from geartrain.engine.kept_entries import OWNER
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.limits import Load, Usage
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.schedules import Schedule
from geartrain.engine.records import Entry
from geartrain.engine.state.limits import retire, usage_of, whose
from geartrain.engine.state.state import State
from geartrain.protocol.packets import Packet
from geartrain.texts import shown

__all__ = [
    "adopt",
    "begin",
    "begin_schedule",
    "end",
    "end_schedule",
    "excess",
    "keep",
    "load_text",
    "owner_of",
    "read_load",
    "recurring_excess",
    "resize",
    "restore",
    "unkeep",
]


def owner_of(peer: Peer) -> bytes:
    """Return whom a peer's jobs are counted for; empty for nobody."""
    for usage in peer.usages:
        if usage.limits.jobs or usage.limits.size:
            return usage.owner
    return b""


def excess(state: State, job: Job) -> bytes:
    """Return why the owner of a job may not have it as well; empty if it may."""
    usage = usage_of(state, job.owner)
    return _excess(usage, usage.waiting, job.size, "jobs that wait or run")


def recurring_excess(
    state: State, peer: Peer, packet: Packet, replaced: Schedule | None
) -> bytes:
    """Return why a peer may not submit a recurring job; empty if it may."""
    owner = owner_of(peer)
    if not owner:
        return b""
    usage = usage_of(state, owner)
    size = len(packet.arguments[7]) + sum(map(len, packet.more))
    load = Load(usage.recurring.jobs, usage.recurring.size)
    if replaced is not None and replaced.owner == owner:
        load.remove(_size_of(replaced))
    return _excess(usage, load, size, "recurring jobs")


def begin(state: State, job: Job) -> None:
    """Count a job that begins to wait."""
    usage_of(state, job.owner).waiting.add(job.size)
    if job.batch:
        keep(state, job)


def keep(state: State, job: Job) -> None:
    """Count a job that the batch which gathers will keep."""
    usage = usage_of(state, job.owner)
    usage.kept.add(job.size)
    _record(state, usage)


def unkeep(state: State, job: Job) -> None:
    """Count a job no more that no store keeps after all; it may still run."""
    usage = usage_of(state, job.owner)
    usage.kept.remove(job.size)
    _record(state, usage)


def resize(state: State, job: Job, more: int) -> None:
    """Note that a job's workload has so many bytes more, and the batch has that."""
    usage = usage_of(state, job.owner)
    usage.waiting.size += more
    if job.batch:
        usage.kept.size += more
        _record(state, usage)


def end(state: State, job: Job) -> None:
    """Count a job no more: it has ended."""
    usage = usage_of(state, job.owner)
    usage.waiting.remove(job.size)
    if job.batch:
        unkeep(state, job)
    retire(state, usage)


def begin_schedule(state: State, schedule: Schedule) -> None:
    """Count a recurring job."""
    if schedule.owner:
        usage_of(state, schedule.owner).recurring.add(_size_of(schedule))


def end_schedule(state: State, schedule: Schedule) -> None:
    """Count a recurring job no more."""
    if schedule.owner:
        usage = usage_of(state, schedule.owner)
        usage.recurring.remove(_size_of(schedule))
        retire(state, usage)


def restore(state: State, inventory: Inventory) -> None:
    """Count again what an earlier life left in the store."""
    is_any = any(queue.ready or queue.delayed for queue in inventory.queues)
    for entry in inventory.entries:
        if entry.kind != OWNER:
            continue
        waiting, kept = read_load(entry.value), read_load(entry.value)
        if is_any and waiting is not None and kept is not None:
            usage = usage_of(state, entry.key)
            usage.waiting, usage.kept = waiting, kept
        else:
            state.journal.remove(OWNER, entry.key)


def adopt(state: State, entries: list[Entry]) -> None:
    """Count what another job server has left to this one, too."""
    for entry in entries:
        left = read_load(entry.value) if entry.kind == OWNER else None
        if left is None:
            continue
        usage = usage_of(state, entry.key)
        for load in (usage.waiting, usage.kept):
            load.jobs += left.jobs
            load.size += left.size
        _record(state, usage)


def load_text(load: Load) -> bytes:
    """Return a load as the value of an entry."""
    return b"%d %d" % (load.jobs, load.size)


def read_load(value: bytes) -> Load | None:
    """Return the load that the value of an entry stands for; None if it is none."""
    jobs, _, size = value.partition(b" ")
    return Load(int(jobs), int(size)) if jobs.isdigit() and size.isdigit() else None


def _record(state: State, usage: Usage) -> None:
    """Have the store keep what it will have of an owner's jobs."""
    kept = usage.kept
    if kept.jobs:
        state.journal.put(OWNER, usage.owner, load_text(kept))
    else:
        state.journal.remove(OWNER, usage.owner)


def _size_of(schedule: Schedule) -> int:
    return len(schedule.workload) + sum(map(len, schedule.more))


def _excess(usage: Usage, load: Load, size: int, what: str) -> bytes:
    limits = usage.limits
    who = shown(usage.owner)
    if limits.jobs and load.jobs >= limits.jobs:
        return (
            f"{who} has {load.jobs} {what}, and {whose(usage, 'jobs')} allows"
            f" {limits.jobs}: try again when some have ended"
        ).encode()
    if limits.size and load.size + size > limits.size:
        return (
            f"the {what} of {who} have {load.size} bytes; with {size} more they have"
            f" more than the {limits.size} that {whose(usage, 'bytes')} allows: try"
            " again when some have ended"
        ).encode()
    return b""
