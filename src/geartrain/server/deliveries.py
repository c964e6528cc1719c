"""Deliver messages to hooks: one thread each, with patience, in nobody's way."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
import os
import queue
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
)
from tempfile import TemporaryFile
from typing import Any, Final, Self

from geartrain.engine.model.hooks import (
    DELIVERED,
    DROPPED,
    FAILED,
    RETRYING,
    Delivery,
    HookReport,
)
from geartrain.server.hooks import Hook
from geartrain.texts import cut

__all__ = ["Deliveries", "signature"]

_log = logging.getLogger("geartrain.hooks")

# Seconds for one try, and pauses before the next ones.
_PATIENCE: Final = 30.0
_PAUSES: Final = (1.0, 5.0, 25.0, 125.0)
# Messages that wait behind one that is being tried; later ones are dropped.
_MOST_WAITING: Final = 100
# Bytes of a program's complaint that are kept, and characters that the log shows.
_MOST_KEPT: Final = 4096
_MOST_SAID: Final = 500
# Seconds from one look at a silent program to the next.
_PAUSE: Final = 0.02


class _FailedError(Exception):
    """A message was not taken."""


# ValueError: an answer that urllib cannot read, such as a redirect to no address.
_FAILURES: Final = (OSError, HTTPException, ValueError, _FailedError)


class Deliveries:
    """The messages to one hook, in their order."""

    def __init__(self, hook: Hook, pauses: Sequence[float] = _PAUSES) -> None:
        """Deliver to ``hook``; a message is tried again after each of ``pauses``."""
        self._hook = hook
        self._pauses = pauses
        self.report = HookReport(hook.name, hook.on, hook.function)
        """What becomes of the messages."""
        self._waiting: queue.Queue[tuple[bytes, str]] = queue.Queue(_MOST_WAITING)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="hook", daemon=True)

    def send(self, body: bytes, about: str = "") -> None:
        """Have a message delivered; ``about`` says what it tells. Return at once."""
        if not self._thread.is_alive():
            self._thread.start()
        try:
            self._waiting.put_nowait((body, about))
        except queue.Full:
            self._note(about, DROPPED, f"{_MOST_WAITING} messages were waiting")
            _log.warning(
                "the hook %s is behind: a message is dropped",
                self._hook.name,
                extra={"action": "hook_behind"},
            )

    def stop(self) -> None:
        """Try no more; a try under way ends with the process."""
        self._is_over.set()

    def _work(self) -> None:
        while not self._is_over.is_set():
            self._deliver(*self._waiting.get())

    def _deliver(self, body: bytes, about: str) -> None:
        for pause in (*self._pauses, None):
            try:
                _give(self._hook, body)
            except _FAILURES as error:
                outcome = RETRYING if pause else FAILED
                self._note(about, outcome, cut(_said(error), _MOST_SAID))
                again = f"again in {pause:g} s" if pause else "given up"
                _log.warning(
                    "the hook %s failed, %s: %s",
                    self._hook.name,
                    again,
                    _said(error),
                    extra={"action": "hook_failed"},
                )
            else:
                self._note(about, DELIVERED, "")
                return
            if pause is None or self._is_over.wait(pause):
                return

    def _note(self, about: str, outcome: str, reason: str) -> None:
        self.report.add(Delivery(about, time.time(), outcome, reason))


def _said(error: Exception) -> str:
    """Return why a message was not taken, without what urllib wraps it in."""
    is_wrapped = type(error) is urllib.error.URLError
    return str(error.reason if is_wrapped else error)  # type: ignore[attr-defined]


def _give(hook: Hook, body: bytes) -> None:
    """Deliver a message; raise an error if it was not taken."""
    if hook.command:
        _run(hook.command, body)
    else:
        _post(hook, body)


def _run(command: tuple[str, ...], body: bytes) -> None:
    """Run a program; kill it, and what it has started, when it takes too long."""
    # A file, because a program that does not read must not block this thread.
    with TemporaryFile() as message:
        # A line, so that messages can be appended to a file.
        message.write(body + b"\n")
        message.seek(0)
        program = subprocess.Popen(
            command,
            stdin=message,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    with program:
        said = _listen(program)
        if program.returncode is None:
            os.killpg(program.pid, signal.SIGKILL)
            raise _FailedError(f"it took more than {_PATIENCE:g} seconds")
    if program.returncode:
        text = said.decode(errors="replace").strip()
        raise _FailedError(f"exit status {program.returncode}: {cut(text, _MOST_SAID)}")


def _listen(program: subprocess.Popen[bytes]) -> bytes:
    """Return the first of what a program complains of until it ends or is too slow.

    The end of the pipe would not do: a child that outlives the program holds it open.
    All is read, so that the program can go on, and little is kept.
    """
    assert program.stderr is not None
    pipe = program.stderr.fileno()
    os.set_blocking(pipe, False)
    deadline = time.monotonic() + _PATIENCE
    said = b""
    while time.monotonic() < deadline:
        has_ended = program.poll() is not None
        piece = _piece(pipe)
        said += piece[: _MOST_KEPT - len(said)]
        if has_ended:
            break
        if not piece:
            time.sleep(_PAUSE)
    return said


def _piece(pipe: int) -> bytes:
    try:
        return os.read(pipe, 65536)
    except BlockingIOError:
        return b""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nobody elsewhere: a POST would become a GET."""

    def redirect_request(self, *_: Any) -> None:
        """Return no other request."""


