"""What calls are made of: packets, what answers them, and what more is told."""

from __future__ import annotations

import pytest

from geartrain.protocol.calls import (
    Call,
    following,
    option_call,
    question,
    submission,
    without_worker,
)
from geartrain.protocol.constants import PacketType
from geartrain.protocol.headers import asked
from geartrain.protocol.options import announced
from geartrain.protocol.packets import request

P = PacketType


@pytest.mark.parametrize(
    ("packet_type", "is_foreground"),
    [
        (P.SUBMIT_JOB, True),
        (P.SUBMIT_JOB_HIGH, True),
        (P.SUBMIT_JOB_LOW, True),
        (P.SUBMIT_REDUCE_JOB, True),
        (P.SUBMIT_JOB_BG, False),
        (P.SUBMIT_JOB_HIGH_BG, False),
        (P.SUBMIT_JOB_EPOCH, False),
    ],
)
def test_more_is_told_of_a_foreground_submission(
    packet_type: PacketType, is_foreground: bool
) -> None:
    call = submission(packet_type, b"u", [b"f", b"u", b"w"])
    assert call.packet == request(packet_type, b"f", b"u", b"w")
    assert (call.unique, call.answer) == (b"u", P.JOB_CREATED)
    assert (call.is_submission, call.is_foreground) == (True, is_foreground)
    assert call.size == len(call.packet)


@pytest.mark.parametrize("headers", [b"", b"a\0b"])
@pytest.mark.parametrize("options", [b"", b"delay=5"])
def test_headers_and_then_options_come_before_a_submission(
    headers: bytes, options: bytes
) -> None:
    call = submission(P.SUBMIT_JOB, b"", [b"f", b"", b"w"], headers, options)
    before = asked(headers) if headers else b""
    before += announced(options) if options else b""
    assert call.packet == before + request(P.SUBMIT_JOB, b"f", b"", b"w")
    assert (call.has_headers, call.has_options) == (headers != b"", options != b"")


@pytest.mark.parametrize(
    ("call", "packet_type", "answer"),
    [
        (question(P.ECHO_REQ, b"x"), P.ECHO_REQ, P.ECHO_RES),
        (question(P.GET_STATUS, b"x"), P.GET_STATUS, P.STATUS_RES),
        (question(P.GET_STATUS_UNIQUE, b"x"), P.GET_STATUS_UNIQUE, P.STATUS_RES_UNIQUE),
        (option_call(b"x"), P.OPTION_REQ, P.OPTION_RES),
    ],
)
def test_a_question_has_its_own_answer(
    call: Call, packet_type: PacketType, answer: PacketType
) -> None:
    assert call.packet == request(packet_type, b"x")
    assert call.answer == answer
    assert (call.is_submission, call.is_foreground) == (False, False)


def test_a_job_is_followed_by_a_text_command() -> None:
    call = following(b"H:1")
    assert call.packet == b"follow H:1\n"
    assert call.answer == P.JOB_CREATED
    assert (call.is_submission, call.is_foreground) == (False, True)


def test_what_becomes_of_calls_without_a_worker_has_an_option() -> None:
    assert without_worker(True) == b"fail_without_worker"
    assert without_worker(False) == b"warn_without_worker"
    assert without_worker(None) == b""
