"""One job server as a worker of another: dialogues of two engines and a line."""

from __future__ import annotations

import pytest

from geartrain.errors import ProtocolError
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import encode, request
from tests.support.dialogue import (
    DialoguePeer,
    echo_res,
    error,
    job_assign,
    job_assign_all,
    job_assign_uniq,
    job_created,
    no_job,
    noop,
    option_res,
    work_complete,
    work_data,
    work_exception,
    work_fail,
    work_status,
    work_warning,
)
from tests.support.helped import Helped

P1, P2, P3 = b"H:peer:1", b"H:peer:2", b"H:peer:3"
H1, H2 = b"H:here:1", b"H:here:2"


@pytest.fixture
def helped() -> Helped:
    return Helped()


def grabbed(worker: DialoguePeer, handle: bytes, workload: bytes = b"w") -> None:
    """Have a woken worker take this job of the function ``f``."""
    assert worker.received == [noop()]
    worker.grab_job_uniq()
    assert worker.received == [job_assign_uniq(handle, b"f", b"", workload)]


def test_a_worker_here_does_a_job_of_the_peer(helped: Helped) -> None:
    line = helped.link()
    helped.client.submit_job(b"f", b"", b"w")
    line.run()
    grabbed(helped.workers[0], H1)
    helped.workers[0].work_data(H1, b"one")
    helped.workers[0].work_warning(H1, b"two")
    helped.workers[0].work_status(H1, b"1", b"2")
    helped.workers[0].work_complete(H1, b"three")
    line.run()
    assert helped.client.received == [
        job_created(P1),
        work_data(P1, b"one"),
        work_warning(P1, b"two"),
        work_status(P1, b"1", b"2"),
        work_complete(P1, b"three"),
    ]
    assert line.record.taken == 1
    assert line.record.running == 0
    assert line.group.claims == 0


def test_unique_reducer_and_headers_arrive(helped: Helped) -> None:
    line = helped.link(sleepers=0)
    worker = helped.here.worker("f")
    worker.option_req(b"headers")
    worker.pre_sleep()
    line.form()
    helped.client.option_req(b"headers\0trace\0abc")
    helped.client.submit_reduce_job(b"f", b"u", b"sum", b"", b"w")
    line.run()
    assert worker.received == [option_res(b"headers"), noop()]
    worker.grab_job_all()
    assert worker.received == [
        option_res(b"headers\0trace\0abc"),
        job_assign_all(H1, b"f", b"u", b"sum", b"w"),
    ]


def test_exceptions_go_to_clients_that_asked_and_failures_to_all(
    helped: Helped,
) -> None:
    line = helped.link(sleepers=2)
    other = helped.peer.client()
    other.option_req(b"exceptions")
    helped.client.submit_job(b"f", b"", b"1")
    other.submit_job(b"f", b"", b"2")
    line.run()
    for worker in helped.workers:
        worker.grab_job()
        (assigned,) = [each for each in worker.received if each != noop()]
        worker.work_exception(assigned.arguments[0], b"bad")
    line.run()
    assert helped.client.received == [job_created(P1), work_fail(P1)]
    assert other.received == [
        option_res(b"exceptions"),
        job_created(P2),
        work_exception(P2, b"bad"),
    ]


def test_a_failed_job_is_tried_again_as_the_peer_says(helped: Helped) -> None:
    line = helped.link()
    helped.peer.policy(b"f", max_attempts=2)
    helped.here.policy(b"f", max_attempts=9)
    helped.client.submit_job(b"f", b"", b"w")
    line.run()
    worker = helped.workers[0]
    grabbed(worker, H1)
    worker.work_fail(H1)
    worker.pre_sleep()
    line.run()
    grabbed(worker, H2)
    worker.work_fail(H2)
    line.run()
    assert helped.client.received == [job_created(P1), work_fail(P1)]


