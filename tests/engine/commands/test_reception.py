"""Whatever a peer sends is answered, and harms no other."""

from __future__ import annotations

import pytest

from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request
from tests.support.dialogue import (
    H1,
    H2,
    DialoguePeer,
    World,
    echo_res,
    error,
    job_assign,
    job_created,
    noop,
    text,
    work_complete,
    work_data,
)

ECHO = request(PacketType.ECHO_REQ, b"on")
STILL_THERE = echo_res(b"on")


def test_pipelined_packets_and_lines_are_answered_in_order(world: World) -> None:
    peer = world.connect()
    peer.send(
        ECHO
        + b"version\n"
        + request(PacketType.CAN_DO, b"f")
        + b"status\r\n"
        + request(PacketType.SUBMIT_JOB, b"f", b"", b"w")
        + request(PacketType.GRAB_JOB)
        + b"status\n"
    )
    assert peer.received == [
        STILL_THERE,
        text(b"OK 9.8.7\nf\t0\t0\t1\n.\n"),
        job_created(H1),
        job_assign(H1, b"f", b"w"),
        text(b"f\t1\t1\t1\n.\n"),
    ]


@pytest.mark.parametrize("piece", [1, 5, 13])
def test_pieces_change_nothing(world: World, piece: int) -> None:
    peer = world.connect()
    conversation = ECHO + b"version\n" + request(PacketType.SUBMIT_JOB, b"f", b"", b"w")
    peer.send_in_pieces(conversation, piece)
    assert peer.received == [STILL_THERE, text(b"OK 9.8.7\n"), job_created(H1)]


# Packets that are wrong


@pytest.mark.parametrize(
    ("wrong", "answer"),
    [
        (
            b"\0RES\0\0\0\x08\0\0\0\x03H:1",
            error(b"INVALID_MAGIC", b"Request magic expected"),
        ),
        (
            request(PacketType.SUBMIT_JOB, b"f", b"u"),
            error(
                b"INVALID_PACKET",
                b"SUBMIT_JOB has 3 arguments (function, unique, data), got 2",
            ),
        ),
        (
            request(PacketType.CAN_DO_TIMEOUT, b"f"),
            error(
                b"INVALID_PACKET",
                b"CAN_DO_TIMEOUT has 2 arguments (function, timeout), got 1",
            ),
        ),
        (
            request(PacketType.GET_STATUS, b"x" * 70_000),
            error(
                b"DATA_TOO_LARGE",
                b"GET_STATUS of 70000 bytes is more than the 65536 this server takes",
            ),
        ),
        (
            request(PacketType.ECHO_REQ, b"x" * 1_114_113),
            error(
                b"DATA_TOO_LARGE",
                b"ECHO_REQ of 1114113 bytes is more than the 1114112 this server takes",
            ),
        ),
    ],
)
@pytest.mark.parametrize("piece", [0, 7777])
def test_a_wrong_packet_is_refused_and_the_connection_goes_on(
    world: World, wrong: bytes, answer: object, piece: int
) -> None:
    peer = world.connect()
    peer.send_in_pieces(wrong + ECHO, piece or len(wrong + ECHO))
    assert peer.received == [answer, STILL_THERE]
    assert not peer.is_closed
    assert world.notices() == []


def test_several_wrong_packets_are_each_refused(world: World) -> None:
    peer = world.connect()
    peer.send(request(PacketType.SUBMIT_JOB, b"f") * 3 + ECHO)
    assert [answer.name for answer in peer.received] == ["error"] * 3 + ["echo_res"]


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (
            b"\0BAD",
            error(
                b"INVALID_MAGIC",
                b"A packet begins with \\0REQ, a command with a letter",
            ),
        ),
        (
            b"\0REQ\0\0\0\0\0\0\0\0",
            error(b"INVALID_COMMAND", b"Packet type 0 is unknown"),
        ),
        (
            b"\0REQ\0\0\0\x2b\0\0\0\0",
            error(b"INVALID_COMMAND", b"Packet type 43 is unknown"),
        ),
        (
            b"\0REQ\x80\0\0\0\0\0\0\0",
            error(b"INVALID_COMMAND", b"Packet type 2147483648 is unknown"),
        ),
    ],
)
def test_what_cannot_be_understood_closes_the_connection(
    world: World, sent: bytes, answer: object
) -> None:
    bystander, peer = world.sleeper("f"), world.connect()
    peer.send(sent + ECHO)
    assert peer.received == [answer]
    assert peer.is_closed
    assert not bystander.is_closed
    world.client().submit_job(b"f", b"", b"w")
    assert bystander.received == [noop()]


def test_a_closing_peer_is_not_listened_to(world: World) -> None:
    peer = world.connect()
    peer.send(ECHO + b"\0BAD")
    peer.send(request(PacketType.SUBMIT_JOB_BG, b"f", b"", b"w") + b"\0BAD")
    assert [answer.name for answer in peer.received] == ["echo_res", "error"]
    assert world.admin().text("status") == b".\n"


