"""Whoever waits for a job that fails is told why, if they asked for reasons."""

from __future__ import annotations

import pytest

from geartrain.protocol.constants import MAX_ARGUMENTS_SIZE
from geartrain.protocol.constants import PacketType as P
from geartrain.protocol.packets import request
from tests.support.dialogue import (
    H1,
    DialoguePeer,
    World,
    echo_res,
    error,
    job_created,
    noop,
    option_res,
    work_exception,
    work_fail,
)
from tests.support.stored_engine import stored

LARGEST = 1024 + MAX_ARGUMENTS_SIZE
REPORTS = [P.WORK_COMPLETE, P.WORK_DATA, P.WORK_WARNING, P.WORK_EXCEPTION]


def waiting(world: World) -> tuple[DialoguePeer, DialoguePeer]:
    """Return two clients of one job; the first has asked for reasons."""
    told, other = world.client(), world.client()
    told.option_req(b"reasons")
    # As PHP's client does: it is told what gearmand tells it.
    other.option_req(b"exceptions")
    for client in (told, other):
        client.submit_job(b"f", b"u", b"w")
    assert told.received == [option_res(b"reasons"), job_created(H1)]
    assert other.received == [option_res(b"exceptions"), job_created(H1)]
    return told, other


def assert_told(both: tuple[DialoguePeer, DialoguePeer], why: bytes) -> None:
    told, other = both
    assert told.received == [work_exception(H1, why)]
    assert other.received == [work_fail(H1)]


def worker_with_handles(world: World, timeout: bytes = b"0") -> DialoguePeer:
    worker = world.connect()
    worker.option_req(b"handles")
    worker.can_do_timeout(b"f", timeout)
    assert worker.received == [option_res(b"handles")]
    return worker


@pytest.mark.parametrize("piece", [0, 5000, 13])
@pytest.mark.parametrize("report", REPORTS)
def test_a_report_that_is_too_large_ends_the_attempt(report: P, piece: int) -> None:
    world = World(max_packet=1024)
    both = waiting(world)
    worker = world.worker("f")
    worker.grab_job()
    assert worker.received
    packet = request(report, H1, b"x" * LARGEST) + request(P.ECHO_REQ, b"on")
    worker.send_in_pieces(packet, piece or len(packet))
    why = b"%s of %d bytes is more than the %d this server takes" % (
        report.name.encode(),
        LARGEST + len(H1) + 1,
        LARGEST,
    )
    assert worker.received == [error(b"DATA_TOO_LARGE", why), echo_res(b"on")]
    assert_told(both, why)
    assert world.admin().text("status") == b"f\t0\t0\t1\n.\n"


def test_one_that_another_attempt_may_mend_is_tried_again() -> None:
    world = stored()
    world.policy(b"f", max_attempts=2, backoff_delay=0)
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"w")
    size = 2**31
    for _ in range(2):
        assert client.received in ([job_created(H1)], [])
        worker.grab_job()
        worker.send(request(P.WORK_COMPLETE, H1, b"")[:8] + size.to_bytes(4, "big"))
        worker.send(H1 + b"\0" + b"x" * 100)
        worker = world.worker("f")
    assert client.received == [work_fail(H1)]


def test_nobody_can_end_the_job_of_another() -> None:
    world = World(max_packet=1024)
    both = waiting(world)
    world.worker("f").grab_job()
    stranger = world.connect()
    stranger.work_complete(H1, b"x" * LARGEST)
    assert stranger.received[0].arguments[0] == b"DATA_TOO_LARGE"
    assert [client.received for client in both] == [[], []]
    assert world.admin().text("status") == b"f\t1\t1\t1\n.\n"


def test_a_worker_may_be_told_which_job_an_error_is_about(world: World) -> None:
    worker = worker_with_handles(world)
    worker.work_complete(b"H:gone", b"")
    worker.work_data(b"H:gone", b"")
    worker.work_exception(b"H:gone", b"")
    assert [answer.arguments[1] for answer in worker.received] == [
        b"Job given in work result not found: H:gone",
        b"Job does not exist on server: H:gone",
        b"An exception was received for a job that does not exist: H:gone",
    ]


def test_the_timeout_of_such_a_worker_fails_the_job(world: World) -> None:
    both = waiting(world)
    worker = worker_with_handles(world, b"2500")
    worker.grab_job()
    assert [each.name for each in worker.received] == ["job_assign"]
    world.advance(2.5)
    taken = b"Job is not this worker's any more: " + H1
    assert worker.received == [error(b"JOB_TAKEN", taken)]
    assert_told(both, b"timed out after 2.5 s")
    assert world.admin().text("status") == b"f\t0\t0\t1\n.\n"


def test_a_policy_may_grant_an_attempt_after_it() -> None:
    world = stored()
    world.policy(b"f", max_attempts=2, backoff_delay=0)
    both = waiting(world)
    for _ in range(2):
        assert [client.received for client in both] == [[], []]
        worker = worker_with_handles(world, b"1000")
        worker.grab_job()
        world.advance(1)
        worker.leave()
    assert_told(both, b"timed out after 1 s")


def test_the_timeout_of_a_policy_says_so() -> None:
    world = stored()
    world.policy(b"f", timeout=3)
    both = waiting(world)
    world.worker("f").grab_job()
    world.advance(3)
    assert_told(both, b"timed out after 3 s")


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        (1, b"lost its worker: killed by signal 9"),
        (2, b"lost its worker 2 times: killed by signal 9"),
    ],
)
def test_how_the_worker_was_lost_is_told(limit: int, why: bytes) -> None:
    world = World(max_crashes=limit)
    both = waiting(world)
    operator = world.admin()
    for _ in range(limit):
        world.worker("f").grab_job()
        command = b"fail job %s reason=crash error=killed%%20by%%20signal%%209" % H1
        assert operator.text(command) == b"OK\r\n"
    assert_told(both, why)


def test_a_worker_that_only_leaves_has_no_reason() -> None:
    world = World(max_crashes=1)
    both = waiting(world)
    worker = world.worker("f")
    worker.grab_job()
    worker.leave()
    assert_told(both, b"lost its worker")


def test_a_cancelled_job_says_so(world: World) -> None:
    both = waiting(world)
    assert world.admin().text(b"cancel job " + H1).startswith(b"OK")
    assert_told(both, b"cancelled")


def test_a_foreign_worker_s_timeout_stays_the_loss_of_a_worker(world: World) -> None:
    both = waiting(world)
    worker = world.connect()
    worker.can_do_timeout(b"f", b"1000")
    worker.grab_job()
    other = world.sleeper("f")
    world.advance(1)
    assert other.received == [noop()]
    assert [client.received for client in both] == [[], []]