def test_as_many_jobs_are_taken_as_workers_sleep(helped: Helped) -> None:
    line = helped.link(sleepers=3)
    for _ in range(5):
        helped.client.submit_job_bg(b"f", b"", b"w")
    line.run()
    assert line.line.at_hand == 3
    assert [worker.received for worker in helped.workers] == [[noop()]] * 3
    for worker in helped.workers:
        worker.grab_job()
    first = helped.workers[0]
    handle = first.received[0].arguments[0]
    first.work_complete(handle, b"")
    first.grab_job()
    assert first.received == [no_job()]
    first.pre_sleep()
    line.run()
    assert line.record.taken == 4
    assert first.received == [noop()]


def test_many_are_taken_in_few_packets(helped: Helped) -> None:
    line = helped.link(sleepers=50)
    for _ in range(50):
        helped.client.submit_job_bg(b"f", b"", b"w")
    line.sent.clear()
    line.run()
    assert line.line.at_hand == 50
    assert len(line.sent) < 8


def test_nothing_is_asked_of_a_peer_while_no_worker_is_free(helped: Helped) -> None:
    line = helped.link(sleepers=0)
    helped.here.worker("f").grab_job()
    line.form()
    helped.client.submit_job_bg(b"f", b"", b"w")
    line.run()
    assert line.line.at_hand == 0
    assert helped.peer.connect().text("status") == b"f\t1\t0\t1\n.\n"


def test_a_node_without_a_free_worker_lets_another_be_woken(helped: Helped) -> None:
    line = helped.link()
    # Its own client takes the only worker.
    helped.here.client().submit_job_bg(b"f", b"", b"own")
    other = helped.peer.connect()
    other.option_req(b"node\0bbbb\0third")
    other.can_do(b"f")
    other.pre_sleep()
    assert len(other.received) == 1
    helped.client.submit_job(b"f", b"", b"w")
    line.run()
    assert other.received == [noop()]
    assert line.line.at_hand == 0


def test_a_worker_of_the_peer_is_woken_before_a_node(helped: Helped) -> None:
    line = helped.link()
    own = helped.peer.sleeper("f")
    for _ in range(2):
        helped.client.submit_job_bg(b"f", b"", b"w")
    line.run()
    assert own.received == [noop()]
    assert line.line.at_hand == 1


def test_a_peer_that_waits_is_served_out_of_turn_one_job_at_a_time(
    helped: Helped,
) -> None:
    line = helped.link()
    own = helped.here.client()
    for _ in range(3):
        own.submit_job_bg(b"f", b"", b"own")
    worker = helped.workers[0]
    worker.grab_job()
    for _ in range(3):
        helped.client.submit_job_bg(b"f", b"", b"other")
    line.run()
    assert line.line.at_hand == 0
    line.wait(1.5)
    assert line.line.at_hand == 1
    assert worker.received == [noop(), job_assign(H1, b"f", b"own")]
    workloads = []
    handle = H1
    for _ in range(4):
        worker.work_complete(handle, b"")
        worker.grab_job()
        line.run()
        handle, _, workload = worker.received[-1].arguments
        workloads.append(workload)
    assert workloads.count(b"other") >= 2
    assert b"own" in workloads


def test_a_job_that_no_worker_begins_goes_back(helped: Helped) -> None:
    line = helped.link()
    helped.client.submit_job(b"f", b"", b"w")
    line.run()
    # The worker that was woken for it leaves.
    helped.workers[0].leave()
    own = helped.peer.worker("f")
    line.wait(5.5)
    assert line.record.returned == 1
    assert line.line.at_hand == 0
    own.grab_job_uniq()
    assert own.received == [job_assign_uniq(P1, b"f", b"", b"w")]
    assert helped.here.engine.state.jobs == {}
    own.work_complete(P1, b"done")
    assert helped.client.received == [job_created(P1), work_complete(P1, b"done")]


