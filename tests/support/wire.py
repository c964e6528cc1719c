"""A blocking peer for tests, which speaks to a job server byte by byte."""

from __future__ import annotations

import os
import socket
import struct
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from geartrain.protocol.constants import PacketType
from tests.support.servers import RunningServer, running_geartrain

__all__ = [
    "MIB",
    "Neighbour",
    "ProcessFigures",
    "Received",
    "Scene",
    "Wire",
    "checksum",
    "packet",
    "scene",
    "sound_server",
]

MIB = 1024 * 1024
_CHUNK = MIB


def packet(packet_type: int, *arguments: bytes, magic: bytes = b"\0REQ") -> bytes:
    """Return a whole packet; any number will do for its type."""
    payload = b"\0".join(arguments)
    return magic + struct.pack(">II", packet_type, len(payload)) + payload


def checksum(pieces: Iterable[bytes]) -> tuple[int, int]:
    """Return the number of bytes and their CRC."""
    size = crc = 0
    for piece in pieces:
        size += len(piece)
        crc = zlib.crc32(piece, crc)
    return size, crc


@dataclass(frozen=True)
class Received:
    """A packet that came from the job server."""

    type: PacketType
    payload: bytes

    def split(self, count: int) -> list[bytes]:
        """Part the payload into ``count`` arguments, the last with what is left."""
        return self.payload.split(b"\0", count - 1)


