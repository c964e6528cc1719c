"""Plays a scenario to a running job server and keeps the trace.

After every send the connection asks for an ECHO, and then every other open
connection does. A job server answers one connection in order and reacts to one
packet at a time, so when the echoes are back, everything that the send caused has
come too, in the same order on every run: nothing here waits for time to pass,
except where a scenario is about time.
"""

from __future__ import annotations

import select
import time
from contextlib import suppress
from itertools import count

from proof.differential.trace import MONITOR, Trace
from proof.differential.wire import (
    HEADER,
    REQUEST,
    Packet,
    PacketType,
    ReplyBuffer,
    encode,
)
from tests.support.servers import RunningServer

PATIENCE = 10.0
"""Seconds a server may take for an answer it owes."""

_tokens = count(1)


class Link:
    """One connection: sends bytes, hands out what comes until an echo returns."""

    def __init__(self, server: RunningServer) -> None:
        self._socket = server.connect(PATIENCE)
        self._buffer = ReplyBuffer()
        self.closed = False

    def write(self, data: bytes) -> None:
        """Send ``data``; a server that has hung up is noticed at the next read."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(data)

    def next(self, deadline: float) -> Packet | bytes | None:
        """Return the next packet or text; None when closed or out of time."""
        while True:
            reply = self._buffer.take()
            if reply is not None:
                return reply
            if self.closed or not self._readable(deadline - time.monotonic()):
                return None
            self._receive()

    def close(self) -> None:
        self._socket.close()
        self.closed = True

    def _readable(self, seconds: float) -> bool:
        return bool(select.select([self._socket], [], [], max(seconds, 0))[0])

    def _receive(self) -> None:
        try:
            data = self._socket.recv(1 << 20)
        except ConnectionResetError:
            data = b""
        if not data:
            self.close()
        self._buffer.feed(data)


class Monitor:
    """A connection outside the script, which asks the server how it stands."""

    def __init__(self, server: RunningServer) -> None:
        self._link = Link(server)
        self._link.write(encode(PacketType.SET_CLIENT_ID, MONITOR.encode()))

    def ask(self, command: str) -> list[str]:
        """Return the lines of a text command's answer, without their endings."""
        token = b"monitor-%d" % next(_tokens)
        self._link.write(command.encode("latin-1") + b"\r\n")
        self._link.write(encode(PacketType.ECHO_REQ, token))
        deadline = time.monotonic() + PATIENCE
        text = b""
        while True:
            reply = self._link.next(deadline)
            assert reply is not None, f"no answer to {command!r}, only {text!r}"
            if isinstance(reply, Packet):
                assert reply.body == token
                return text.decode("latin-1").splitlines()
            text += reply

    def await_connections(self, expected: int) -> None:
        """Return when the server knows of ``expected`` connections but this one."""
        deadline = time.monotonic() + PATIENCE
        while len(rows := self.ask("workers")) - 2 != expected:
            assert time.monotonic() < deadline, f"not {expected} connections: {rows}"

    def close(self) -> None:
        self._link.close()