def test_a_given_back_job_counts_no_attempt(helped: Helped) -> None:
    line = helped.link()
    helped.peer.policy(b"f", max_attempts=1, max_crashes=1)
    helped.client.submit_job(b"f", b"", b"w")
    line.run()
    line.line.stop()
    line.run()
    assert helped.client.received == [job_created(P1)]
    assert helped.peer.connect().text("status") == b"f\t1\t0\t1\n.\n"


def test_a_stop_lets_running_jobs_end(helped: Helped) -> None:
    line = helped.link()
    helped.client.submit_job(b"f", b"", b"w")
    line.run()
    grabbed(helped.workers[0], H1)
    line.line.stop()
    line.run()
    assert line.line.at_hand == 1
    helped.workers[0].work_complete(H1, b"done")
    line.run()
    assert line.line.at_hand == 0
    assert helped.client.received == [job_created(P1), work_complete(P1, b"done")]
    helped.client.submit_job(b"f", b"", b"w")
    line.run()
    assert line.line.at_hand == 0


def test_cancelling_at_the_peer_ends_the_job_here(helped: Helped) -> None:
    line = helped.link(sleepers=0)
    worker = helped.here.worker("f")
    worker.option_req(b"handles")
    worker.pre_sleep()
    line.form()
    assert worker.received == [option_res(b"handles")]
    helped.client.submit_job(b"f", b"", b"w")
    line.run()
    grabbed(worker, H1)
    assert helped.peer.connect().text(f"cancel job {P1.decode()}") == b"OK\r\n"
    line.run()
    (taken,) = worker.received
    assert taken == error(b"JOB_TAKEN", b"Job is not this worker's any more: " + H1)
    assert line.line.at_hand == 0
    assert helped.here.engine.state.jobs == {}


def test_a_refused_submission_goes_back(helped: Helped) -> None:
    line = helped.link()
    helped.here.admin().text("maxqueue f 1")
    helped.here.worker("g")
    blocker = helped.here.client()
    helped.here.policy(b"f", paused=True)
    blocker.submit_job_bg(b"f", b"", b"w")
    helped.client.submit_job_bg(b"f", b"", b"w")
    line.run()
    assert line.line.at_hand == 0
    assert line.record.returned == 1
    assert "queue is full" in line.record.error


def test_functions_that_are_paused_are_not_offered(helped: Helped) -> None:
    line = helped.link()
    assert line.line.announced == [b"f"]
    helped.here.policy(b"f", paused=True)
    line.form()
    assert line.line.announced == []
    helped.client.submit_job(b"f", b"", b"w")
    line.run()
    assert line.line.at_hand == 0
    helped.here.policy(b"f", paused=False)
    line.form()
    assert line.line.at_hand == 1


def test_a_node_of_an_earlier_version_is_not_offered_what_is_for_later(
    helped: Helped,
) -> None:
    line = helped.link()
    helped.here.policy(b"f", rate="1/5s")
    for _ in range(2):
        helped.client.submit_job(b"f", b"", b"w")
    line.run()
    grabbed(helped.workers[0], H1)
    line.form()
    refusal = encode(PacketType.ERROR, b"UNKNOWN_OPTION\0Server does not know it")
    line.line.hear_peer(refusal, helped.here.now)
    assert line.line.announced == []
    line.run()
    helped.workers[0].work_complete(H1, b"done")
    helped.workers[0].pre_sleep()
    line.run()
    assert line.line.at_hand == 0
    helped.here.advance(4.0)
    line.form()
    assert line.line.at_hand == 1


def test_a_withdrawn_function_keeps_the_job_that_runs(helped: Helped) -> None:
    line = helped.link()
    helped.client.submit_job(b"f", b"", b"w")
    line.run()
    grabbed(helped.workers[0], H1)
    helped.here.policy(b"f", paused=True)
    line.form()
    helped.workers[0].work_complete(H1, b"done")
    line.run()
    assert helped.client.received == [job_created(P1), work_complete(P1, b"done")]


