"""Bytes that no client or worker should send harm only who sent them."""

from __future__ import annotations

import random
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import closing

import pytest

from geartrain.protocol.constants import PacketType
from tests.support.servers import RunningServer
from tests.support.waiting import wait_until
from tests.support.wire import (
    MIB,
    Neighbour,
    ProcessFigures,
    Wire,
    packet,
    sound_server,
)

LONGEST_LINE = 8191


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with sound_server() as running:
        yield running


@pytest.fixture
def neighbour(server: RunningServer) -> Iterator[Neighbour]:
    """Someone who works before, during and after the misbehaviour."""
    with closing(Neighbour(server)) as other:
        assert other.is_unharmed()
        yield other
        assert other.is_unharmed()


@pytest.fixture
def offender(server: RunningServer, neighbour: Neighbour) -> Iterator[Wire]:
    with Wire(server.connect()) as peer:
        yield peer


TOO_FEW = [
    (PacketType.SUBMIT_JOB, 3, [b"function", b"unique"]),
    (PacketType.SUBMIT_JOB, 3, [b"function"]),
    (PacketType.SUBMIT_JOB, 3, [b""]),
    (PacketType.SUBMIT_JOB_BG, 3, [b"function"]),
    (PacketType.SUBMIT_JOB_HIGH, 3, [b"function"]),
    (PacketType.SUBMIT_JOB_HIGH_BG, 3, [b"function"]),
    (PacketType.SUBMIT_JOB_LOW, 3, [b"function"]),
    (PacketType.SUBMIT_JOB_LOW_BG, 3, [b"function"]),
    (PacketType.SUBMIT_JOB_EPOCH, 4, [b"function", b"unique", b"1"]),
    (PacketType.SUBMIT_JOB_SCHED, 8, [b"function", b"unique", b"1", b"2", b"3"]),
    (PacketType.SUBMIT_REDUCE_JOB, 5, [b"function", b"unique", b"reducer", b"data"]),
    (PacketType.SUBMIT_REDUCE_JOB_BACKGROUND, 5, [b"function"]),
    (PacketType.CAN_DO_TIMEOUT, 2, [b"function"]),
    (PacketType.WORK_STATUS, 3, [b"H:x:1"]),
]


@pytest.mark.parametrize(("packet_type", "count", "arguments"), TOO_FEW)
def test_too_few_arguments_are_refused_and_the_next_packet_is_read(
    offender: Wire, packet_type: PacketType, count: int, arguments: list[bytes]
) -> None:
    wrong = packet(packet_type, *arguments)
    right = packet(PacketType.ECHO_REQ, b"next")

    offender.send_bytes(wrong + right)

    text = offender.expect_error(b"INVALID_PACKET")
    assert text.startswith(b"%s has %d arguments" % (packet_type.name.encode(), count))
    assert text.endswith(b"got %d" % len(arguments))
    assert offender.expect(PacketType.ECHO_RES) == [b"next"]


def test_a_response_is_refused_and_the_next_packet_is_read(offender: Wire) -> None:
    response = packet(PacketType.ECHO_REQ, b"wrong way", magic=b"\0RES")

    offender.send_bytes(response + packet(PacketType.ECHO_REQ, b"next"))

    assert offender.expect_error(b"INVALID_MAGIC") == b"Request magic expected"
    assert offender.expect(PacketType.ECHO_RES) == [b"next"]


@pytest.mark.parametrize(
    "packet_type",
    [
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
    ],
)
def test_a_packet_of_the_job_servers_is_refused(
    offender: Wire, packet_type: PacketType
) -> None:
    offender.send(packet_type, *[b"argument"] * 6)

    assert offender.expect_error(b"INVALID_COMMAND") == b"Command not expected"
    assert offender.echoes()


@pytest.mark.parametrize("magic", [b"\0FOO", b"\0REX", b"\0\0\0\0", b"\0req"])
def test_an_unknown_magic_ends_the_connection(offender: Wire, magic: bytes) -> None:
    offender.send_bytes(packet(PacketType.ECHO_REQ, b"x", magic=magic))

    offender.expect_error(b"INVALID_MAGIC")
    offender.expect_end()


