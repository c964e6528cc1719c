from __future__ import annotations

import pytest

from geartrain.errors import ProtocolError
from geartrain.protocol.constants import PacketType as P
from geartrain.protocol.packets import request
from geartrain.protocol.worker import Assignment, JobSlots, WorkerProtocol
from tests.support.parsing import reply

GRAB = request(P.GRAB_JOB_ALL)
SLEEP = request(P.PRE_SLEEP)
ECHO = request(P.ECHO_REQ, b"")


def assign(handle: bytes, workload: bytes = b"") -> bytes:
    return reply(P.JOB_ASSIGN_UNIQ, handle, b"f", b"", workload)


def connected(slots: JobSlots) -> WorkerProtocol:
    """Return a connection that serves ``f`` and whose first words are taken."""
    protocol = WorkerProtocol(slots)
    protocol.register(b"f")
    protocol.begin()
    protocol.take()
    return protocol


def test_the_first_words_are_the_id_the_abilities_and_a_grab() -> None:
    protocol = WorkerProtocol(JobSlots(1), b"me")
    protocol.register(b"f")
    protocol.register(b"g", 2500)
    assert not protocol.has_output
    protocol.begin()
    assert protocol.take() == b"".join(
        [
            request(P.SET_CLIENT_ID, b"me"),
            request(P.CAN_DO, b"f"),
            request(P.CAN_DO_TIMEOUT, b"g", b"2500"),
            GRAB,
        ]
    )
    assert protocol.take() == b""


def test_nothing_is_grabbed_without_an_ability() -> None:
    protocol = WorkerProtocol(JobSlots(1))
    protocol.begin()
    assert protocol.take() == b""
    protocol.register(b"f")
    assert protocol.take() == request(P.CAN_DO, b"f") + GRAB


def test_a_result_and_the_next_grab_go_together() -> None:
    protocol = connected(JobSlots(1))
    (job,) = protocol.receive(assign(b"H:1", b"in"))
    assert (job.handle, job.function, job.workload) == (b"H:1", b"f", b"in")
    assert protocol.take() == b""
    assert protocol.complete(job, b"out")
    assert protocol.take() == request(P.WORK_COMPLETE, b"H:1", b"out") + GRAB


def test_all_three_kinds_of_assignment_are_understood() -> None:
    protocol = connected(JobSlots(9))
    kinds = [
        (reply(P.JOB_ASSIGN, b"H:1", b"f", b"a\0b"), (b"", b"")),
        (reply(P.JOB_ASSIGN_UNIQ, b"H:2", b"f", b"u", b"a\0b"), (b"u", b"")),
        (reply(P.JOB_ASSIGN_ALL, b"H:3", b"f", b"u", b"r", b"a\0b"), (b"u", b"r")),
    ]
    for packet, expected in kinds:
        (job,) = protocol.receive(packet)
        assert (job.unique, job.reducer) == expected
        assert job.workload == b"a\0b"


def test_no_job_puts_it_to_sleep_and_noop_wakes_it() -> None:
    protocol = connected(JobSlots(1))
    assert protocol.receive(reply(P.NO_JOB)) == []
    assert protocol.take() == SLEEP
    assert protocol.asleep
    assert protocol.receive(reply(P.NOOP)) == []
    assert protocol.take() == GRAB
    assert not protocol.asleep


def test_a_full_queue_is_grabbed_from_faster_and_faster() -> None:
    protocol = connected(JobSlots(8))
    protocol.receive(assign(b"H:1"))
    assert protocol.take() == GRAB * 2
    protocol.receive(assign(b"H:2") + assign(b"H:3"))
    assert protocol.take() == GRAB * 4
    jobs = protocol.receive(b"".join(assign(b"H:%d" % n) for n in range(4, 8)))
    assert len(jobs) == 4
    # Seven are at hand: one slot is left.
    assert protocol.take() == GRAB


def test_an_empty_queue_is_asked_once_after_a_wake_up() -> None:
    protocol = connected(JobSlots(8))
    protocol.receive(reply(P.NO_JOB))
    protocol.take()
    protocol.receive(reply(P.NOOP))
    assert protocol.take() == GRAB