class _Limit:
    """Ends a request that takes too long in all.

    The timeout of a socket is for each read: who answers a byte at a time would hold a
    hook for ever.
    """

    def __init__(self) -> None:
        self.is_over = False
        self._connections: list[HTTPConnection] = []
        self._timer = threading.Timer(_PATIENCE, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def open(self, request: urllib.request.Request) -> None:
        """Send a request, and read the head of its answer."""
        handlers = (_NoRedirect, _Http(self), _Https(self))
        opener = urllib.request.build_opener(*handlers)
        with opener.open(request, timeout=_PATIENCE):
            return

    def watch(self, connection: HTTPConnection) -> None:
        """Take a connection that is about to be made."""
        self._connections.append(connection)

    def _end(self) -> None:
        self.is_over = True
        for connection in self._connections:
            if connection.sock is not None:
                # Whoever reads from it is told of its end.
                with contextlib.suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)


class _Http(urllib.request.HTTPHandler):
    def __init__(self, limit: _Limit) -> None:
        super().__init__()
        self._limit = limit

    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        def connect(host: str, **options: Any) -> HTTPConnection:
            connection = HTTPConnection(host, **options)
            self._limit.watch(connection)
            return connection

        return self.do_open(connect, req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, limit: _Limit) -> None:
        super().__init__()
        self._limit = limit

    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        def connect(host: str, **options: Any) -> HTTPSConnection:
            connection = HTTPSConnection(host, **options)
            self._limit.watch(connection)
            return connection

        return self.do_open(connect, req)


def _post(hook: Hook, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "User-Agent": "geartrain"}
    if hook.secret:
        timestamp = str(int(time.time()))
        headers["Geartrain-Timestamp"] = timestamp
        headers["Geartrain-Signature"] = signature(hook.secret, timestamp, body)
    request = urllib.request.Request(hook.url, body, headers, method="POST")
    with _Limit() as limit:
        try:
            limit.open(request)
        except (OSError, HTTPException, ValueError) as error:
            if limit.is_over:
                said = f"it took more than {_PATIENCE:g} seconds"
                raise _FailedError(said) from error
            raise


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a message, which its receiver computes likewise.

    It is an HMAC with SHA-256 over the timestamp, a dot and the body. The timestamp, in
    seconds since 1970, lets the receiver refuse what was recorded and sent again.

    >>> signature("secret", "1750000000", b"{}")[:20]
    'sha256=3fdabae93ac0f'
    """
    signed = timestamp.encode() + b"." + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256)
    return f"sha256={digest.hexdigest()}"
