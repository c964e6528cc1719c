"""A thread that keeps a blocking worker alive while its handlers run."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from geartrain.transport import forks
from geartrain.worker.log import LOG
from geartrain.worker.session import TICK

__all__ = ["Keeper"]


class Keeper:
    """Calls a function at intervals, however long handlers take."""

    def __init__(
        self, look_round: Callable[[], None], wait: Callable[[], float]
    ) -> None:
        """Call ``look_round`` each time after as many seconds as ``wait`` returns."""
        self._look_round = look_round
        self._wait = wait
        self._rung, self._bell = socket.socketpair()
        self._bell.setblocking(False)
        forks.own(self._rung)
        forks.own(self._bell)
        self._thread = threading.Thread(
            target=self._keep, name="geartrain worker", daemon=True
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def ring(self) -> None:
        """Make it look round now; also in signal handlers."""
        with suppress(OSError):
            self._bell.send(b"\0")

    def close(self) -> None:
        """End the thread."""
        self._bell.close()
        self._thread.join()

    def leave(self) -> None:
        """End the thread, but wait a second at most: it may not have started."""
        self._bell.close()
        if self._thread.is_alive():
            self._thread.join(TICK)

    def _keep(self) -> None:
        # Not select(), which takes no descriptors above 1,023.
        poll = select.poll()
        poll.register(self._rung, select.POLLIN)
        while True:
            if poll.poll(self._wait() * 1000) and not self._rung.recv(4096):
                break
            try:
                self._look_round()
            except Exception as error:
                # Without this thread, connections would die unnoticed.
                LOG.error(
                    "the worker's thread goes on after an error",
                    exc_info=error,
                    extra={"action": "worker_error"},
                )
        self._rung.close()
