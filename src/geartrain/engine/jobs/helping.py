"""Help for other job servers: what a driver of links asks the engine and tells it.

A link needs to know which workers there are and which of them sleep; a job that it was
given comes in as a submission of its own peer, one with ``Peer.link``.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.jobs import failures
from geartrain.engine.model.crews import Crew
from geartrain.engine.model.flows import Flow
from geartrain.engine.model.functions import Function
from geartrain.engine.model.health import StoreNode
from geartrain.engine.model.jobs import RUNNING
from geartrain.engine.model.links import LinkReport
from geartrain.engine.model.peers import Peer
from geartrain.engine.state import functions
from geartrain.engine.state.state import State

__all__ = ["Helping"]

# Seconds for which a job of another job server may wait here for a limit. It is more
# than the second from one question to the next, so that no token of a rate is lost to
# them, and less than the five after which the job goes back.
_SOON: Final = 2.0


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

    def abilities(self, crew: Crew) -> list[bytes]:
        """Return the functions of a crew that are not paused."""
        state = self._state
        return [
            function.name
            for function in crew.functions
            if not functions.policy(state, function).paused
        ]

    def has_turn(self, name: bytes) -> bool:
        """Tell whether jobs of other job servers may use the limits of a function.

        These run before the own ones. Where own jobs wait for the same limit the two
        take turns, as long as from one question to the next, or for one job each if
        that takes longer: else a peer with a long backlog would use all of it.
        """
        function = self._state.functions.get(name)
        flow = None if function is None else function.flow
        if function is None or flow is None or not flow.is_counting():
            return True
        return not (flow.has_helped and _has_own(function, flow))

    def has_room(self, name: bytes, now: float) -> bool:
        """Tell whether limits let one more job of a function start soon.

        What time and other jobs change about that nobody is told: ask once a second.
        """
        state = self._state
        state.now = now
        function = state.functions.get(name)
        if function is None or functions.policy(state, function).paused:
            return False
        return _has_room(function, state.server_time())

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


def _has_room(function: Function, now: float) -> bool:
    """Tell whether the limits of a function let another job server's job start soon."""
    flow = function.flow
    if flow is None or not flow.is_counting():
        return True
    if flow.is_sorting or flow.is_waiting:
        return False
    before = _count_before(function, flow)
    is_in_time = flow.starts_within(before + 1, _SOON, now)
    return is_in_time and _has_place(function, flow, before, now)


def _count_before(function: Function, flow: Flow) -> int:
    """Return how many ready jobs start before one that another job server gives.

    Workers that have been woken take one each before a link has asked its peer.
    """
    if flow.keys is not None and flow.keys.is_fifo:
        return function.ready_count()
    return max(function.ready[0].size(), len(function.promised))


def _has_own(function: Function, flow: Flow) -> bool:
    """Tell whether ready jobs would have to wait for one that is given."""
    return function.ready_count() > _count_before(function, flow)


def _has_place(function: Function, flow: Flow, before: int, now: float) -> bool:
    """Tell whether one of the jobs that may run at once soon ends, or has.

    One job may wait for that where places change quickly, or where own jobs would
    otherwise take each place at the moment that it is free.
    """
    most = flow.concurrency
    taken = len(function.running) + before
    if most <= 0 or taken < most:
        return True
    if taken > most:
        return False
    return _has_own(function, flow) or _has_just_begun(function, now)


def _has_just_begun(function: Function, now: float) -> bool:
    """Tell whether the newest of the running jobs took its place a moment ago."""
    newest = next(reversed(function.running), None)
    return newest is not None and now - newest.started < _SOON
