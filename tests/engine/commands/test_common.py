"""ECHO_REQ, OPTION_REQ, and packets nobody may send."""

from __future__ import annotations

import pytest

from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import ARGUMENTS, request
from tests.support.dialogue import (
    H1,
    DialoguePeer,
    World,
    echo_res,
    error,
    job_created,
    option_res,
    work_exception,
    work_fail,
)

NOT_EXPECTED = (
    PacketType.UNUSED,
    PacketType.NOOP,
    PacketType.JOB_CREATED,
    PacketType.NO_JOB,
    PacketType.JOB_ASSIGN,
    PacketType.ECHO_RES,
    PacketType.ERROR,
    PacketType.STATUS_RES,
    PacketType.ALL_YOURS,
    PacketType.OPTION_RES,
    PacketType.JOB_ASSIGN_UNIQ,
    PacketType.JOB_ASSIGN_ALL,
    PacketType.STATUS_RES_UNIQUE,
)


@pytest.mark.parametrize("data", [b"", b"hello", b"\0nul\0\0", bytes(range(256))])
def test_an_echo_is_the_same_bytes(client: DialoguePeer, data: bytes) -> None:
    client.echo_req(data)
    assert client.received == [echo_res(data)]


def test_a_large_echo_is_the_same_bytes(client: DialoguePeer) -> None:
    data = bytes(range(256)) * 3000
    client.send_in_pieces(request(PacketType.ECHO_REQ, data), 65_536)
    assert client.received == [echo_res(data)]


@pytest.mark.parametrize(
    "option", [b"exceptions", b"EXCEPTIONS", b"Exceptions", b"exceptions\0"]
)
def test_the_option_is_answered_as_it_was_sent(
    client: DialoguePeer, option: bytes
) -> None:
    client.option_req(option)
    assert client.received == [option_res(option)]


@pytest.mark.parametrize("option", [b"", b"exception", b"x" * 64, b"\0", b"foo"])
def test_other_options_are_refused(client: DialoguePeer, option: bytes) -> None:
    client.option_req(option)
    refusal = error(b"UNKNOWN_OPTION", b"Server does not recognize given option")
    assert client.received == [refusal]


def test_the_option_holds_for_its_connection_only(world: World) -> None:
    asking, other, worker = world.client(), world.client(), world.worker("f")
    asking.option_req(b"exceptions")
    asking.submit_job(b"f", b"u", b"w")
    other.submit_job(b"f", b"u", b"w")
    worker.grab_job()
    worker.work_exception(H1, b"broken")
    assert asking.received == [
        option_res(b"exceptions"),
        job_created(H1),
        work_exception(H1, b"broken"),
    ]
    assert other.received == [job_created(H1), work_fail(H1)]


def test_the_option_may_be_switched_on_for_all() -> None:
    world = World(exceptions=True)
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"w")
    worker.grab_job()
    worker.work_exception(H1, b"broken")
    assert client.received == [job_created(H1), work_exception(H1, b"broken")]


@pytest.mark.parametrize("packet_type", NOT_EXPECTED)
def test_answers_are_not_taken_for_questions(
    client: DialoguePeer, packet_type: PacketType
) -> None:
    client.send(request(packet_type, *(b"1" for _ in ARGUMENTS[packet_type])))
    client.echo_req(b"on")
    refusal = error(b"INVALID_COMMAND", b"Command not expected")
    assert client.received == [refusal, echo_res(b"on")]
