"""Who looks on while a worker works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from geartrain.transport.connect import Connector
    from geartrain.worker.jobs import BaseJob
    from geartrain.worker.outcomes import Outcome

__all__ = ["Descriptor", "Observer"]


class Descriptor(Protocol):
    """A socket, as far as an observer may use it."""

    def fileno(self) -> int:
        """Return its number."""


class Observer(Protocol):
    """Is told of connections and jobs, by whatever thread has to do with them.

    Its methods must be quick and raise nothing. Those of one job, and those of one
    connection, come in order.
    """

    def on_connect(self, connection: Descriptor, connector: Connector) -> None:
        """Take note of a connection before anything is sent on it."""

    def on_disconnect(self, connection: Descriptor, connector: Connector) -> None:
        """Take note that a connection is about to be closed."""

    def on_begin(self, job: BaseJob) -> None:
        """Take note of a job before its handler is called."""

    def on_end(self, job: BaseJob, outcome: Outcome) -> None:
        """Take note of what became of a job, when that has been sent."""