def test_it_sleeps_when_the_last_grab_is_answered() -> None:
    protocol = connected(JobSlots(3))
    (first,) = protocol.receive(assign(b"H:1"))
    assert protocol.take() == GRAB * 2
    protocol.receive(reply(P.NO_JOB))
    assert protocol.take() == b""
    protocol.receive(reply(P.NO_JOB))
    assert protocol.take() == SLEEP
    # The job server knows of its sleep: a job that ends is no reason to grab.
    protocol.complete(first, b"")
    assert protocol.take() == request(P.WORK_COMPLETE, b"H:1", b"")


def test_two_connections_take_turns_at_one_slot() -> None:
    slots = JobSlots(1)
    one, other = WorkerProtocol(slots), WorkerProtocol(slots)
    for protocol in (one, other):
        protocol.register(b"f")
        protocol.begin()
    assert GRAB in one.take()
    assert GRAB not in other.take()
    (job,) = one.receive(assign(b"H:1"))
    one.complete(job, b"")
    assert GRAB not in one.take()
    assert other.take() == GRAB
    (job,) = other.receive(assign(b"X:1"))
    other.complete(job, b"")
    assert other.take() == request(P.WORK_COMPLETE, b"X:1", b"")
    assert one.take() == GRAB
    one.receive(reply(P.NO_JOB))
    assert one.take() == SLEEP
    assert other.take() == GRAB


def test_a_lost_connection_gives_its_unanswered_grab_to_another() -> None:
    slots = JobSlots(1)
    one, other = connected(slots), WorkerProtocol(slots)
    other.register(b"f")
    other.begin()
    other.take()
    one.end()
    assert other.take() == GRAB


def test_a_job_of_a_lost_connection_holds_its_slot_until_it_ends() -> None:
    slots = JobSlots(1)
    protocol = connected(slots)
    (job,) = protocol.receive(assign(b"H:1"))
    protocol.end()
    protocol.begin()
    assert GRAB not in protocol.take()
    assert not protocol.complete(job, b"late")
    assert protocol.take() == GRAB
    protocol.receive(reply(P.NO_JOB))
    assert slots.unused


def test_a_result_of_an_attempt_that_was_given_up_is_not_sent() -> None:
    slots = JobSlots(2)
    protocol = connected(slots)
    (old,) = protocol.receive(assign(b"H:1"))
    (new,) = protocol.receive(assign(b"H:1"))
    protocol.take()
    assert not protocol.data(old, b"x")
    assert not protocol.complete(old, b"x")
    assert b"H:1" not in protocol.take()
    assert protocol.complete(new, b"y")
    assert request(P.WORK_COMPLETE, b"H:1", b"y") in protocol.take()


def test_what_is_said_of_a_job() -> None:
    protocol = connected(JobSlots(1))
    (job,) = protocol.receive(assign(b"H:1"))
    assert protocol.data(job, b"d\0")
    assert protocol.warning(job, b"w")
    assert protocol.status(job, b"1", b"3")
    assert protocol.take() == b"".join(
        [
            request(P.WORK_DATA, b"H:1", b"d\0"),
            request(P.WORK_WARNING, b"H:1", b"w"),
            request(P.WORK_STATUS, b"H:1", b"1", b"3"),
        ]
    )


def end_by(protocol: WorkerProtocol, job: Assignment, end: str) -> None:
    if end == "exception":
        protocol.exception(job, b"why")
    elif end == "fail":
        protocol.fail(job)
    else:
        protocol.drop(job)


@pytest.mark.parametrize("end", ["fail", "exception", "drop"])
def test_every_end_frees_the_slot_once(end: str) -> None:
    slots = JobSlots(1)
    protocol = connected(slots)
    (job,) = protocol.receive(assign(b"H:1"))
    said = {
        "fail": request(P.WORK_FAIL, b"H:1"),
        "exception": request(P.WORK_EXCEPTION, b"H:1", b"why"),
        "drop": b"",
    }
    end_by(protocol, job, end)
    assert protocol.take() == said[end] + GRAB
    end_by(protocol, job, end)
    assert protocol.take() == b""
    protocol.receive(reply(P.NO_JOB))
    assert slots.free == 1


