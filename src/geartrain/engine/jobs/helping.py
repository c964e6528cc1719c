"""Help for other job servers: what a driver of links asks the engine and tells it.

A link needs to know which workers there are and which of them sleep; a job that it was
given comes in as a submission of its own peer, one with ``Peer.link``.
"""

from __future__ import annotations

from geartrain.engine.jobs import failures
from geartrain.engine.model.crews import Crew
from geartrain.engine.model.health import StoreNode
from geartrain.engine.model.jobs import RUNNING
from geartrain.engine.model.links import LinkReport
from geartrain.engine.model.peers import Peer
from geartrain.engine.state import functions
from geartrain.engine.state.state import State

__all__ = ["Helping"]


class Helping:
    """The engine's door for links to other job servers."""

    def __init__(self, state: State) -> None:
        self._state = state

    def follow(self, reports: tuple[LinkReport, ...]) -> None:
        """Have ``cluster`` tell of these links, and watch crews while there are any."""
        self._state.links = reports
        wakeups = self._state.wakeups
        wakeups.is_watched = wakeups.has_changed = bool(reports)
        if not reports:
            wakeups.stirred.clear()

    def nodes(self) -> tuple[StoreNode, ...]:
        """Return the job servers that share the store, this one included."""
        return self._state.health.nodes

    def has_changed(self) -> bool:
        """Tell whether there are other crews than at the last call."""
        wakeups = self._state.wakeups
        has_changed, wakeups.has_changed = wakeups.has_changed, False
        return has_changed

    def take_stirred(self) -> list[Crew]:
        """Return the wanted crews of which a worker has fallen asleep."""
        wakeups = self._state.wakeups
        taken = list(wakeups.stirred)
        wakeups.stirred.clear()
        return taken

    def crews(self) -> list[Crew]:
        """Return the crews of this job server's own workers."""
        return [crew for crew in self._state.wakeups.crews if not crew.is_of_nodes]

    def offered(self, crew: Crew) -> list[bytes]:
        """Return the functions of a crew whose jobs may start now."""
        found = []
        for function in crew.functions:
            functions.policy(self._state, function)
            if function.is_open():
                found.append(function.name)
        return found

    def has_begun(self, handle: bytes) -> bool:
        """Tell whether a worker has a job, or the job is gone."""
        job = self._state.jobs.get(handle)
        return job is None or job.state is RUNNING

    def call_off(self, peer: Peer, handle: bytes, now: float) -> None:
        """End a job that a link submitted: the other job server has it no more.

        Its worker is told, if it wants to know.
        """
        self._state.now = now
        job = self._state.jobs.get(handle)
        if job is not None and peer in job.clients() and job.is_forwarded:
            failures.cancel(self._state, job)