def test_a_job_that_was_given_is_given_to_no_third(helped: Helped) -> None:
    line = helped.link()
    third = helped.here.connect()
    third.option_req(b"node\0cccc\0third")
    third.can_do(b"f")
    third.pre_sleep()
    assert len(third.received) == 1
    helped.client.submit_job(b"f", b"", b"w")
    line.run()
    # The worker that was woken does not come, and the node is not woken for it.
    line.wait(0.5)
    third.grab_job()
    third.pre_sleep()
    assert third.received == [no_job()]
    # What its own client submits may go to the node.
    helped.here.client().submit_job_bg(b"f", b"", b"own")
    assert third.received == [noop()]
    third.grab_job_uniq()
    assert third.received == [job_assign_uniq(H2, b"f", b"", b"own")]


def test_equal_uniques_of_two_job_servers_do_not_wait_for_each_other(
    helped: Helped,
) -> None:
    line = helped.link()
    helped.here.client().submit_job(b"f", b"u", b"own")
    helped.workers[0].grab_job()
    helped.workers.append(helped.here.sleeper("f"))
    helped.client.submit_job(b"f", b"u", b"w")
    line.run()
    assert helped.workers[1].received == [noop()]


def test_a_delay_here_does_not_hold_a_job_that_was_given(helped: Helped) -> None:
    line = helped.link()
    helped.here.policy(b"f", delay=60)
    helped.client.submit_job(b"f", b"", b"w")
    line.run()
    grabbed(helped.workers[0], H1)


def test_the_end_of_a_connection_frees_what_was_claimed(helped: Helped) -> None:
    line = helped.link(sleepers=2)
    helped.client.submit_job(b"f", b"", b"w")
    line.run()
    line.end()
    assert line.group.claims == 0
    assert line.record.running == 0
    assert helped.here.engine.state.jobs == {}
    own = helped.peer.worker("f")
    own.grab_job_uniq()
    assert own.received == [job_assign_uniq(P1, b"f", b"", b"w")]


def test_a_job_server_that_meets_itself_learns_so() -> None:
    helped = Helped(identity=b"0123456789abcdef")
    line = helped.link()
    assert line.line.peer == (b"0123456789abcdef", b"peer")
    assert helped.peer.engine.state.nodes == {}


def test_a_probe_is_answered(helped: Helped) -> None:
    line = helped.link()
    line.line.probe()
    (probe,) = line.line.take_for_peer()
    line.worker.send(probe)
    assert line.worker.received == [echo_res(b"")]


def test_an_answer_that_was_not_asked_for_ends_the_connection(helped: Helped) -> None:
    line = helped.link()
    with pytest.raises(ProtocolError):
        line.line.hear_peer(encode(PacketType.NO_JOB, b""), 0.0)


class TestOfAnotherJobServer:
    """A peer that knows nothing of nodes, such as gearmand."""

    @pytest.fixture
    def helped(self, monkeypatch: pytest.MonkeyPatch) -> Helped:
        # It refuses the option, as gearmand does.
        monkeypatch.setattr(
            "geartrain.cluster.line.introduction", lambda identity, name: b"nodes"
        )
        return Helped()

    def test_it_is_helped(self, helped: Helped) -> None:
        line = helped.link()
        assert line.line.peer == (b"", b"")
        helped.client.submit_job(b"f", b"", b"w")
        line.run()
        grabbed(helped.workers[0], H1)
        helped.workers[0].work_complete(H1, b"done")
        line.run()
        assert helped.client.received == [job_created(P1), work_complete(P1, b"done")]

    def test_a_withdrawn_function_stays_until_its_job_has_ended(
        self, helped: Helped
    ) -> None:
        line = helped.link()
        helped.client.submit_job(b"f", b"", b"w")
        line.run()
        grabbed(helped.workers[0], H1)
        helped.here.policy(b"f", paused=True)
        line.form()
        assert line.line.announced == [b"f"]
        helped.workers[0].work_complete(H1, b"done")
        line.run()
        assert line.line.announced == []
        assert helped.client.received == [job_created(P1), work_complete(P1, b"done")]

    def test_what_cannot_begin_goes_back_with_the_connection(
        self, helped: Helped
    ) -> None:
        line = helped.link()
        helped.client.submit_job(b"f", b"", b"w")
        line.run()
        helped.workers[0].leave()
        line.form()
        line.wait(5.5)
        assert line.line.is_stranded
        line.end()
        own = helped.peer.worker("f")
        own.grab_job_uniq()
        assert own.received == [job_assign_uniq(P1, b"f", b"", b"w")]