@pytest.mark.parametrize(
    "packet_type", [0, 43, 255, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
)
def test_an_unknown_type_ends_the_connection(offender: Wire, packet_type: int) -> None:
    offender.send_bytes(packet(packet_type, b"x"))

    text = offender.expect_error(b"INVALID_COMMAND")
    assert text == b"Packet type %d is unknown" % packet_type
    offender.expect_end()


def test_what_came_before_an_unknown_packet_is_answered(offender: Wire) -> None:
    offender.send_bytes(packet(PacketType.ECHO_REQ, b"before") + packet(99))

    assert offender.expect(PacketType.ECHO_RES) == [b"before"]
    offender.expect_error(b"INVALID_COMMAND")
    offender.expect_end()


def test_what_follows_an_unknown_packet_is_not_read(
    server: RunningServer, offender: Wire
) -> None:
    late = packet(PacketType.SUBMIT_JOB_BG, b"too-late", b"", b"")

    offender.send_bytes(packet(99) + late)

    offender.expect_error(b"INVALID_COMMAND")
    with Wire(server.connect()) as admin:
        assert not any(row.startswith(b"too-late") for row in admin.listing(b"status"))


def test_random_bytes_harm_nobody_and_leave_nothing_behind(
    server: RunningServer, neighbour: Neighbour
) -> None:
    chance = random.Random(4730)
    figures = ProcessFigures(server)
    before = figures.descriptors()
    for _ in range(100):
        with Wire(server.connect()) as peer:
            peer.send_bytes(chance.randbytes(4096))
        with Wire(server.connect()) as peer:
            peer.send_bytes(b"\0REQ" + chance.randbytes(1024))

    assert neighbour.is_unharmed()
    wait_until(lambda: figures.descriptors() <= before)


def test_a_wrong_packet_at_any_byte_harms_nobody(
    server: RunningServer, neighbour: Neighbour
) -> None:
    """Each byte of a good conversation is spoilt once, the way bits flip."""
    good = packet(PacketType.CAN_DO, b"spoilt") + packet(
        PacketType.SUBMIT_JOB, b"spoilt", b"unique", b"data"
    )
    for position in range(len(good)):
        spoilt = bytearray(good)
        spoilt[position] ^= 0x81
        with Wire(server.connect()) as peer:
            peer.send_bytes(bytes(spoilt))

    assert neighbour.is_unharmed()


def test_a_tls_hello_gets_no_handshake(
    server: RunningServer, neighbour: Neighbour
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    # Nothing comes, or no TLS, or the end: it depends on the hello's random bytes.
    refusals = (TimeoutError, ssl.SSLError, ConnectionError)
    with server.connect(0.3) as connection, pytest.raises(refusals):
        context.wrap_socket(connection)

    assert neighbour.is_unharmed()


@pytest.mark.parametrize("cut", [1, 4, 11, 12, 13, 40])
def test_a_half_packet_may_stay_open_and_be_finished_later(
    offender: Wire, neighbour: Neighbour, cut: int
) -> None:
    whole = packet(PacketType.ECHO_REQ, b"x" * 50)

    offender.send_bytes(whole[:cut])
    assert neighbour.is_unharmed()
    offender.send_bytes(whole[cut:])

    assert offender.expect(PacketType.ECHO_RES) == [b"x" * 50]


def test_leaving_in_the_middle_of_a_packet_leaves_nothing_behind(
    server: RunningServer, neighbour: Neighbour
) -> None:
    figures = ProcessFigures(server)
    before = figures.descriptors()
    for size in (100, 100 * 1024, 100 * MIB):
        with Wire(server.connect()) as peer:
            head = b"\0REQ" + struct.pack(">II", PacketType.ECHO_REQ, size)
            peer.send_bytes(head + b"half")

    wait_until(lambda: figures.descriptors() <= before)


def test_connections_reset_at_once_leave_nothing_behind(
    server: RunningServer, neighbour: Neighbour
) -> None:
    figures = ProcessFigures(server)
    before = figures.descriptors()
    for _ in range(100):
        Wire(server.connect()).reset()

    assert neighbour.is_unharmed()
    wait_until(lambda: figures.descriptors() <= before)
    with Wire(server.connect()) as admin:
        # The neighbour's two, and the one that asks.
        assert len(admin.listing(b"workers")) == 3


def test_the_longest_line_of_text_is_read(offender: Wire) -> None:
    line = b"x" * LONGEST_LINE

    assert offender.command(line).endswith(b"Unknown+server+command" + line + b"\r\n")
    assert offender.command(b"version").startswith(b"OK ")


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_longer_line_of_text_ends_the_connection(offender: Wire, end: bytes) -> None:
    offender.send_bytes(b"x" * (LONGEST_LINE + 1) + end)

    answer = b"ERR LINE_TOO_LONG A+line+of+text+has+at+most+8191+bytes\r\n"
    assert offender.read_bytes(len(answer)) == answer
    offender.expect_end()


def test_an_endless_line_of_text_takes_no_memory(
    server: RunningServer, neighbour: Neighbour
) -> None:
    figures = ProcessFigures(server)
    before = figures.memory()
    with Wire(server.connect()) as peer, pytest.raises(ConnectionError):
        peer.send_bytes(b"x" * 64 * MIB)

    assert figures.memory() - before < 16 * MIB


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x80000000, 1025 * MIB])
def test_a_size_beyond_the_limit_is_refused_at_once(offender: Wire, size: int) -> None:
    head = b"\0REQ" + struct.pack(">II", PacketType.SUBMIT_JOB, size)

    offender.send_bytes(head)

    text = offender.expect_error(b"DATA_TOO_LARGE")
    assert text.startswith(b"SUBMIT_JOB of %d bytes is more than" % size)