class Wire:
    """One connection to a job server; reads give up as its socket does."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._buffer = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the job server."""
        self.socket.close()

    def reset(self) -> None:
        """Leave with RST instead of FIN, as a peer that crashed does."""
        linger = struct.pack("ii", 1, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.socket.close()

    def send(self, packet_type: PacketType, *arguments: bytes) -> None:
        """Send one packet."""
        self.send_bytes(packet(packet_type, *arguments))

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def send_large(
        self, packet_type: PacketType, arguments: bytes, chunk: bytes, count: int
    ) -> None:
        """Send a packet whose data is ``count`` times ``chunk``, a chunk at a time.

        ``arguments`` are those before the data, each with its NUL.
        """
        size = len(arguments) + len(chunk) * count
        head = b"\0REQ" + struct.pack(">II", packet_type, size)
        self.send_bytes(head + arguments)
        for _ in range(count):
            self.send_bytes(chunk)

    def read(self) -> Received:
        """Return the next packet.

        Raises:
            ConnectionError: the job server closed the connection.
            TimeoutError: nothing came in time.
        """
        packet_type, size = self.read_header()
        return Received(packet_type, self.read_bytes(size))

    def read_header(self) -> tuple[PacketType, int]:
        """Return the next packet's type and the size of what follows."""
        head = self.read_bytes(12)
        assert head[:4] == b"\0RES", head
        packet_type, size = struct.unpack(">II", head[4:])
        return PacketType(packet_type), size

    def read_large(self, size: int) -> Iterator[bytes]:
        """Give the next ``size`` bytes piece by piece, without keeping them."""
        first = bytes(self._buffer[:size])
        del self._buffer[: len(first)]
        missing = size - len(first)
        if first:
            yield first
        while missing:
            piece = self.socket.recv(min(missing, _CHUNK))
            if not piece:
                raise ConnectionError(f"closed with {missing} bytes still to come")
            missing -= len(piece)
            yield piece

    def read_bytes(self, size: int) -> bytes:
        """Return exactly the next ``size`` bytes."""
        while len(self._buffer) < size:
            self._receive()
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def read_line(self) -> bytes:
        r"""Return the next line with its ``\n``."""
        while b"\n" not in self._buffer:
            self._receive()
        return self.read_bytes(self._buffer.index(b"\n") + 1)

    def _receive(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the job server closed the connection")
        self._buffer += data

    def expect(self, packet_type: PacketType, count: int = 1) -> list[bytes]:
        """Return the ``count`` arguments of the next packet, which has this type."""
        received = self.read()
        assert received.type == packet_type, received
        return received.split(count)

    def expect_error(self, code: bytes) -> bytes:
        """Return the text of the next packet, which is an ERROR with this code."""
        found, text = self.expect(PacketType.ERROR, 2)
        assert found == code, (found, text)
        return text

    def expect_end(self) -> None:
        """Return when the job server has closed, having sent nothing more."""
        try:
            rest = bytes(self._buffer) or self.socket.recv(1)
        except ConnectionResetError:
            return
        assert rest == b"", rest

    def expect_silence(self, seconds: float) -> None:
        """Fail if anything comes, or the connection ends, within ``seconds``."""
        before = self.socket.gettimeout()
        self.socket.settimeout(seconds)
        try:
            assert not self._buffer, self._buffer
            came = self.socket.recv(1)
        except TimeoutError:
            return
        finally:
            self.socket.settimeout(before)
        raise AssertionError(f"expected silence, got {came!r}")

    def command(self, line: bytes) -> bytes:
        """Send a text command and return the one line it answers."""
        self.send_bytes(line + b"\n")
        return self.read_line()

    def listing(self, line: bytes) -> list[bytes]:
        """Send a text command and return the rows it answers."""
        self.send_bytes(line + b"\n")
        rows = []
        while (row := self.read_line()) != b".\n":
            rows.append(row.rstrip(b"\n"))
        return rows

    def echoes(self, data: bytes = b"still here") -> bool:
        """Tell whether the connection goes on working."""
        self.send(PacketType.ECHO_REQ, data)
        return self.read() == Received(PacketType.ECHO_RES, data)

    def submit(self, function: bytes, workload: bytes = b"") -> bytes:
        """Submit a foreground job and return its handle."""
        self.send(PacketType.SUBMIT_JOB, function, b"", workload)
        return self.expect(PacketType.JOB_CREATED)[0]

    def register(self, function: bytes) -> None:
        """Become a worker of ``function`` that the job server knows of."""
        self.send(PacketType.CAN_DO, function)
        assert self.echoes(b"registered")

    def sleep(self) -> None:
        """Sleep as a worker does; returns once the job server knows."""
        self.send(PacketType.PRE_SLEEP)
        assert self.echoes(b"asleep")

    def grab(self) -> tuple[bytes, bytes]:
        """Take a job that is there; return its handle and workload."""
        self.send(PacketType.GRAB_JOB)
        handle, _, workload = self.expect(PacketType.JOB_ASSIGN, 3)
        return handle, workload


class Neighbour:
    """A client and its worker, who do nothing wrong and must not be harmed."""

    def __init__(self, server: RunningServer) -> None:
        self.client = Wire(server.connect())
        self.worker = Wire(server.connect())
        self.function = b"neighbour-%d" % self.client.socket.fileno()
        self.worker.register(self.function)

    def round_trip(self) -> float:
        """Return the seconds from a job's submission to its result."""
        start = time.monotonic()
        self.worker.send(PacketType.PRE_SLEEP)
        handle = self.client.submit(self.function, b"work")
        self.worker.expect(PacketType.NOOP)
        assert self.worker.grab() == (handle, b"work")
        self.worker.send(PacketType.WORK_COMPLETE, handle, b"done")
        assert self.client.expect(PacketType.WORK_COMPLETE, 2) == [handle, b"done"]
        return time.monotonic() - start

    def is_unharmed(self, rounds: int = 5, limit: float = 1.0) -> bool:
        """Tell whether each of some round trips takes less than ``limit`` seconds."""
        return max(self.round_trip() for _ in range(rounds)) < limit

    def close(self) -> None:
        """Leave the job server."""
        self.client.close()
        self.worker.close()


class ProcessFigures:
    """What the operating system knows of a running process."""

    def __init__(self, server: RunningServer) -> None:
        self._folder = Path(f"/proc/{server.process.pid}")

    def cpu_seconds(self) -> float:
        """Return the user and system time used so far."""
        # The program's name, in brackets, may hold spaces.
        fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Return the bytes resident now."""
        return self._status("VmRSS")

    def peak_memory(self) -> int:
        """Return the most bytes that were ever resident."""
        return self._status("VmHWM")

    def _status(self, name: str) -> int:
        text = (self._folder / "status").read_text()
        return int(text.partition(f"{name}:")[2].split()[0]) * 1024

    def descriptors(self) -> int:
        """Return the number of open files."""
        return len(list((self._folder / "fd").iterdir()))


@contextmanager
def sound_server(*flags: str) -> Iterator[RunningServer]:
    """Run ``geartrain server``; fail if it logged a traceback meanwhile."""
    with running_geartrain(*flags) as server:
        yield server
        log = server.log.read_text()
    assert "Traceback" not in log, log[log.index("Traceback") :][:5000]


class Scene:
    """A job server, a neighbour in it, and peers that leave when the test ends.

    Attributes:
        server: the job server's process.
        figures: what the operating system knows of it.
        neighbour: a client and worker that must not be harmed.
    """

    def __init__(
        self, server: RunningServer, neighbour: Neighbour, stack: ExitStack
    ) -> None:
        self.server = server
        self.neighbour = neighbour
        self.figures = ProcessFigures(server)
        self._stack = stack

    def peer(self) -> Wire:
        """Connect a peer."""
        return self._stack.enter_context(Wire(self.server.connect()))

    def slow_peer(self) -> Wire:
        """Connect a peer whose system takes few bytes that it does not read."""
        connection = socket.socket()
        peer = self._stack.enter_context(Wire(connection))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.settimeout(10)
        connection.connect((self.server.host, self.server.port))
        return peer

    def worker(self, function: bytes) -> Wire:
        """Connect a worker of ``function`` that the job server knows of."""
        worker = self.peer()
        worker.register(function)
        return worker


@contextmanager
def scene(*flags: str) -> Iterator[Scene]:
    """Run a server in which a neighbour works before and after the block."""
    with sound_server(*flags) as server, closing(Neighbour(server)) as neighbour:
        assert neighbour.is_unharmed()
        with ExitStack() as stack:
            yield Scene(server, neighbour, stack)
            assert neighbour.is_unharmed()
