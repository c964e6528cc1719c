"""What each signal does to a running job server."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from typing import Protocol

__all__ = ["SignalHandlers", "Stoppable"]

_log = logging.getLogger("geartrain.server")


class Stoppable(Protocol):
    """What the signals need of a job server."""

    def stop(self) -> None:
        """Stop accepting, let running jobs end, close every connection."""

    def stop_gracefully(self) -> None:
        """Stop accepting and end when the last connection closes."""

    def hurry(self) -> None:
        """Go on with a stop that is under way without waiting for anybody."""


class SignalHandlers:
    """Handle TERM, INT, USR1 and HUP on one event loop; PIPE is ignored.

    Until a server is watched, TERM, INT and USR1 cancel the task that starts it.
    """

    def __init__(
        self, starting: asyncio.Task[object], reopen_log: Callable[[], None]
    ) -> None:
        self._starting = starting
        self._reopen_log = reopen_log
        self._server: Stoppable | None = None
        self._reload: Callable[[], None] = lambda: None
        self._stopping = False

    def install(self) -> None:
        """Take the signals over; called on the event loop's thread."""
        loop = asyncio.get_running_loop()
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        loop.add_signal_handler(signal.SIGTERM, self._stop, "SIGTERM")
        loop.add_signal_handler(signal.SIGINT, self._stop, "SIGINT")
        loop.add_signal_handler(signal.SIGUSR1, self._stop_gracefully)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)

    def watch(self, server: Stoppable, reload: Callable[[], None]) -> None:
        """Let the signals steer ``server``, which has started.

        ``reload`` reads again what may have been renewed meanwhile.
        """
        self._server = server
        self._reload = reload

    def _stop(self, name: str) -> None:
        """End in order; at once when asked a second time."""
        if self._server is None:
            self._starting.cancel()
        elif self._stopping:
            _log.warning(
                "%s again, stopping at once", name, extra={"action": "stop_hurried"}
            )
            self._server.hurry()
        else:
            self._stopping = True
            _log.info("%s, stopping", name, extra={"action": "stop"})
            self._server.stop()

    def _stop_gracefully(self) -> None:
        """End when the last connection closes; a stop under way goes on."""
        if self._server is None:
            self._starting.cancel()
        elif not self._stopping:
            _log.info(
                "SIGUSR1, stopping when the last connection closes",
                extra={"action": "stop_gracefully"},
            )
            self._server.stop_gracefully()

    def _hang_up(self) -> None:
        """Open the log anew, and read again what may have been renewed."""
        self._reopen_log()
        self._reload()
