"""Dialogues of a client's side of a connection, without sockets."""

from __future__ import annotations

import pytest

from geartrain.errors import ProtocolError
from geartrain.protocol.calls import Call, option_call, question, submission
from geartrain.protocol.client import ClientProtocol, Event
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request
from tests.support.parsing import reply

P = PacketType


def foreground(unique: bytes = b"") -> Call:
    return submission(P.SUBMIT_JOB, unique, [b"f", unique, b"w"])


def background(unique: bytes = b"") -> Call:
    return submission(P.SUBMIT_JOB_BG, unique, [b"f", unique, b"w"])


def begun(*calls: Call) -> ClientProtocol:
    protocol = ClientProtocol()
    for call in calls:
        protocol.begin(call)
    return protocol


def told(protocol: ClientProtocol, *replies: bytes) -> list[tuple[str, Call]]:
    """Return the types and calls of what these replies tell."""
    events = protocol.receive(b"".join(replies))
    return [(PacketType(event.type).name, event.call) for event in events]


def only(events: list[Event]) -> Event:
    (event,) = events
    return event


def test_a_call_begins_with_its_packet() -> None:
    protocol = ClientProtocol()
    packet = protocol.begin(foreground(b"u"))
    assert packet == request(P.SUBMIT_JOB, b"f", b"u", b"w")
    assert protocol.is_waiting
    assert not protocol.is_idle


def test_a_foreground_job_is_told_from_its_creation_to_its_result() -> None:
    call = foreground()
    protocol = begun(call)
    assert told(
        protocol,
        reply(P.JOB_CREATED, b"H:1"),
        reply(P.WORK_DATA, b"H:1", b"d"),
        reply(P.WORK_WARNING, b"H:1", b"w"),
        reply(P.WORK_STATUS, b"H:1", b"1", b"2"),
    ) == [
        ("JOB_CREATED", call),
        ("WORK_DATA", call),
        ("WORK_WARNING", call),
        ("WORK_STATUS", call),
    ]
    assert (call.handle, call.is_answered, call.is_done) == (b"H:1", True, False)
    event = only(protocol.receive(reply(P.WORK_COMPLETE, b"H:1", b"a\0b")))
    assert event.arguments == [b"H:1", b"a\0b"]
    assert call.is_done
    assert protocol.is_idle
    assert not protocol.is_waiting


@pytest.mark.parametrize(
    ("packet_type", "arguments"),
    [
        (P.WORK_COMPLETE, (b"H:1", b"r")),
        (P.WORK_EXCEPTION, (b"H:1", b"e")),
        (P.WORK_FAIL, (b"H:1",)),
        (P.WORK_FAIL, (b"H:1\0",)),
    ],
)
def test_a_job_ends_once(packet_type: PacketType, arguments: tuple[bytes, ...]) -> None:
    call = foreground()
    protocol = begun(call)
    last = reply(packet_type, *arguments)
    created = reply(P.JOB_CREATED, b"H:1")
    assert told(protocol, created, last, last)[1:] == [(packet_type.name, call)]


def test_a_background_job_is_done_when_it_is_created() -> None:
    call = background()
    protocol = begun(call)
    assert told(protocol, reply(P.JOB_CREATED, b"H:1")) == [("JOB_CREATED", call)]
    assert call.is_done
    assert protocol.is_idle


def test_answers_are_matched_in_order() -> None:
    calls = [background(), question(P.GET_STATUS, b"H:1"), foreground()]
    calls += [question(P.ECHO_REQ, b"e"), question(P.GET_STATUS_UNIQUE, b"u")]
    calls.append(option_call(b"exceptions"))
    protocol = begun(*calls)
    answered = told(
        protocol,
        reply(P.JOB_CREATED, b"H:1"),
        reply(P.STATUS_RES, b"H:1", b"1", b"0", b"0", b"0"),
        reply(P.JOB_CREATED, b"H:2"),
        reply(P.ECHO_RES, b"e"),
        reply(P.STATUS_RES_UNIQUE, b"u", b"1", b"0", b"0", b"0", b"1"),
        reply(P.OPTION_RES, b"exceptions"),
    )
    assert [call for _, call in answered] == calls


def test_an_error_answers_the_oldest_call() -> None:
    first, second = foreground(), background()
    protocol = begun(first, second)
    events = told(
        protocol, reply(P.ERROR, b"queue_full", b"no"), reply(P.JOB_CREATED, b"H:1")
    )
    assert events == [("ERROR", first), ("JOB_CREATED", second)]
    assert first.is_done
    assert protocol.is_idle


def test_an_error_that_answers_nothing_is_left_out() -> None:
    assert told(begun(), reply(P.ERROR, b"JOB_NOT_FOUND", b"")) == []


@pytest.mark.parametrize(
    "answer",
    [
        reply(P.STATUS_RES, b"H:1", b"1", b"0", b"0", b"0"),
        reply(P.ECHO_RES, b""),
        reply(P.NO_JOB),
    ],
)
def test_an_answer_to_something_else_ends_the_connection(answer: bytes) -> None:
    with pytest.raises(ProtocolError, match="answers nothing"):
        begun(foreground()).receive(answer)