def test_no_more_is_grabbed_when_the_worker_rests() -> None:
    slots = JobSlots(1)
    protocol = connected(slots)
    (job,) = protocol.receive(assign(b"H:1"))
    slots.resting = True
    protocol.complete(job, b"")
    assert protocol.take() == request(P.WORK_COMPLETE, b"H:1", b"")
    assert slots.unused
    slots.resting = False
    protocol.seek()
    assert protocol.take() == GRAB


def test_abilities_change_on_a_living_connection() -> None:
    protocol = connected(JobSlots(1))
    protocol.receive(reply(P.NO_JOB))
    protocol.take()
    protocol.register(b"g")
    assert protocol.take() == request(P.CAN_DO, b"g") + GRAB
    protocol.unregister(b"f")
    protocol.unregister(b"unheard of")
    assert protocol.take() == request(P.CANT_DO, b"f")
    protocol.end()
    protocol.begin()
    assert protocol.take() == request(P.CAN_DO, b"g") + GRAB


def test_a_sleeper_is_probed_by_a_grab_and_a_busy_one_by_an_echo() -> None:
    protocol = connected(JobSlots(1))
    protocol.receive(reply(P.NO_JOB))
    protocol.take()
    protocol.probe()
    assert protocol.take() == GRAB
    (job,) = protocol.receive(assign(b"H:1"))
    protocol.probe()
    assert protocol.take() == ECHO
    assert protocol.receive(reply(P.ECHO_RES, b"")) == []
    protocol.complete(job, b"")


def test_errors_are_kept_for_the_caller() -> None:
    protocol = connected(JobSlots(1))
    protocol.receive(reply(P.ERROR, b"JOB_NOT_FOUND", b"no such job"))
    assert protocol.errors == [(b"JOB_NOT_FOUND", b"no such job")]


def test_a_job_nobody_asked_for_ends_the_connection_and_leaves_no_slot_taken() -> None:
    slots = JobSlots(1)
    protocol = connected(slots)
    with pytest.raises(ProtocolError, match="was not sent"):
        protocol.receive(assign(b"H:1") + assign(b"H:2"))
    protocol.end()
    assert slots.unused


def test_an_assignment_in_pieces() -> None:
    protocol = connected(JobSlots(1))
    whole = assign(b"H:1", b"x" * 100)
    found: list[Assignment] = []
    for position in range(len(whole)):
        found += protocol.receive(whole[position : position + 1])
    assert [job.workload for job in found] == [b"x" * 100]


def with_handles(slots: JobSlots, answer: bytes) -> WorkerProtocol:
    """Return a connection that has asked for handles in errors, and been answered."""
    protocol = WorkerProtocol(slots, wants_options=True)
    protocol.register(b"f")
    protocol.begin()
    asked = request(P.OPTION_REQ, b"handles")
    asked += request(P.OPTION_REQ, b"headers")
    if slots.total > 1:
        asked += request(P.OPTION_REQ, b"slots\0%d" % slots.total)
    assert protocol.take().startswith(asked + request(P.CAN_DO, b"f"))
    assert protocol.receive(answer) == []
    assert protocol.errors == []
    return protocol


GEARTRAIN = reply(P.OPTION_RES, b"handles")
GEARMAND = reply(P.ERROR, b"UNKNOWN_OPTION", b"no such option")


@pytest.mark.parametrize("code", [b"JOB_NOT_FOUND", b"DATA_TOO_LARGE"])
def test_an_error_that_names_a_job_parts_with_it(code: bytes) -> None:
    slots = JobSlots(2)
    protocol = with_handles(slots, GEARTRAIN)
    one, two = protocol.receive(assign(b"H:1")) + protocol.receive(assign(b"H:2"))
    protocol.take()
    protocol.receive(reply(P.ERROR, code, b"not yours any more: H:1"))
    assert protocol.errors == [(code, b"not yours any more: H:1")]
    assert (protocol.owns(one), protocol.owns(two)) == (False, True)
    assert not protocol.data(one, b"more")
    assert protocol.data(two, b"more")
    # Its handler runs still.
    assert slots.free == 0
    assert not protocol.complete(one, b"late")
    assert protocol.take() == request(P.WORK_DATA, b"H:2", b"more") + GRAB


