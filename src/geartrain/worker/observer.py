"""The interface of observers, which the supervisor uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from geartrain.transport.connect import Connector
    from geartrain.worker.jobs import BaseJob
    from geartrain.worker.outcomes import Outcome

__all__ = ["Descriptor", "Observer"]


class Descriptor(Protocol):
    """The part of a socket that an observer may use."""

    def fileno(self) -> int:
        """Return its descriptor."""


class Observer(Protocol):
    """Is told of connections and jobs, from any thread.

    Its methods must be quick and must not raise. Calls about one job, or about one
    connection, come in order.
    """

    def on_connect(self, connection: Descriptor, connector: Connector) -> None:
        """A connection was made; nothing has been sent on it yet."""

    def on_disconnect(self, connection: Descriptor, connector: Connector) -> None:
        """A connection is about to be closed."""

    def on_begin(self, job: BaseJob) -> None:
        """A job's handler is about to be called."""

    def on_end(self, job: BaseJob, outcome: Outcome) -> None:
        """A job has ended, and its outcome has been sent."""
