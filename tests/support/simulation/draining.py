"""Workers that do all there is to do."""

from __future__ import annotations

from collections.abc import Sequence

from geartrain.engine.model.addressees import is_addressed
from geartrain.engine.records import JobRecord
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request as packet
from tests.support.simulation.connections import Connection, Request
from tests.support.simulation.rest import check_rest
from tests.support.simulation.server_under_test import (
    CLIENT_IDS,
    FUNCTIONS,
    ServerUnderTest,
)

__all__ = ["drain", "drain_all"]


def drain(server: ServerUnderTest, *functions: bytes) -> None:
    """Run all jobs that are ready, and check that none is left and their order."""
    server.settle()
    # What could not be read is asked for again by then.
    server.advance(1.0)
    last: dict[tuple[bytes, int, bytes], int] = {}
    for client_id in _needed(server):
        worker = server.connect(client_id, *functions)
        _run_all(server, worker, last)
        server.disconnect(worker)
        server.settle()
    for record in server.store.jobs().values():
        now = server.engine.state.time_by(record.is_steady)
        is_due = record.function in functions and record.due <= now
        if is_due and not _is_held(server, record):
            job = server.engine.state.jobs.get(record.handle)
            assert job is not None, f"{record.handle!r} is stuck"
            is_behind = job in job.function.behind
            assert is_behind or job in job.function.running, (
                f"{record.handle!r} is stuck"
            )


def _needed(server: ServerUnderTest) -> Sequence[bytes]:
    """Return the ids of the workers that it takes, the first once more in the end.

    Some jobs are for one worker alone, and others may have to wait for these.
    """
    jobs = [*server.store.jobs().values(), *server.engine.state.jobs.values()]
    if any(is_addressed(each.flow_key) for each in jobs):
        return (*CLIENT_IDS, CLIENT_IDS[0])
    return CLIENT_IDS[:1]


def _run_all(
    server: ServerUnderTest,
    worker: Connection,
    last: dict[tuple[bytes, int, bytes], int],
) -> None:
    """Run all jobs that a worker is given, and check their order."""
    for _ in range(1000):
        handle = _next(server, worker)
        if not handle:
            return
        _check_order(server, handle, last)
        server.ledger.ending = handle
        server.send(worker, packet(PacketType.WORK_COMPLETE, handle, b""))
    raise AssertionError("there is no end of jobs")


def _is_held(server: ServerUnderTest, record: JobRecord) -> bool:
    """Tell whether a job has to wait for others of its function or flow key."""
    state = server.engine.state
    function = state.functions[record.function]
    now = state.server_time()
    flow = function.flow
    if flow is not None and not flow.allowed(len(function.running), now):
        return True
    keys = function.keys()
    key = None if keys is None else keys.live.get(record.flow_key)
    if keys is None or key is None:
        return False
    return not keys.may_start(key, now)


def _next(server: ServerUnderTest, worker: Connection) -> bytes:
    """Grab a job, again and again while the store brings others."""
    while True:
        request = Request("grab", server.ledger.step)
        data = packet(PacketType.GRAB_JOB)
        server.send(worker, data, request, during="grab")
        assert not worker.pending
        if worker.assigned:
            return worker.assigned.popitem()[0]
        if server.is_settled():
            return b""
        server.settle()


def _check_order(
    server: ServerUnderTest,
    handle: bytes,
    last: dict[tuple[bytes, int, bytes], int],
) -> None:
    """Check that a job comes in its turn among those of its key, if it always was."""
    entry = server.ledger.entries[handle]
    if entry.is_immediate and entry.background:
        key = server.engine.state.jobs[handle].flow_key
        queue = (entry.function, entry.priority, key)
        assert entry.number > last.get(queue, 0), f"{handle!r} comes late"
        last[queue] = entry.number


def _asked(server: ServerUnderTest) -> Request:
    return Request("place", server.ledger.step)


def _drop_dead(server: ServerUnderTest) -> None:
    """Drop all dead letters: what waits for their success waits until then."""
    admin = server.connect(b"")
    server.send(admin, b"dead drop all\n", _asked(server))
    server.settle()
    server.disconnect(admin)


def drain_all(server: ServerUnderTest) -> None:
    """Run all jobs there are and will be, and check that nothing is left."""
    server.settle()
    check_rest(server)
    admin = server.connections[0]
    for handle, schedule in list(server.engine.state.schedules.items()):
        if not schedule.is_clients():
            server.send(admin, b"schedule pause %s\n" % handle, _asked(server))
            continue
        server.ledger.cancelling.add(handle)
        request = Request("cancel", server.ledger.step, handle)
        server.send(admin, b"cancel job %s\n" % handle, request)
    for worker in list(server.connections):
        server.disconnect(worker)
    for seconds in (0.0, 10.0, *[10_000.0] * 8):
        server.advance(seconds)
        _drop_dead(server)
        drain(server, *FUNCTIONS)
    state = server.engine.state
    for schedule in state.schedules.values():
        assert not schedule.outstanding(), f"{schedule.handle!r} waits for nothing"
    assert not state.jobs
    assert not server.store.jobs()
    assert all(not each.job_count() for each in state.functions.values())
