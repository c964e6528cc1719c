"""A blocking worker's connection to one job server, made anew when it is lost."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from geartrain.errors import ProtocolError
from geartrain.protocol.worker import Assignment, WorkerProtocol
from geartrain.texts import shown
from geartrain.transport.connect import Connector
from geartrain.transport.descriptors import FOREIGN, Owned
from geartrain.transport.locks import took
from geartrain.worker.connecting import Connecting
from geartrain.worker.keepalive import SILENT, Keepalive
from geartrain.worker.log import LOG

if TYPE_CHECKING:
    from geartrain.worker.pump import Pump

__all__ = ["WorkerConnection"]

_READ: Final = 65536
_NEVER: Final = float("inf")
# Seconds for a thread that is sending to notice that the connection has ended.
_SOON: Final = 1.0

# Seconds for a job server to accept another byte.
_PATIENCE: Final = 30.0
_WAITS: Final = frozenset(
    {"BlockingIOError", "SSLWantReadError", "SSLWantWriteError", "InterruptedError"}
)


class WorkerConnection:
    """One connection, which connects and reconnects.

    One thread at a time reads and tends it; any thread may send.

    Attributes:
        connector: connects to the job server.
        protocol: its protocol, only used under the pump's lock.
        connection: the socket; None while not connected.
        alive: decides when to tend it, by the pump's clock.
    """

    def __init__(
        self, pump: Pump, connector: Connector, protocol: WorkerProtocol
    ) -> None:
        self.connector = connector
        self.protocol = protocol
        self.connection: socket.socket | None = None
        self.alive = Keepalive(connector, pump.heartbeat)
        self._pump = pump
        self._sending = threading.Lock()
        # For each call of the socket: TLS cannot read and write at the same time.
        self._calling = threading.Lock()
        self._connecting = Connecting(connector, self._tend_soon)
        self._why: Exception | None = None
        self._is_tls = False
        # Whether the descriptor is still that of this connection: handlers may close
        # and reuse it.
        self._is_ours: Callable[[], bool] = _never

    def post(
        self, say: Callable[..., bool], assignment: Assignment, *arguments: bytes
    ) -> bool:
        """Call a method of the protocol and send the result."""
        pump = self._pump
        try:
            if self._sending.locked():
                # The thread that is sending will probably send this, too.
                with pump.lock:
                    mine = say(assignment, *arguments)
            else:
                # Not acquire(): a signal handler that raises right after it would leave
                # the lock locked for ever. took() would cost 1 µs per job.
                with self._sending:
                    with pump.lock:
                        mine = say(assignment, *arguments)
                        connection, data = self.connection, self.protocol.take()
                    if data and connection is not None:
                        self._send(connection, data)
        except BaseException:
            self._interrupted()
            raise
        if self.protocol.has_output:
            self.flush(wait=True)
        if assignment.ended and len(pump.connections) > 1:
            # Another connection may be waiting for its slot.
            pump.flush()
        return mine

    def drop(self, assignment: Assignment) -> None:
        """Forget a job without telling the job server."""
        with self._pump.lock:
            self.protocol.drop(assignment)
        self._pump.flush()

    def look(self) -> None:
        """Read what has arrived, unless another thread is doing so."""
        self._pump.attend_if_nobody_does()

    def tend(self, now: float) -> None:
        """Connect, or check that the job server is alive."""
        if self._connecting.found is not None:
            self._adopt(now)
            return
        if self.connection is None:
            self._connect_soon(now)
            return
        if not self._is_ours():
            self.lose(self._why or OSError(FOREIGN))
            return
        if self.alive.is_suspect and not self._has_been_read():
            return
        step = self.alive.look(now)
        if step == "lose":
            self.lose(TimeoutError(SILENT))
        elif step == "probe":
            with self._pump.lock:
                self.protocol.probe()
            self.flush()

    def _has_been_read(self) -> bool:
        """Read what has arrived; return False if that was the end of the connection.

        The answer to a probe may be waiting there, because a handler in C can hold up
        all threads for minutes.
        """
        self.read()
        return self.connection is not None

    def _connect_soon(self, now: float) -> None:
        self.alive.due = _NEVER
        try:
            self._connecting.start(self._pump.connect_timeout)
        except RuntimeError as error:
            self._retry(now, error)

    def _tend_soon(self) -> None:
        self.alive.due = 0.0
        self._pump.wake()

    def _adopt(self, now: float) -> None:
        found = self._connecting.take()
        if not isinstance(found, socket.socket):
            self._retry(now, found)
            return
        try:
            found.setblocking(False)
            self._is_ours = Owned(found.fileno()).is_ours
        except OSError as error:
            found.detach()
            self._retry(now, error)
            return
        self._is_tls = hasattr(found, "pending")
        if self._pump.observer is not None:
            self._pump.observer.on_connect(found, self.connector)
        self.alive.connected(now)
        with self._pump.lock:
            self.connection = found
            self.protocol.begin()
        self._pump.watch(found.fileno(), self)
        self.flush()

    def _retry(self, now: float, error: Exception | None) -> None:
        self.alive.lost(now, error)
        self._pump.expect(self.alive.due)

    def read(self) -> None:
        """Read what has arrived."""
        connection = self.connection
        if connection is None:
            return
        is_doubtful = self._pump.is_shared or self._why is not None
        if is_doubtful and not self._is_ours():
            self.lose(self._why or OSError(FOREIGN))
            return
        try:
            if self._is_tls:
                with self._calling:
                    data = connection.recv(_READ)
            else:
                data = connection.recv(_READ)
        except OSError as error:
            if not _must_wait(error):
                self.lose(self._why or error)
            return
        if not data:
            self.lose(self._why)
            return
        self._take(data)
        # poll() does not see bytes that TLS has decrypted already.
        if self._is_tls and self._has_more():
            self.read()

    def _has_more(self) -> bool:
        connection = self.connection
        if connection is None:
            return False
        with self._calling:
            return bool(connection.pending())  # type: ignore[attr-defined]

    def _take(self, data: bytes) -> None:
        if not self.alive.heard:
            self.alive.hear()
        pump, protocol = self._pump, self.protocol
        errors: Sequence[tuple[bytes, bytes]] = ()
        try:
            with pump.lock:
                for assignment in protocol.receive(data):
                    pump.session.ready.put((self, assignment))
                if protocol.errors:
                    errors, protocol.errors = protocol.errors, []
        except ProtocolError as error:
            self.lose(error)
            return
        for code, text in errors:
            LOG.warning(
                "%s says %s: %s",
                self.connector,
                shown(code),
                shown(text),
                extra={"action": "server_error"},
            )
        if protocol.has_output:
            self.flush()

    def flush(self, wait: bool = False) -> None:
        """Send the protocol's output.

        With ``wait``, return when it is sent; else leave it to a thread that is sending
        already.
        """
        is_ours = True
        while is_ours and self.protocol.has_output:
            turn: list[bool] = []
            try:
                is_ours = took(self._sending, turn, wait=wait)
                if is_ours:
                    self._flush()
            except BaseException:
                self._interrupted()
                raise
            finally:
                if turn:
                    self._sending.release()

    def _flush(self) -> None:
        with self._pump.lock:
            connection, data = self.connection, self.protocol.take()
        if connection is not None:
            self._send(connection, data)

    def _interrupted(self) -> None:
        """Give the connection up after an exception between two steps.

        It is mostly a signal handler's. A packet may have been sent by half or not at
        all, and a job whose end is never sent would run for ever.
        """
        self.hang_up(OSError("sending was interrupted"))

    def _send(self, connection: socket.socket, data: bytes) -> None:
        # Read first: Python calls an attribute as a method, in 500 instructions more.
        is_ours = self._is_ours
        if not is_ours():
            self._give_up(connection, OSError(FOREIGN))
            return
        try:
            if self._is_tls:
                with self._calling:
                    sent = connection.send(data)
            else:
                sent = connection.send(data)
        except OSError as error:
            if not _must_wait(error):
                self._give_up(connection, error)
                return
            sent = 0
        if sent < len(data):
            self._send_rest(connection, memoryview(data)[sent:])

    def _send_rest(self, connection: socket.socket, rest: memoryview) -> None:
        try:
            while rest:
                if not _is_writable(connection):
                    raise TimeoutError("it has accepted no byte for 30 seconds")
                rest = rest[self._some(connection, rest) :]
        except (OSError, ValueError) as error:
            self._give_up(connection, error)

    def _some(self, connection: socket.socket, rest: memoryview) -> int:
        try:
            with self._calling:
                return connection.send(rest)
        except OSError as error:
            if not _must_wait(error):
                raise
            return 0

    def hang_up(self, error: Exception) -> None:
        """Make the thread that reads close the connection."""
        connection = self.connection
        if connection is not None:
            self._give_up(connection, error)

    def _give_up(self, connection: socket.socket, error: Exception) -> None:
        """Make the thread that reads find the end of the connection."""
        self._why = error
        if self._is_ours():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        else:
            # Its descriptor is another file now, which may never become readable.
            self._tend_soon()

    def lose(self, error: Exception | None) -> None:
        """Close a lost connection; reconnect after a pause."""
        if self._part():
            self._retry(self._pump.clock(), error)

    def abandon(self) -> None:
        """Leave the job server for good, after an interruption at any step."""
        self._connecting.abandon()
        connection = self.connection
        if connection is not None:
            if self._pump.observer is not None:
                self._pump.observer.on_disconnect(connection, self.connector)
            self._give_up(connection, OSError("the worker was interrupted"))
            self._let_go(connection)

    def _let_go(self, connection: socket.socket) -> None:
        """Close a connection unless another thread keeps sending."""
        turn: list[bool] = []
        try:
            if took(self._sending, turn, timeout=_SOON):
                if self._is_ours():
                    connection.close()
                else:
                    connection.detach()
        finally:
            if turn:
                self._sending.release()

    def _part(self) -> bool:
        """Close the connection; return False if there is none."""
        connection = self.connection
        if connection is None:
            return False
        if self._pump.observer is not None:
            self._pump.observer.on_disconnect(connection, self.connector)
        self._pump.unwatch(connection.fileno())
        # A thread that is sending fails at once, and releases the lock.
        ours = self._is_ours()
        if ours:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        with self._sending, self._pump.lock:
            self.connection = None
            self.protocol.end()
        if ours:
            connection.close()
        else:
            connection.detach()
        self._why = None
        return True

    def close(self) -> None:
        """Leave the job server for good."""
        self._connecting.close()
        self._part()


def _never() -> bool:
    return False


def _is_writable(connection: socket.socket) -> bool:
    """Wait until the job server accepts more; return False if it does not."""
    # Not select(), which takes no descriptors above 1,023.
    poll = select.poll()
    poll.register(connection, select.POLLOUT)
    return bool(poll.poll(_PATIENCE * 1000))


def _must_wait(error: OSError) -> bool:
    """Return whether the call should be repeated later.

    TLS errors are compared by name, so that plain connections need not import ssl.
    """
    return type(error).__name__ in _WAITS