def test_a_job_that_is_too_large_for_the_node_fails_and_says_why(
    helped: Helped,
) -> None:
    line = helped.link(max_packet=100_000)
    helped.client.option_req(b"exceptions")
    helped.client.submit_job(b"f", b"", bytes(300_000))
    helped.client.submit_job(b"f", b"", b"small")
    line.run()
    _, *told = helped.client.received
    assert told == [
        job_created(P1),
        job_created(P2),
        work_exception(
            P1,
            b"the workload, in a packet of 300012 bytes, is more than the 100000 that"
            b" node here takes: raise its --max-packet",
        ),
    ]
    assert "raise its --max-packet" in line.record.error
    grabbed(helped.workers[0], H1, b"small")
    assert line.line.at_hand == 1
    assert line.group.claims == 0


def test_large_data_is_passed_on_both_ways(helped: Helped) -> None:
    line = helped.link()
    large = bytes(range(256)) * 4000
    helped.client.submit_job(b"f", b"u", large)
    line.run()
    worker = helped.workers[0]
    assert worker.received == [noop()]
    worker.grab_job_uniq()
    assert worker.received == [job_assign_uniq(H1, b"f", b"u", large)]
    worker.work_data(H1, large)
    worker.work_complete(H1, large[::-1])
    line.run()
    assert helped.client.received == [
        job_created(P1),
        work_data(P1, large),
        work_complete(P1, large[::-1]),
    ]


def test_what_runs_here_is_ended_when_the_connection_is_lost(helped: Helped) -> None:
    line = helped.link(sleepers=0)
    worker = helped.here.worker("f")
    worker.option_req(b"handles")
    worker.pre_sleep()
    line.form()
    helped.client.submit_job(b"f", b"", b"w")
    line.run()
    worker.grab_job_uniq()
    assert len(worker.received) == 3
    line.end()
    assert worker.received == [
        error(b"JOB_TAKEN", b"Job is not this worker's any more: " + H1)
    ]
    assert helped.here.engine.state.jobs == {}


def test_what_a_peer_refuses_is_offered_again_after_a_minute(helped: Helped) -> None:
    line = helped.link()
    refusal = encode(PacketType.ERROR, b"NOT_ALLOWED\0here may not work for 'f'")
    line.line.hear_peer(refusal, helped.here.now)
    assert list(line.record.refusals) == ["here may not work for 'f'"]
    line.sent.clear()
    line.wait(59)
    offer = request(PacketType.CAN_DO, b"f")
    assert offer not in b"".join(line.sent)
    line.wait(2)
    assert b"".join(line.sent).count(offer) == 1
    line.wait(120)
    assert b"".join(line.sent).count(offer) == 1


def test_a_job_that_nobody_here_was_offered_for_goes_back_at_once(
    helped: Helped,
) -> None:
    line = helped.link()
    given = encode(PacketType.JOB_ASSIGN_UNIQ, b"H:peer:9\0g\0\0w")
    helped.client.submit_job(b"f", b"", b"w")
    line.line.hear_peer(encode(PacketType.NOOP, b""), helped.here.now)
    line.line.hear_peer(given, helped.here.now)
    assert b"release\0H:peer:9" in b"".join(line.line.take_for_peer())
    assert line.line.at_hand == 0
    assert line.record.returned == 1
    assert list(helped.here.engine.state.functions) == [b"f"]


