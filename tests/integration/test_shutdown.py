"""The ways a job server ends, and what is still done by then."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from geartrain.protocol.constants import PacketType
from tests.support.servers import RunningServer, running_geartrain
from tests.support.waiting import PATIENCE, slowness, wait_until
from tests.support.wire import MIB, Neighbour, Wire, checksum

RESULT = 64


@contextmanager
def ending_server(*flags: str) -> Iterator[RunningServer]:
    """Run a server that the block ends, in order and without a traceback."""
    with running_geartrain(*flags) as server:
        yield server
        assert server.process.wait(PATIENCE) == 0
        log = server.log.read_text()
    assert "Traceback" not in log, log[log.index("Traceback") :][:5000]


def accepts(server: RunningServer) -> bool:
    """Tell whether the server still takes new connections."""
    try:
        server.connect(1).close()
    except OSError:
        return False
    return True


def running(server: RunningServer) -> bool:
    return server.process.poll() is None


@contextmanager
def unread_result(server: RunningServer) -> Iterator[tuple[Wire, bytes]]:
    """Let the server hold a large result for a client that has not read it."""
    with Wire(server.connect()) as client, Wire(server.connect()) as worker:
        worker.register(b"report")
        handle = client.submit(b"report")
        worker.grab()
        worker.send_large(PacketType.WORK_COMPLETE, handle + b"\0", b"r" * MIB, RESULT)
        # What the worker sent has been read and written on as far as it goes.
        assert worker.echoes()
        yield client, handle


def assert_whole(client: Wire, handle: bytes) -> None:
    """Check that all of the large result arrives, and then the end."""
    packet_type, size = client.read_header()
    assert packet_type == PacketType.WORK_COMPLETE
    assert client.read_bytes(len(handle) + 1) == handle + b"\0"
    rest = client.read_large(size - len(handle) - 1)
    assert checksum(rest) == checksum(b"r" * MIB for _ in range(RESULT))
    client.expect_end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_closes_every_connection(number: signal.Signals) -> None:
    with ending_server() as server:
        peers = [Wire(server.connect()) for _ in range(5)]
        assert all(peer.echoes() for peer in peers)
        start = time.monotonic()

        server.process.send_signal(number)

        for peer in peers:
            peer.expect_end()
            peer.close()
        assert server.process.wait(PATIENCE) == 0
        assert time.monotonic() - start < 2 * slowness()
        assert not accepts(server)


def test_a_signal_lets_large_writes_be_finished() -> None:
    with ending_server() as server, unread_result(server) as (client, handle):
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not accepts(server))
        assert running(server)

        assert_whole(client, handle)


def test_a_second_signal_ends_it_at_once() -> None:
    with ending_server() as server, unread_result(server):
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not accepts(server))
        assert running(server)
        start = time.monotonic()

        server.process.send_signal(signal.SIGTERM)

        assert server.process.wait(PATIENCE) == 0
        assert time.monotonic() - start < slowness()


def test_a_peer_that_never_reads_does_not_hold_it_up_for_ever() -> None:
    with ending_server() as server, unread_result(server):
        start = time.monotonic()

        server.process.send_signal(signal.SIGTERM)

        assert server.process.wait(PATIENCE) == 0
        assert time.monotonic() - start < 8 * slowness()


def test_the_command_shutdown_is_answered_and_ends_it() -> None:
    with ending_server() as server, Wire(server.connect()) as admin:
        other = Wire(server.connect())
        assert other.echoes()

        assert admin.command(b"shutdown") == b"OK\r\n"

        admin.expect_end()
        other.expect_end()
        other.close()
        assert server.process.wait(PATIENCE) == 0


def test_the_command_shutdown_lets_large_writes_be_finished() -> None:
    with ending_server() as server, unread_result(server) as (client, handle):
        with Wire(server.connect()) as admin:
            assert admin.command(b"shutdown") == b"OK\r\n"

        wait_until(lambda: not accepts(server))
        assert_whole(client, handle)


def shutdown_gracefully(server: RunningServer) -> None:
    with Wire(server.connect()) as admin:
        assert admin.command(b"shutdown graceful") == b"OK\r\n"


def signal_usr1(server: RunningServer) -> None:
    server.process.send_signal(signal.SIGUSR1)


@pytest.mark.parametrize("ask", [shutdown_gracefully, signal_usr1])
def test_a_graceful_stop_lets_the_connected_go_on_working(
    ask: Callable[[RunningServer], None],
) -> None:
    with ending_server() as server, closing(Neighbour(server)) as neighbour:
        assert neighbour.is_unharmed()

        ask(server)

        wait_until(lambda: not accepts(server))
        assert neighbour.is_unharmed(rounds=20)
        neighbour.client.close()
        assert neighbour.worker.echoes()
        assert running(server)
        neighbour.worker.close()
        assert server.process.wait(PATIENCE) == 0


def test_a_graceful_stop_with_nobody_connected_ends_at_once() -> None:
    with ending_server() as server:
        server.process.send_signal(signal.SIGUSR1)

        assert server.process.wait(PATIENCE) == 0


def test_a_signal_ends_a_graceful_stop() -> None:
    with ending_server() as server, Wire(server.connect()) as peer:
        assert peer.command(b"shutdown graceful") == b"OK\r\n"
        wait_until(lambda: not accepts(server))

        server.process.send_signal(signal.SIGTERM)

        peer.expect_end()
        assert server.process.wait(PATIENCE) == 0


def test_what_shutdown_does_not_know_changes_nothing() -> None:
    with ending_server() as server, Wire(server.connect()) as admin:
        assert admin.command(b"shutdown now").startswith(b"ERR UNKNOWN_ARGS ")
        assert admin.echoes()
        assert accepts(server)

        assert admin.command(b"shutdown") == b"OK\r\n"


@pytest.mark.parametrize("line", [b"shutdown", b"shutdown graceful"])
def test_shutdown_is_refused_where_others_could_ask_for_it(line: bytes) -> None:
    with ending_server("--listen", "0.0.0.0") as server:
        with Wire(server.connect()) as admin:
            assert admin.command(line).startswith(b"ERR NOT_ALLOWED ")
            assert admin.echoes()
        assert accepts(server)
        server.process.send_signal(signal.SIGTERM)


def test_a_stop_says_how_many_background_jobs_go_with_it() -> None:
    with ending_server() as server:
        with Wire(server.connect()) as client:
            for _ in range(3):
                client.send(PacketType.SUBMIT_JOB_BG, b"later", b"", b"")
                client.expect(PacketType.JOB_CREATED)

        server.process.send_signal(signal.SIGTERM)

        assert server.process.wait(PATIENCE) == 0
        assert "3 background jobs" in server.log.read_text()
