"""Tell the service manager how the job server is, and that its event loop turns."""

from __future__ import annotations

import asyncio
import logging

from geartrain.server.server import Server
from geartrain.transport.service_manager import ServiceManager

__all__ = ["Reporting"]

_log = logging.getLogger("geartrain.server")

# Seconds from one report to the next, where the watchdog asks for no other.
_INTERVAL = 10.0

# Seconds that a start may take from one report to the next.
_START = 90.0

# Seconds that a stop may take beside what jobs may: last writes and the last commit.
_END = 45.0


class Reporting:
    """Reports on a server from its start until it has stopped.

    A report comes from the event loop: one that hangs reports nothing, and the service
    manager's watchdog ends it. A slow store does not stop the reports, since a restart
    would not mend it.
    """

    def __init__(self, manager: ServiceManager, server: Server, drain: float) -> None:
        """Report to ``manager``; jobs may take ``drain`` seconds to end at a stop."""
        self._manager = manager
        self._server = server
        self._drain = drain
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._interval = min(_INTERVAL, manager.watchdog / 2 or _INTERVAL)

    def begin(self) -> None:
        """Report, until ``start``, what the server is still about, also in the log."""
        self._timer = self._loop.call_later(_INTERVAL, self._starting)

    def start(self) -> None:
        """Report that the server is ready, and from now on how it is."""
        self._cancel()
        if self._manager.is_there:
            self._server.when_stopping.append(self._stopping)
            self._manager.ready(self._server.summary())
            self._timer = self._loop.call_later(self._interval, self._report)

    def reload(self) -> None:
        """Have the server read again what may have been renewed, and report that."""
        self._manager.reloading()
        self._server.reload()
        self._manager.ready(self._server.summary())

    def stop(self) -> None:
        """Report nothing more."""
        self._cancel()
        self._manager.close()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _starting(self) -> None:
        summary = self._server.summary()
        _log.info("not ready yet: %s", summary, extra={"action": "starting"})
        self._manager.starting(summary, _START)
        self.begin()

    def _stopping(self) -> None:
        self._manager.stopping(self._server.summary(), self._drain + _END)

    def _report(self) -> None:
        self._manager.alive(self._server.summary())
        self._timer = self._loop.call_later(self._interval, self._report)
