"""Deliver messages to hooks: one thread each, with patience, in nobody's way."""

from __future__ import annotations

import hashlib
import hmac
import logging
import queue
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any, Final

from geartrain.server.hooks import Hook
from geartrain.texts import cut

__all__ = ["Deliveries", "signature"]

_log = logging.getLogger("geartrain.hooks")

# Seconds for one try, and pauses before the next ones.
_PATIENCE: Final = 30.0
_PAUSES: Final = (1.0, 5.0, 25.0, 125.0)
# Messages that wait behind one that is being tried; later ones are dropped.
_MOST_WAITING: Final = 100
# Bytes of a program's complaint that the log shows.
_MOST_SAID: Final = 500


class _FailedError(Exception):
    """A message was not taken."""


class Deliveries:
    """The messages to one hook, in their order."""

    def __init__(self, hook: Hook, pauses: Sequence[float] = _PAUSES) -> None:
        """Deliver to ``hook``; a message is tried again after each of ``pauses``."""
        self._hook = hook
        self._pauses = pauses
        self._waiting: queue.Queue[bytes] = queue.Queue(_MOST_WAITING)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="hook", daemon=True)

    def send(self, body: bytes) -> None:
        """Have a message delivered; return at once."""
        if not self._thread.is_alive():
            self._thread.start()
        try:
            self._waiting.put_nowait(body)
        except queue.Full:
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
            self._deliver(self._waiting.get())

    def _deliver(self, body: bytes) -> None:
        for pause in (*self._pauses, None):
            try:
                _give(self._hook, body)
            except (OSError, subprocess.SubprocessError, _FailedError) as error:
                again = f"again in {pause:g} s" if pause else "given up"
                _log.warning(
                    "the hook %s failed, %s: %s",
                    self._hook.name,
                    again,
                    error,
                    extra={"action": "hook_failed"},
                )
            else:
                return
            if pause is None or self._is_over.wait(pause):
                return


def _give(hook: Hook, body: bytes) -> None:
    """Deliver a message; raise an error if it was not taken."""
    if hook.command:
        _run(hook.command, body)
    else:
        _post(hook, body)


def _run(command: tuple[str, ...], body: bytes) -> None:
    done = subprocess.run(
        command,
        # A line, so that messages can be appended to a file.
        input=body + b"\n",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=_PATIENCE,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise _FailedError(f"exit status {done.returncode}: {cut(said, _MOST_SAID)}")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nobody elsewhere: a POST would become a GET."""

    def redirect_request(self, *_: Any) -> None:
        """Return no other request."""


_opener = urllib.request.build_opener(_NoRedirect)


def _post(hook: Hook, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "User-Agent": "geartrain"}
    if hook.secret:
        timestamp = str(int(time.time()))
        headers["Geartrain-Timestamp"] = timestamp
        headers["Geartrain-Signature"] = signature(hook.secret, timestamp, body)
    request = urllib.request.Request(hook.url, body, headers, method="POST")
    with _opener.open(request, timeout=_PATIENCE):
        return


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