class Connection:
    """One named connection of a scenario."""

    def __init__(self, player: Player, name: str, server: RunningServer) -> None:
        self.name = name
        self._player = player
        self._trace = player.trace
        self._link = Link(server)
        self._text = b""
        self._waits_for_more = False
        self._closing_noted = False

    @property
    def closed(self) -> bool:
        return self._link.closed

    def send(self, kind: int, *arguments: bytes) -> None:
        """Send a packet and settle; nothing happens on a closed connection."""
        if not self.closed:
            self._trace.sent_packet(self.name, kind, b"\0".join(arguments))
            self._link.write(encode(kind, *arguments))
            self._player.settle(self)

    def text(self, line: str, ending: str = "\n") -> None:
        """Send one text command and settle."""
        if not self.closed:
            data = (line + ending).encode("latin-1")
            self._trace.sent_command(self.name, data)
            self._link.write(data)
            self._player.settle(self)

    def raw(self, *pieces: bytes) -> None:
        """Send bytes as they are, a piece at a time, and settle."""
        for piece in pieces:
            self._send_raw(piece)
        self._player.settle(self)

    def raw_unfinished(self, data: bytes) -> None:
        """Send bytes after which a server may wait for more, or hang up.

        Echoes would become part of what it waits for, so this connection takes
        no part in settling any more.
        """
        self._waits_for_more = True
        self._send_raw(data)

    def finish(self, data: bytes) -> None:
        """Send the rest of what ``raw_unfinished`` began and settle."""
        self._waits_for_more = False
        self.raw(data)

    def _send_raw(self, data: bytes) -> None:
        if self.closed:
            return
        if len(data) >= HEADER.size and data.startswith(REQUEST):
            self._trace.sent.add(HEADER.unpack_from(data)[1])
        self._trace.sent_bytes(self.name, data)
        self._link.write(data)

    def until_closed(self) -> None:
        """Record what comes until the server hangs up, or that it does not."""
        deadline = time.monotonic() + PATIENCE
        while (reply := self._link.next(deadline)) is not None:
            self._record(reply)
        self._finish_reading("(still open)")

    def listen(self, within: float) -> None:
        """Record the next reply or the end; note it if neither comes in time."""
        reply = self._link.next(time.monotonic() + within)
        if reply is None:
            self._finish_reading("(nothing)")
        else:
            self._record(reply)
            self._flush_text()

    def wait_for(self, kind: int, within: float) -> None:
        """Record what comes until a packet of that type arrives or time runs out."""
        deadline = time.monotonic() + within
        while (reply := self._link.next(deadline)) is not None:
            self._record(reply)
            if isinstance(reply, Packet) and reply.kind == kind:
                return
        self._finish_reading("(nothing)")

    def quiet(self, seconds: float) -> None:
        """Record what comes in that time, or that nothing came."""
        deadline = time.monotonic() + seconds
        before = len(self._trace.lines)
        while (reply := self._link.next(deadline)) is not None:
            self._record(reply)
        self._flush_text()
        note = "(nothing)" if len(self._trace.lines) == before else ""
        self._finish_reading(note)

    def close(self) -> None:
        """Hang up and return when the server has noticed."""
        if not self.closed:
            self._trace.note(self.name, "> (closes)")
            self._link.close()
        self._player.forget(self)

    def hang_up(self) -> None:
        """Hang up without waiting or a trace, at a scenario's end."""
        self._link.close()

    def barrier(self) -> None:
        """Record everything the server sent before it answers an echo."""
        if self.closed or self._waits_for_more:
            return
        token = b"\x01barrier-%d" % next(_tokens)
        self._link.write(encode(PacketType.ECHO_REQ, token))
        deadline = time.monotonic() + PATIENCE
        while (reply := self._link.next(deadline)) is not None:
            if reply == Packet(PacketType.ECHO_RES, token):
                self._flush_text()
                return
            self._record(reply)
        assert self._link.closed, f"{self.name}: no echo: {self._trace.lines[-20:]}"
        self._finish_reading("")

    def _record(self, reply: Packet | bytes) -> None:
        if isinstance(reply, bytes):
            self._text += reply
            return
        self._flush_text()
        self._trace.came_packet(self.name, reply)

    def _flush_text(self) -> None:
        if self._text:
            self._trace.came_text(self.name, self._text)
            self._text = b""

    def _finish_reading(self, otherwise: str) -> None:
        """Record the connection's end, or that note if it has not ended."""
        self._flush_text()
        if not self.closed:
            if otherwise:
                self._trace.note(self.name, otherwise)
        elif not self._closing_noted:
            self._closing_noted = True
            self._trace.note(self.name, "< CLOSED")


class Player:
    """The stage of one scenario: its connections and its trace."""

    def __init__(self, server: RunningServer) -> None:
        self.trace = Trace(server.process.pid)
        self._server = server
        self._monitor = Monitor(server)
        self._connections: list[Connection] = []

    def connect(self, name: str) -> Connection:
        """Open a connection that the trace calls ``name``."""
        connection = Connection(self, name, self._server)
        self._connections.append(connection)
        connection.barrier()
        return connection

    def handle(self, number: int) -> bytes:
        """Return the real handle of what the trace calls ``H#<number>``."""
        return self.trace.handles.real(number)

    def settle(self, sender: Connection) -> None:
        """Record everything that was caused so far, on every connection."""
        sender.barrier()
        for connection in self._connections:
            if connection is not sender:
                connection.barrier()

    def forget(self, connection: Connection) -> None:
        """Return when the server has noticed that ``connection`` is gone."""
        if connection in self._connections:
            self._connections.remove(connection)
        alive = [other for other in self._connections if not other.closed]
        self._monitor.await_connections(len(alive))
        for other in alive:
            other.barrier()

    def await_exit(self) -> None:
        """Hang up everywhere and record how the server's process ended."""
        self._hang_up()
        self._monitor.close()
        code = self._server.process.wait(PATIENCE)
        self.trace.note("server", f"ended, exit {code}")

    def end(self) -> None:
        """Hang up everywhere and return when the server has noticed."""
        self._hang_up()
        if self._server.process.returncode is None:
            self._monitor.await_connections(0)
            self._monitor.close()

    def _hang_up(self) -> None:
        for connection in self._connections:
            connection.hang_up()