def test_jobs_that_were_coalesced_are_each_told_their_own_copy() -> None:
    first, second = foreground(b"u"), foreground(b"u")
    protocol = begun(first, second)
    created = reply(P.JOB_CREATED, b"H:1")
    data = reply(P.WORK_DATA, b"H:1", b"d")
    done = reply(P.WORK_COMPLETE, b"H:1", b"r")
    events = told(protocol, created, created, data, data, data, data, done, done)
    assert [call for _, call in events[2:]] == [first, second] * 3
    assert protocol.is_idle


def test_a_copy_that_joined_late_is_told_what_comes_after() -> None:
    first, second = foreground(b"u"), foreground(b"u")
    protocol = begun(first, second)
    created = reply(P.JOB_CREATED, b"H:1")
    data = reply(P.WORK_DATA, b"H:1", b"d")
    events = told(protocol, created, data, created, data, data)
    assert [call for _, call in events] == [first, first, second, first, second]


def test_nothing_is_told_of_a_forgotten_call_and_its_copies_are_counted() -> None:
    first, second = foreground(b"u"), foreground(b"u")
    protocol = begun(first, second)
    created = reply(P.JOB_CREATED, b"H:1")
    assert len(told(protocol, created, created)) == 2
    protocol.forget(first)
    assert protocol.is_waiting
    done = reply(P.WORK_COMPLETE, b"H:1", b"r")
    assert told(protocol, done, done) == [("WORK_COMPLETE", second)]
    assert protocol.is_idle


def test_a_call_forgotten_before_its_answer_keeps_its_turn() -> None:
    first, second = foreground(), foreground()
    protocol = begun(first, second)
    protocol.forget(first)
    events = told(protocol, reply(P.JOB_CREATED, b"H:1"), reply(P.JOB_CREATED, b"H:2"))
    assert events == [("JOB_CREATED", second)]
    assert second.handle == b"H:2"


def test_with_all_forgotten_nobody_waits() -> None:
    calls = [foreground(), background(), question(P.ECHO_REQ, b"")]
    protocol = begun(*calls)
    for call in calls:
        protocol.forget(call)
        protocol.forget(call)
    assert not protocol.is_waiting
    assert not protocol.is_idle


def test_forgetting_what_is_done_changes_nothing() -> None:
    done, waiting = background(), foreground()
    protocol = begun(done, waiting)
    protocol.receive(reply(P.JOB_CREATED, b"H:1"))
    protocol.forget(done)
    assert protocol.is_waiting


def test_jobs_of_others_are_left_out() -> None:
    assert told(begun(), reply(P.WORK_COMPLETE, b"H:9", b"")) == []


def test_lost_are_all_that_were_to_be_told_more() -> None:
    done, asked, running, forgotten = background(), foreground(), foreground(), None
    forgotten = foreground()
    protocol = begun(done, running, forgotten, asked)
    protocol.receive(reply(P.JOB_CREATED, b"H:1") + reply(P.JOB_CREATED, b"H:2"))
    protocol.forget(forgotten)
    assert protocol.lost() == [asked, running]
    assert protocol.is_idle
    assert not protocol.is_waiting


def test_a_lost_call_begins_again_elsewhere() -> None:
    call = foreground(b"u")
    begun(call).receive(reply(P.JOB_CREATED, b"H:1"))
    other = begun(call)
    assert (call.handle, call.is_answered) == (b"", False)
    assert told(other, reply(P.JOB_CREATED, b"X:1")) == [("JOB_CREATED", call)]
    assert call.handle == b"X:1"


@pytest.mark.parametrize(
    "nonsense", [b"HTTP/1.1 400\r\n", reply(P.ECHO_RES, b"x"), b"\0RES\0\0\0\x63"]
)
def test_what_was_told_before_nonsense_is_told(nonsense: bytes) -> None:
    first, second = background(), background()
    protocol = begun(first, second)
    created = reply(P.JOB_CREATED, b"H:1")
    assert told(protocol, created, nonsense) == [("JOB_CREATED", first)]
    assert protocol.failure is not None
    assert protocol.lost() == [second]


def test_an_option_is_changed_for_one_call_only() -> None:
    protocol = ClientProtocol()
    protocol.begin_options(b"warn_without_worker")
    call = submission(P.SUBMIT_JOB, b"", [b"f", b"", b"w"], b"a\0b")
    call.without_worker = b"fail_without_worker"
    packet = protocol.begin(call)
    first = request(P.OPTION_REQ, b"fail_without_worker")
    last = request(P.OPTION_REQ, b"warn_without_worker")
    assert packet == first + call.packet + last
    assert call.size == len(packet)
    # One that knows none of the options, as gearmand.
    unknown = reply(P.ERROR, b"UNKNOWN_OPTION", b"")
    options = [reply(P.OPTION_RES, b"exceptions"), *[unknown] * 4]
    assert told(protocol, *options) == []
    created = reply(P.JOB_CREATED, b"H:1")
    assert told(protocol, created, unknown) == [("JOB_CREATED", call)]


def test_what_is_usual_anyway_is_not_asked_for() -> None:
    protocol = ClientProtocol()
    protocol.begin_options(b"fail_without_worker")
    call = foreground()
    call.without_worker = b"fail_without_worker"
    assert protocol.begin(call) == call.packet
    assert call.size == len(call.packet)
