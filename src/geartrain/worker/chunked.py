"""Workloads in chunks: joined before the handler runs, removed afterwards."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from geartrain.chunks import is_manifest, join, parse
from geartrain.errors import CodecError
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import Packet, request
from geartrain.protocol.replies import ReplyParser
from geartrain.texts import quoted
from geartrain.transport import forks
from geartrain.worker import asking
from geartrain.worker.functions import key, text
from geartrain.worker.jobs import BaseJob
from geartrain.worker.log import LOG

__all__ = ["Chunks", "chunks_of"]

_CONNECT: Final = 10.0
_READ: Final = 1 << 20
# Seconds the job server may be silent, or chunks may be held by another worker.
_PATIENCE: Final = 10.0
# Seconds a job may be listed as running after its end was sent, and between looks.
_LATE: Final = 2.0
_PAUSE: Final = 0.02

_ANSWERS: Final = frozenset({PacketType.JOB_ASSIGN_UNIQ, PacketType.NO_JOB})
_FINAL: Final = frozenset({"complete", "fail", "exception"})


def chunks_of(job: BaseJob) -> Chunks | None:
    """Return the chunks of a job's workload; None if it is not chunked."""
    return Chunks(job) if is_manifest(job.workload) else None


class Chunks:
    """The jobs that carry the chunks of one job's workload.

    They are grabbed on a separate connection. They go back to Geartrain as soon as they
    have been read, so that the next attempt finds them whatever happens to this worker.
    Other job servers cannot take jobs back: there they are held until this connection
    is closed.
    """

    def __init__(self, job: BaseJob) -> None:
        self._job = job
        self._function = ""
        self._handles: list[str] = []
        self._connection: socket.socket | None = None
        self._parser = ReplyParser()
        self._is_over = False
        self._joining = threading.Lock()

    def join(self) -> None:
        """Replace the job's workload by its joined chunks.

        Raises:
            CodecError: the manifest is broken, or chunks are missing.
            OSError: the job server cannot be reached, or is silent.
        """
        job = self._job
        with self._joining:
            manifest = parse(job.workload)
            # Only its own chunks: a manifest must not grab jobs of other functions.
            if manifest.function != f"{job.function}.chunks.{manifest.id}":
                raise CodecError(
                    f"the manifest of a workload names {quoted(manifest.function)},"
                    f" which is no function of chunks for {quoted(job.function)}"
                )
            self._function = manifest.function
            try:
                job.replace_workload(join(job.workload, self._grab))
            finally:
                if asking.release_all(job.connector, self._handles) == "done":
                    self._close()

    def settle(self) -> None:
        """Remove the chunks if the job has ended for good; else leave them queued."""
        self._is_over = True
        connection = self._connection
        if connection is not None and self._joining.locked():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        with self._joining:
            try:
                if self._handles and self._has_ended():
                    self._remove()
            except Exception as error:
                # The job has ended already and cannot fail any more.
                LOG.warning(
                    "%s: %s", self._left(), error, extra={"action": "chunks_left"}
                )
            finally:
                self._close()

    def _has_ended(self) -> bool:
        """Return whether there can be no other attempt of the job."""
        job = self._job
        if job.outcome not in _FINAL:
            return False
        until = time.monotonic() + _LATE
        fate = asking.fate(job.connector, job.handle)
        while fate == "running" and time.monotonic() < until:
            # The job server may not have read the end of the job yet.
            time.sleep(_PAUSE)
            fate = asking.fate(job.connector, job.handle)
        if fate in {"dead", "unknown"}:
            LOG.warning("%s", self._left(), extra={"action": "chunks_left"})
        return fate == "gone"

    def _left(self) -> str:
        return (
            f"{self._job} has ended, and {len(self._handles)} chunks of its workload"
            f" stay queued as jobs of {quoted(self._function)}"
        )

    def _remove(self) -> None:
        connection = self._connection
        if connection is None:
            connector = self._job.connector
            if asking.cancel_all(connector, self._function, self._handles) != "done":
                LOG.warning("%s", self._left(), extra={"action": "chunks_left"})
            return
        for handle in self._handles:
            connection.sendall(request(PacketType.WORK_COMPLETE, key(handle), b""))
        # Closing might lose what was sent. The answer comes after it was read.
        connection.sendall(request(PacketType.ECHO_REQ, b""))
        while self._next(connection).type != PacketType.ECHO_RES:
            pass

    def _grab(self, function: str, count: int) -> Iterator[tuple[str, bytes]]:
        connection = self._connect()
        connection.sendall(request(PacketType.CAN_DO, key(function)))
        found: set[bytes] = set()
        until = time.monotonic() + _PATIENCE
        while len(found) < count:
            missing = count - len(found)
            connection.sendall(request(PacketType.GRAB_JOB_UNIQ) * missing)
            for _ in range(missing):
                packet = self._answer(connection)
                if packet.type == PacketType.JOB_ASSIGN_UNIQ:
                    handle, _, unique, data = packet.arguments
                    self._handles.append(text(handle))
                    found.add(unique)
                    yield text(unique), data
            if len(found) < count and not self._wait(connection, until):
                return

    def _connect(self) -> socket.socket:
        connection = self._job.connector.connect(_CONNECT)
        forks.own(connection)
        self._connection = connection
        connection.settimeout(_PATIENCE)
        if self._is_over:
            raise OSError("the job has been given up")
        return connection

    def _wait(self, connection: socket.socket, until: float) -> bool:
        """Wait for chunks that a lost worker may not have given back yet."""
        connection.sendall(request(PacketType.PRE_SLEEP))
        try:
            connection.settimeout(max(0.001, until - time.monotonic()))
            while self._next(connection).type != PacketType.NOOP:
                pass
        except TimeoutError:
            return False
        connection.settimeout(_PATIENCE)
        return True

    def _answer(self, connection: socket.socket) -> Packet:
        """Return the answer to a grab."""
        packet = self._next(connection)
        while packet.type not in _ANSWERS:
            packet = self._next(connection)
        return packet

    def _next(self, connection: socket.socket) -> Packet:
        packet = self._parser.next()
        while packet is None:
            data = connection.recv(_READ)
            if not data:
                raise ConnectionError("the job server closed the connection")
            self._parser.feed(data)
            packet = self._parser.next()
        if packet.type == PacketType.ERROR:
            said = b": ".join(packet.arguments).decode(errors="replace")
            raise OSError(f"the job server says {said}")
        return packet

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