def test_a_worker_with_slots_is_given_as_many_jobs_at_once(helped: Helped) -> None:
    line = helped.link(sleepers=0)
    worker = helped.here.worker("f")
    worker.option_req(b"slots\0003")
    assert worker.received == [option_res(b"slots")]
    worker.pre_sleep()
    line.form()
    for _ in range(5):
        helped.client.submit_job(b"f", b"", b"w")
    line.run()
    assert line.line.at_hand == 3
    assert worker.received == [noop()]
    for _ in range(3):
        worker.grab_job_uniq()
    worker.take_bytes()
    worker.work_complete(H1, b"")
    worker.grab_job_uniq()
    worker.pre_sleep()
    line.run()
    # One more can run beside the two that do.
    assert line.line.at_hand == 3
    assert line.group.claims == 0


@pytest.mark.parametrize("slots", [b"", b"x", b"-1", b"100000", b"1.5"])
def test_slots_that_are_no_number_are_refused(helped: Helped, slots: bytes) -> None:
    worker = helped.here.worker("f")
    worker.option_req(b"slots\0" + slots)
    assert worker.received == [
        error(b"INVALID_ARGUMENT", b"slots is a number of jobs at once")
    ]


def test_a_lost_worker_counts_as_one_at_the_peer(helped: Helped) -> None:
    line = helped.link(sleepers=2)
    helped.peer.policy(b"f", max_crashes=2)
    helped.client.option_req(b"reasons")
    helped.client.submit_job(b"f", b"", b"w")
    line.run()
    for worker in reversed(helped.workers):
        assert worker.received == [noop()]
        worker.grab_job()
        worker.leave()
        line.run()
    *_, told = helped.client.received
    assert told == work_exception(P1, b"lost its worker 2 times")
    assert helped.here.engine.state.jobs == {}
    assert line.line.at_hand == 0


def test_a_worker_that_wants_a_later_attempt_is_obeyed_by_the_peer(
    helped: Helped,
) -> None:
    line = helped.link()
    helped.client.submit_job(b"f", b"", b"w")
    line.run()
    worker = helped.workers[0]
    grabbed(worker, H1)
    command = "retry job H:here:1 delay=30 error=later%20%0a"
    assert helped.here.connect().text(command) == b"OK\r\n"
    worker.pre_sleep()
    line.run()
    assert line.line.at_hand == 0
    line.wait(29)
    assert worker.received == []
    line.wait(2)
    grabbed(worker, H2)
    (job,) = helped.peer.engine.state.jobs.values()
    assert job.failures is not None
    assert (job.failures.attempts, job.failures.error) == (1, b"later \n")


def test_a_timeout_of_the_node_is_one_at_the_peer(helped: Helped) -> None:
    line = helped.link()
    helped.peer.policy(b"f", max_attempts=2)
    helped.here.policy(b"f", timeout=2)
    helped.client.option_req(b"reasons")
    helped.client.submit_job(b"f", b"", b"w")
    line.run()
    worker = helped.workers[0]
    grabbed(worker, H1)
    line.wait(3)
    (job,) = helped.peer.engine.state.jobs.values()
    assert job.failures is not None
    assert job.failures.reason == b"timeout"
    worker.pre_sleep()
    line.run()
    grabbed(worker, H2)
    line.wait(3)
    assert helped.client.received[-1] == work_exception(P1, b"timed out after 2 s")


@pytest.mark.parametrize(
    "told",
    [b"", b"crash", b"crash\0x\0", b"fire\0000\0", b"retry\0" + b"9" * 13 + b"\0"],
)
def test_endings_that_are_none_are_refused(helped: Helped, told: bytes) -> None:
    line = helped.link()
    helped.client.submit_job(b"f", b"", b"w")
    line.run()
    line.worker.send(request(PacketType.OPTION_REQ, b"ended\0" + P1 + b"\0" + told))
    assert b"ended takes handle" in line.worker.take_bytes()
    (job,) = helped.peer.engine.state.jobs.values()
    assert job.failures is None