def test_that_a_job_was_taken_is_no_error() -> None:
    protocol = with_handles(JobSlots(1), GEARTRAIN)
    (job,) = protocol.receive(assign(b"H:1"))
    for handle in (b"H:9", b"H:1"):
        assert protocol.owns(job)
        protocol.receive(reply(P.ERROR, b"JOB_TAKEN", b"not yours: " + handle))
    assert not protocol.owns(job)
    assert protocol.errors == []


def test_without_names_an_error_is_about_the_only_job() -> None:
    protocol = with_handles(JobSlots(1), GEARMAND)
    (job,) = protocol.receive(assign(b"H:1"))
    protocol.receive(reply(P.ERROR, b"JOB_NOT_FOUND", b"Job does not exist"))
    assert not protocol.owns(job)


def test_without_names_no_job_of_several_is_blamed() -> None:
    protocol = with_handles(JobSlots(2), GEARMAND)
    (job,) = protocol.receive(assign(b"H:1"))
    protocol.receive(reply(P.ERROR, b"JOB_NOT_FOUND", b"Job does not exist"))
    assert protocol.owns(job)
    assert len(protocol.errors) == 1


def test_the_next_connection_has_to_say_again_that_it_names_jobs() -> None:
    protocol = with_handles(JobSlots(2), GEARTRAIN)
    protocol.end()
    protocol.begin()
    assert protocol.take().startswith(request(P.OPTION_REQ, b"handles"))
    protocol.receive(GEARMAND)
    (job,) = protocol.receive(assign(b"H:1"))
    protocol.receive(reply(P.ERROR, b"JOB_NOT_FOUND", b"of nothing at all: H:1"))
    assert protocol.owns(job)


def test_an_overdue_job_has_ended_but_its_slot_is_taken() -> None:
    slots = JobSlots(1)
    protocol = connected(slots)
    (job,) = protocol.receive(assign(b"H:1"))
    assert protocol.overdue(job, b"timed out")
    assert protocol.take() == request(P.WORK_EXCEPTION, b"H:1", b"timed out")
    assert not protocol.overdue(job, b"again")
    assert not protocol.complete(job, b"late")
    assert protocol.take() == GRAB


def test_a_job_server_that_does_not_answer_keeps_no_slot() -> None:
    slots = JobSlots(1)
    hanging, other = connected(slots), connected(slots)
    hanging.doubt()
    assert other.take() == b""
    hanging.doubt()
    assert other.take() == GRAB
    (job,) = other.receive(assign(b"H:1"))
    # It goes on, and gives a job all the same: one more than there are slots.
    (late,) = hanging.receive(assign(b"H:2"))
    assert (slots.free, hanging.take()) == (-1, b"")
    assert other.complete(job, b"")
    assert other.take() == request(P.WORK_COMPLETE, b"H:1", b"")
    assert hanging.complete(late, b"")
    assert hanging.take() == request(P.WORK_COMPLETE, b"H:2", b"")
    # It has waited longer.
    assert other.take() == GRAB


def test_one_that_has_no_job_after_all_sleeps() -> None:
    slots = JobSlots(1)
    hanging, other = connected(slots), connected(slots)
    hanging.doubt()
    hanging.doubt()
    assert other.take() == GRAB
    assert hanging.receive(reply(P.NO_JOB)) == []
    assert hanging.take() == SLEEP
    assert other.receive(reply(P.NO_JOB)) == []
    assert slots.unused


def test_one_that_answers_in_time_is_not_doubted() -> None:
    slots = JobSlots(1)
    one, other = connected(slots), connected(slots)
    one.doubt()
    (job,) = one.receive(assign(b"H:1"))
    one.complete(job, b"")
    other.take()
    one.doubt()
    other.doubt()
    assert slots.free == 0


def test_a_doubted_connection_that_is_lost_frees_nothing_more() -> None:
    slots = JobSlots(2)
    hanging = connected(slots)
    hanging.doubt()
    hanging.doubt()
    assert slots.unused
    hanging.end()
    assert slots.unused