def test_an_expelled_workers_jobs_go_to_others(
    world: World, client: DialoguePeer
) -> None:
    worker = world.worker("f")
    client.submit_job(b"f", b"", b"w")
    worker.grab_job()
    worker.send(b"\0BAD")
    assert worker.is_closed
    worker.leave()
    other = world.worker("f")
    other.grab_job()
    assert other.received == [job_assign(H1, b"f", b"w")]


@pytest.mark.parametrize(
    "line", [b"\t", b"\r\r", b"\x0b", b"\xff\xfe", b"\x01", b"\x1f\x1f", b"\x85"]
)
def test_a_line_of_anything_is_answered(world: World, line: bytes) -> None:
    peer = world.connect()
    peer.send(line + b"\n" + ECHO)
    (answer, echo) = peer.received
    assert answer.name == "text"
    assert answer.arguments[0].startswith(b"ERR UNKNOWN_COMMAND ")
    assert echo == STILL_THERE


# Packets that are large


def test_a_large_workload_and_result_arrive_whole(world: World) -> None:
    client, worker = world.client(), world.worker("f")
    workload = bytes(range(256)) * 3000
    client.send_in_pieces(request(PacketType.SUBMIT_JOB, b"f", b"u", workload), 65_536)
    worker.grab_job()
    assert worker.received == [job_assign(H1, b"f", workload)]
    for packet_type in (PacketType.WORK_DATA, PacketType.WORK_COMPLETE):
        worker.send_in_pieces(request(packet_type, H1, workload[::-1]), 50_000)
    assert client.received == [
        job_created(H1),
        work_data(H1, workload[::-1]),
        work_complete(H1, workload[::-1]),
    ]


def test_a_large_workload_outlives_its_first_worker(world: World) -> None:
    client, worker = world.client(), world.worker("f")
    workload = b"x" * 500_000
    client.send_in_pieces(request(PacketType.SUBMIT_JOB, b"f", b"", workload), 65_536)
    worker.grab_job()
    worker.leave()
    other = world.worker("f")
    other.grab_job()
    assert other.received == [job_assign(H1, b"f", workload)]


def test_a_large_result_goes_to_every_client(world: World) -> None:
    clients, worker = [world.client() for _ in range(3)], world.worker("f")
    for client in clients:
        client.submit_job(b"f", b"u", b"w")
    worker.grab_job()
    result = b"x" * 500_000
    worker.send_in_pieces(request(PacketType.WORK_COMPLETE, H1, result), 65_536)
    for client in clients:
        assert client.received == [job_created(H1), work_complete(H1, result)]


def test_a_half_packet_holds_nobody_up(world: World) -> None:
    half, client = world.connect(), world.client()
    large = request(PacketType.SUBMIT_JOB, b"f", b"", b"x" * 200_000)
    half.send(large[:100_000])
    client.submit_job(b"f", b"", b"w")
    assert client.received == [job_created(H1)]
    half.send(large[100_000:])
    assert half.received == [job_created(H2)]


def test_a_half_packet_dies_with_its_connection(world: World) -> None:
    peer = world.connect()
    peer.send(request(PacketType.SUBMIT_JOB_BG, b"f", b"", b"w")[:-1])
    peer.leave()
    assert world.admin().text("status") == b".\n"


# Any packet at any peer


@pytest.mark.parametrize("code", range(1, 43))
def test_any_packet_from_anybody_harms_nobody(world: World, code: int) -> None:
    """Every type with sensible and with empty arguments, from a stranger."""
    runner, client, stranger = world.worker("f"), world.client(), world.connect()
    client.submit_job(b"f", b"", b"w")
    runner.grab_job()
    for arguments in ([H1, b"5", b"10"], [b""] * 8, []):
        stranger.send(request(PacketType(code), *arguments))
    stranger.send(ECHO)
    assert stranger.received[-1] == STILL_THERE
    runner.work_complete(H1, b"r")
    assert client.received == [job_created(H1), work_complete(H1, b"r")]


def test_a_peer_may_be_client_worker_and_operator(world: World) -> None:
    peer = world.sleeper("f")
    peer.submit_job(b"f", b"", b"w")
    peer.grab_job()
    peer.work_complete(H1, b"r")
    assert peer.received == [
        job_created(H1),
        noop(),
        job_assign(H1, b"f", b"w"),
        work_complete(H1, b"r"),
    ]
    assert peer.text("status") == b"f\t0\t0\t1\n.\n"


def test_a_line_without_an_end_is_answered_in_text_and_closes(world: World) -> None:
    peer = world.connect()
    answer = peer.text("x" * 8192)
    assert answer == b"ERR LINE_TOO_LONG A+line+of+text+has+at+most+8191+bytes\r\n"
    assert peer.is_closed
