"""Job servers that speak TLS: what is done, and who cannot harm whom."""

from __future__ import annotations

import os
import resource
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from geartrain.admin import Admin
from geartrain.protocol.constants import PacketType
from geartrain.transport.tls import Tls
from tests.support.certificates import Authority, Issued
from tests.support.servers import (
    geartrain_command,
    run_server,
    stop,
)
from tests.support.tls import TlsServer, complaint, said, tls_server, unharmed
from tests.support.waiting import wait_until
from tests.support.wire import MIB, ProcessFigures, Wire, checksum

pytestmark = pytest.mark.slow

STALLED = 300
# More than the job server lets shake hands at a time.
TOO_MANY = 1100


@pytest.fixture
def server(shown: Issued, trusting: Tls) -> Iterator[TlsServer]:
    with tls_server(shown, trusting) as running:
        yield running


def test_jobs_are_done_over_tls(server: TlsServer) -> None:
    with unharmed(server) as neighbour:
        assert isinstance(neighbour.client.socket, ssl.SSLSocket)
        assert neighbour.client.socket.version() == "TLSv1.3"
    with Admin(server.address, tls=server.tls) as admin:
        assert admin.counters()


@pytest.mark.usefixtures("loop")
def test_large_workloads_arrive_whole(shown: Issued, trusting: Tls) -> None:
    chunk, count = os.urandom(MIB), 10
    expected = checksum([chunk] * count)
    with tls_server(shown, trusting) as server, ExitStack() as stack:
        client = stack.enter_context(Wire(server.connect()))
        worker = stack.enter_context(Wire(server.connect()))
        worker.register(b"turn")
        client.send_large(PacketType.SUBMIT_JOB, b"turn\0\0", chunk, count)
        (handle,) = client.expect(PacketType.JOB_CREATED)
        worker.send(PacketType.GRAB_JOB)
        packet_type, size = worker.read_header()
        assert packet_type == PacketType.JOB_ASSIGN
        assert worker.read_bytes(len(handle) + 6) == handle + b"\0turn\0"
        got = checksum(worker.read_large(size - len(handle) - 6))
        assert got == expected
        worker.send_large(PacketType.WORK_COMPLETE, handle + b"\0", chunk, count)
        _, size = client.read_header()
        assert client.read_bytes(len(handle) + 1) == handle + b"\0"
        assert checksum(client.read_large(size - len(handle) - 1)) == expected
        assert client.echoes()
        assert worker.echoes()


@pytest.mark.usefixtures("loop")
def test_a_client_that_does_not_read_is_closed_at_max_outbox(
    shown: Issued, trusting: Tls
) -> None:
    piece = os.urandom(65536)
    with (
        tls_server(shown, trusting, "--max-outbox", str(4 * MIB)) as server,
        unharmed(server),
        Wire(server.connect()) as client,
        Wire(server.connect()) as worker,
    ):
        figures = ProcessFigures(server)
        worker.register(b"flood")
        handle = client.submit(b"flood")
        assert worker.grab() == (handle, b"")
        before = figures.memory()
        for _ in range(1024):
            worker.send(PacketType.WORK_DATA, handle, piece)
        assert worker.echoes()
        wait_until(lambda: said(server, "more than --max-outbox"))
        assert figures.peak_memory() - before < 40 * MIB


@pytest.mark.usefixtures("loop")
def test_a_large_result_keeps_nobody_waiting(shown: Issued, trusting: Tls) -> None:
    chunk, count = os.urandom(MIB), 200
    with (
        tls_server(shown, trusting) as server,
        unharmed(server) as neighbour,
        Wire(server.connect()) as client,
        Wire(server.connect()) as worker,
        ThreadPoolExecutor() as threads,
    ):
        worker.register(b"large")
        handle = client.submit(b"large")
        assert worker.grab() == (handle, b"")
        head = (PacketType.WORK_COMPLETE, handle + b"\0")
        sending = threads.submit(worker.send_large, *head, chunk, count)
        _, size = client.read_header()
        reading = threads.submit(lambda: checksum(client.read_large(size)))
        while not reading.done():
            assert neighbour.is_unharmed(1)
        sending.result()
        assert reading.result() == checksum([handle + b"\0", *[chunk] * count])


def test_a_plain_client_is_sent_away(server: TlsServer) -> None:
    with unharmed(server), Wire(server.connect_plainly()) as peer:
        peer.send(PacketType.ECHO_REQ, b"plain")
        # An alert may come first.
        while peer.socket.recv(1000):
            pass
        wait_until(lambda: said(server, "the TLS handshake with 127.0.0.1 failed: "))
        assert complaint(server, None)


