"""Workers that do all there is to do."""

from __future__ import annotations

from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request as packet
from tests.support.simulation.connections import Connection, Request
from tests.support.simulation.rest import check_rest
from tests.support.simulation.server_under_test import FUNCTIONS, ServerUnderTest

__all__ = ["drain", "drain_all"]


def drain(server: ServerUnderTest, *functions: bytes) -> None:
    """Run all jobs that are ready, and check that none is left and their order."""
    server.settle()
    # What could not be read is asked for again by then.
    server.advance(1.0)
    worker = server.connect(*functions)
    last: dict[tuple[bytes, int], int] = {}
    for _ in range(1000):
        handle = _next(server, worker)
        if not handle:
            break
        _check_order(server, handle, last)
        server.ledger.ending = handle
        server.send(worker, packet(PacketType.WORK_COMPLETE, handle, b""))
    else:
        raise AssertionError("there is no end of jobs")
    server.disconnect(worker)
    server.settle()
    for record in server.store.jobs().values():
        now = server.engine.state.time_by(record.is_steady)
        if record.function in functions and record.due <= now:
            job = server.engine.state.jobs.get(record.handle)
            assert job is not None, f"{record.handle!r} is stuck"
            assert job in job.function.running, f"{record.handle!r} is stuck"


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
    server: ServerUnderTest, handle: bytes, last: dict[tuple[bytes, int], int]
) -> None:
    """Check that a job comes in its turn, if it has always been in it."""
    entry = server.ledger.entries[handle]
    if entry.is_immediate and entry.background:
        queue = (entry.function, entry.priority)
        assert entry.number > last.get(queue, 0), f"{handle!r} comes late"
        last[queue] = entry.number


def drain_all(server: ServerUnderTest) -> None:
    """Run all jobs there are and will be, and check that nothing is left."""
    server.settle()
    check_rest(server)
    admin = server.connections[0]
    for handle in list(server.engine.state.schedules):
        server.ledger.cancelling.add(handle)
        request = Request("cancel", server.ledger.step, handle)
        server.send(admin, b"cancel job %s\n" % handle, request)
    for worker in list(server.connections):
        server.disconnect(worker)
    for seconds in (0.0, 10.0, 10_000.0, 10_000.0):
        server.advance(seconds)
        drain(server, *FUNCTIONS)
    state = server.engine.state
    assert not state.jobs
    assert not server.store.jobs()
    assert all(not each.job_count() for each in state.functions.values())
