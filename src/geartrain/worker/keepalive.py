"""When a job server is connected to, probed and given up."""

from __future__ import annotations

from typing import Final, Literal

from geartrain.backoff import Backoff
from geartrain.transport.connect import reason
from geartrain.worker.log import LOG

__all__ = ["PATIENCE", "SILENT", "Keepalive"]

# Seconds a job server may leave a probe unanswered.
PATIENCE: Final = 30.0
SILENT: Final = "it has not answered a probe"


class Keepalive:
    """Decides about one connection; its owner carries the decisions out.

    Attributes:
        due: when to call ``look``, or to connect, by the clock that ``now`` is from.
        heard: whether something has arrived since the last look.
    """

    __slots__ = ("_backoff", "_heartbeat", "_is_probed", "_server", "due", "heard")

    def __init__(self, server: object, heartbeat: float) -> None:
        """``heartbeat`` is the seconds of silence after which a server is probed."""
        self.due = 0.0
        self.heard = False
        self._server = server
        self._heartbeat = heartbeat
        self._is_probed = False
        self._backoff = Backoff()

    @property
    def is_suspect(self) -> bool:
        """Return whether a probe is unanswered, as far as is known."""
        return self._is_probed and not self.heard

    def connected(self, now: float) -> None:
        """Start anew with a new connection."""
        LOG.info("connected to %s", self._server, extra={"action": "connected"})
        self._begin(now)

    def hear(self) -> None:
        """Note the first bytes that arrive after a look."""
        # The pauses are not reset when connecting succeeds: a job server that accepts
        # and closes at once would be called as fast as the network allows.
        self.heard = True
        self._backoff.reset()

    def look(self, now: float) -> Literal["wait", "probe", "lose"]:
        """Return what to do now that it is ``due``."""
        if self.heard:
            self._begin(now)
            return "wait"
        if self._is_probed:
            return "lose"
        self._is_probed = True
        self.due = now + PATIENCE
        return "probe"

    def _begin(self, now: float) -> None:
        self.heard = self._is_probed = False
        self.due = now + self._heartbeat

    def lost(self, now: float, error: Exception | None) -> None:
        """Schedule the next try; ``error`` is None if the job server closed it."""
        if self._backoff.tries == 0:
            why = reason(error) if error is not None else "it closed the connection"
            LOG.warning(
                "%s is lost (%s): trying again",
                self._server,
                why,
                extra={"action": "connection_lost"},
            )
        self.due = now + self._backoff.next()