def test_a_size_of_4_gib_takes_no_memory_before_its_bytes_come() -> None:
    head = b"\0REQ" + struct.pack(">II", PacketType.SUBMIT_JOB, 0xFFFFFFFF)
    with sound_server("--max-packet", "4G") as server:
        figures = ProcessFigures(server)
        with closing(Neighbour(server)) as neighbour:
            assert neighbour.is_unharmed()
            before = figures.peak_memory()
            peers = [Wire(server.connect()) for _ in range(50)]
            for peer in peers:
                peer.send_bytes(head + b"function\0unique\0the first bytes")

            assert neighbour.is_unharmed()
            assert figures.peak_memory() - before < 16 * MIB
            for peer in peers:
                peer.close()


def test_a_name_beyond_64_kib_is_refused(offender: Wire) -> None:
    offender.send(PacketType.CAN_DO, b"f" * (64 * 1024 + 1))

    offender.expect_error(b"DATA_TOO_LARGE")
    assert offender.echoes()


def test_urgent_data_is_read_as_any_other(
    server: RunningServer, neighbour: Neighbour
) -> None:
    """TCP's out-of-band byte, which port scanners send."""
    with Wire(server.connect()) as peer:
        peer.socket.send(b"!", socket.MSG_OOB)
        assert peer.echoes()


def test_an_answer_reaches_a_peer_that_has_stopped_sending(
    server: RunningServer, neighbour: Neighbour
) -> None:
    r"""As in ``printf 'version\n' | nc -N host 4730``."""
    with Wire(server.connect()) as peer:
        peer.send_bytes(b"version\n")
        peer.socket.shutdown(socket.SHUT_WR)

        assert peer.read_line().startswith(b"OK ")
        peer.expect_end()


def test_a_web_pages_request_is_refused_with_all_that_is_in_it(
    server: RunningServer, neighbour: Neighbour, offender: Wire
) -> None:
    offender.send(PacketType.SUBMIT_JOB_BG, b"kept", b"", b"")
    (handle,) = offender.expect(PacketType.JOB_CREATED)
    inside = (b"\ncancel job " + handle + b"\npolicy * ttl=5\nshutdown\n") + packet(
        PacketType.SUBMIT_JOB_BG, b"from-a-page", b"", b""
    )
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"

    with closing(server.connect()) as page:
        page.sendall(head % len(inside) + inside)
        answer = b"".join(iter(lambda: page.recv(4096), b""))

    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert offender.listing(b"jobs function=from-a-page") == []
    assert offender.command(b"cancel job " + handle) == b"OK\r\n"
