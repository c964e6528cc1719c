"""Connect to one of a host's addresses, and begin TLS, all within one time."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable
from errno import EINPROGRESS
from typing import TYPE_CHECKING, Any, Final

from geartrain.transport import forks

if TYPE_CHECKING:
    import ssl

__all__ = ["STAGGER", "TimeLimit", "dial", "dial_unix", "greet"]

# Seconds after which the next address is tried, too, while the one before is silent
# (RFC 8305). It also bounds how late a wait notices that it was given up.
STAGGER: Final = 0.25


class TimeLimit:
    """How long something may take, and whether the caller still wants it.

    Attributes:
        is_wanted: returns whether the caller still wants it; None for always.
    """

    def __init__(
        self, timeout: float | None, is_wanted: Callable[[], bool] | None = None
    ) -> None:
        """``timeout`` is seconds from now on, None without limit."""
        self._end = None if timeout is None else time.monotonic() + timeout
        self.is_wanted = is_wanted

    def left(self) -> float | None:
        """Return the seconds that are left, None without limit.

        Raises:
            TimeoutError: time is up, or the caller no longer wants it.
        """
        if self.is_wanted is not None and not self.is_wanted():
            raise TimeoutError("it is not wanted any more")
        if self._end is None:
            return None
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def step(self) -> float:
        """Return the milliseconds to wait at most until the next look."""
        left = self.left()
        return 1000 * (STAGGER if left is None else min(left, STAGGER))


def dial(addresses: list[tuple[int, Any]], limit: TimeLimit) -> socket.socket:
    """Return a connection to the first of the addresses that answers.

    Each is tried in turn, without waiting for those before for longer than a moment.

    Raises:
        OSError: none answers; the reason of the last that said anything.
    """
    waiting = list(reversed(addresses))
    dialled: dict[int, socket.socket] = {}
    poll = select.poll()
    error: OSError | None = None
    try:
        while True:
            if waiting:
                try:
                    connection, is_connected = _begun(*waiting.pop())
                except OSError as refusal:
                    error = refusal
                    continue
                descriptor = connection.fileno()
                dialled[descriptor] = connection
                if is_connected:
                    return dialled.pop(descriptor)
                poll.register(descriptor, select.POLLOUT)
            elif not dialled:
                raise error or OSError("the name has no address")
            for descriptor, _ in poll.poll(limit.step()):
                connection = dialled[descriptor]
                poll.unregister(descriptor)
                code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not code:
                    return dialled.pop(descriptor)
                error = OSError(code, os.strerror(code))
                dialled.pop(descriptor).close()
    finally:
        for connection in dialled.values():
            connection.close()


def _begun(family: int, address: Any) -> tuple[socket.socket, bool]:
    """Begin to connect; tell whether that is done already."""
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        forks.own(connection)
        connection.setblocking(False)
        code = connection.connect_ex(address)
        if code not in (0, EINPROGRESS):
            raise OSError(code, os.strerror(code))
    except BaseException:
        connection.close()
        raise
    return connection, code == 0


def dial_unix(path: str, limit: TimeLimit) -> socket.socket:
    """Return a connection to a unix socket; raises OSError if nothing listens there."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        forks.own(connection)
        connection.settimeout(limit.left())
        connection.connect(path)
    except BaseException:
        connection.close()
        raise
    return connection


def greet(
    connection: socket.socket, context: ssl.SSLContext, name: str, limit: TimeLimit
) -> socket.socket:
    """Return a connection by TLS over one that is not blocking.

    Raises:
        OSError: the certificate is wrong, or the handshake took too long.
    """
    import ssl

    secure = context.wrap_socket(
        connection, server_hostname=name, do_handshake_on_connect=False
    )
    try:
        forks.own(secure)
        poll = select.poll()
        while True:
            wanted = select.POLLIN
            try:
                secure.do_handshake()
                return secure
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLWantWriteError:
                wanted = select.POLLOUT
            poll.register(secure, wanted)
            with _told_so():
                poll.poll(limit.step())
    except BaseException:
        secure.close()
        raise


@contextlib.contextmanager
def _told_so() -> Any:
    """Say of a time that is up that the handshake took it."""
    try:
        yield
    except TimeoutError as error:
        raise TimeoutError(f"the handshake {error}") from None