def test_handshakes_that_stall_harm_nobody_and_end(server: TlsServer) -> None:
    hello = bytes.fromhex("16030100c8010000c40303")
    figures = ProcessFigures(server)
    with unharmed(server) as neighbour, ExitStack() as stack:
        before = figures.descriptors()
        began = time.monotonic()
        peers = [
            stack.enter_context(Wire(server.connect_plainly())) for _ in range(STALLED)
        ]
        for number, peer in enumerate(peers):
            if number % 3 == 1:
                peer.send_bytes(hello)
            elif number % 3 == 2:
                peer.send_bytes(os.urandom(100))
        assert neighbour.is_unharmed()
        # Nobody is a peer before the end of its handshake.
        with Wire(server.connect()) as admin:
            assert len(admin.listing(b"workers")) == 3
        for peer in peers:
            peer.socket.settimeout(20)
            try:
                while peer.socket.recv(1000):
                    pass
            except ConnectionResetError:
                pass
        assert 9 < time.monotonic() - began < 20
        assert said(server, "it was not done after 10 seconds")
        wait_until(lambda: figures.descriptors() <= before + 1)


def test_the_oldest_handshakes_make_room(server: TlsServer) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with unharmed(server), ExitStack() as stack:
            for _ in range(TOO_MANY):
                stack.enter_context(Wire(server.connect_plainly()))
            began = time.monotonic()
            with Wire(server.connect()) as late:
                assert late.echoes()
            assert time.monotonic() - began < 5
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_peers_come_back_after_a_kill(shown: Issued, trusting: Tls) -> None:
    with tls_server(shown, trusting) as server:
        peer = Wire(server.connect())
        assert peer.echoes()
        server.process.kill()
        server.process.wait()
        peer.expect_end()
        peer.close()
        with pytest.raises(ConnectionRefusedError):
            server.connect()
        flags = ["--port", str(server.port)]
        flags += ["--tls-cert", str(shown.cert), "--tls-key", str(shown.key)]
        words = ["server", "--store", "memory:", *flags]
        command = [*geartrain_command("geartrain"), *words]
        with run_server(command, server.port), unharmed(server):
            pass


@pytest.mark.usefixtures("loop")
def test_a_stop_does_not_wait_for_peers_that_say_nothing(
    shown: Issued, trusting: Tls
) -> None:
    with (
        tls_server(shown, trusting) as server,
        Wire(server.connect()) as idle,
        Wire(server.connect_plainly()),
    ):
        assert idle.echoes()
        began = time.monotonic()
        assert stop(server.process) == 0
        assert time.monotonic() - began < 8
        assert said(server, "stopped")


def test_a_unix_socket_stays_plain(
    shown: Issued, trusting: Tls, tmp_path: Path
) -> None:
    address = f"unix:{tmp_path}/jobs"
    flags = ("--listen", address, "--listen", "127.0.0.1")
    with tls_server(shown, trusting, *flags) as server, unharmed(server):
        with Admin(address) as admin:
            assert admin.counters()
        with Admin(address, tls=trusting) as admin:
            assert admin.counters()


@pytest.mark.interop
def test_perls_client_and_worker_speak_tls(
    authority: Authority, shown: Issued, trusting: Tls
) -> None:
    script = Path(__file__).with_name("tls.pl")
    known = authority.issue("perl")
    with tls_server(shown, trusting, "--tls-ca", str(authority.ca)) as server:
        words = [str(server.port), *map(str, (authority.ca, known.cert, known.key))]
        done = subprocess.run(
            ["perl", str(script), *words], capture_output=True, text=True, timeout=30
        )
        assert (done.returncode, done.stdout) == (0, "olleh\n"), done.stderr


def test_debians_gearman_is_plain_whatever_it_is_told(server: TlsServer) -> None:
    # Its libgearman is built without TLS, and says so by nothing but this.
    linked = subprocess.run(
        ["ldd", shutil.which("gearman") or "gearman"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "libssl" not in linked.stdout
    with unharmed(server):
        words = ["-S", "-h", "127.0.0.1", "-p", str(server.port), "-t", "2000", "-s"]
        done = subprocess.run(
            ["gearman", *words, "-f", "reverse"], capture_output=True, timeout=20
        )
        assert done.stdout == b""
