"""Waking exactly as many sleeping workers as there is work.

A worker that is sent NOOP is promised to the function it was woken for. While
the promises cover a function's ready jobs nobody else is woken; a worker that
does not come within a moment loses its promise to the next one.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from geartrain.engine.dispatch.crews import InOrderCrew, PriorityCrew, TurnsCrew
from geartrain.engine.model.crews import Crew
from geartrain.engine.model.functions import Function
from geartrain.engine.model.peers import ASLEEP, AWAKE, WOKEN, Peer
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import encode

__all__ = ["GRACE", "Wakeups"]

# How long a woken worker may take to grab, in seconds.
GRACE: Final = 0.25

# The crew of a worker with this many abilities is formed anew when they change.
_FEW: Final = 64

# Late workers are passed over this many at a time.
_MOST_LATE: Final = 1_000

_NOOP: Final = encode(PacketType.NOOP, b"")


class Wakeups:
    """The crews, who of them sleeps, and who was promised to which function."""

    def __init__(self, choice: str) -> None:
        """Form crews that choose by ``"priority"``, ``"order"`` or ``"turns"``."""
        self._choice = choice
        self._crews: dict[tuple[bytes, ...], Crew] = {}
        self._promises: deque[tuple[float, int, Peer]] = deque()
        self._serial = 0
        self.is_over = False
        """Nobody is woken or given a job any more: the job server is to stop."""

    def crew(self, peer: Peer) -> Crew:
        """Return the peer's crew, letting it join the one its abilities call for."""
        if peer.crew is None:
            peer.crew = self._join(peer)
        return peer.crew

    def _join(self, peer: Peer) -> Crew:
        functions = list(peer.abilities)
        functions.reverse()
        key = tuple([function.name for function in functions])
        crew = self._crews.get(key)
        if crew is None:
            crew = self._form(functions)
            crew.key = key
            self._crews[key] = crew
            for function in functions:
                function.crews[crew] = None
            crew.learn()
        crew.members[peer] = None
        return crew

    def _form(self, functions: list[Function]) -> Crew:
        if self._choice == "order":
            return InOrderCrew(functions)
        if self._choice == "turns":
            return TurnsCrew(functions)
        return PriorityCrew(functions)

    def loosen(self, peer: Peer) -> None:
        """Prepare for a change of the peer's abilities; ``gain`` or ``lose`` follows.

        It leaves its crew, unless it has many abilities and nobody else has the same:
        that crew changes with it, because to form one takes time by the number of
        abilities.
        """
        crew = peer.crew
        if crew is None:
            return
        if len(crew.members) > 1 or len(crew.functions) <= _FEW:
            self.leave(peer)
            return
        crew.sleepers.pop(peer, None)
        if crew.key is not None:
            del self._crews[crew.key]
            crew.key = None

    def gain(self, peer: Peer, function: Function) -> None:
        """Let the peer's crew, if it is in one still, do a function more."""
        crew = peer.crew
        if crew is not None:
            function.crews[crew] = None
            crew.add(function)

    def lose(self, peer: Peer, function: Function) -> None:
        """Let the peer's crew, if it is in one still, do a function less."""
        crew = peer.crew
        if crew is not None:
            del function.crews[crew]
            crew.discard(function)

    def leave(self, peer: Peer) -> None:
        """Take the peer from its crew."""
        crew = peer.crew
        if crew is None:
            return
        peer.crew = None
        crew.sleepers.pop(peer, None)
        del crew.members[peer]
        if not crew.members:
            for function in crew.functions:
                del function.crews[crew]
            if crew.key is not None:
                del self._crews[crew.key]

    def come(self, peer: Peer) -> Function | None:
        """Note that the peer is awake; return the function it was promised to."""
        function = peer.promise
        if function is not None:
            peer.promise = None
            del function.promised[peer]
        elif peer.wakefulness is ASLEEP and peer.crew is not None:
            peer.crew.sleepers.pop(peer, None)
        peer.wakefulness = AWAKE
        return function

    def sleep(self, peer: Peer, now: float) -> None:
        """Let the peer sleep, or wake it at once if there is work for it."""
        crew = self.crew(peer)
        function = None if self.is_over else crew.unpromised()
        if function is not None:
            self._wake(peer, function, now)
        else:
            peer.wakefulness = ASLEEP
            crew.sleepers[peer] = None

    def rouse(self, function: Function, now: float) -> None:
        """Wake sleepers until every ready job of the function has one coming."""
        # Nobody may do it: to look for that first spares a submission 3 % of its time.
        while function.crews and self.rouse_one(function, now):
            pass

    def rouse_one(self, function: Function, now: float) -> bool:
        """Wake a sleeper if nobody is coming for a ready job; tell whether one was."""
        if self.is_over or not function.unpromised():
            return False
        peer = _sleeper(function)
        if peer is None:
            return False
        self._wake(peer, function, now)
        return True

    def _wake(self, peer: Peer, function: Function, now: float) -> None:
        self._serial += 1
        peer.wakefulness = WOKEN
        peer.promise = function
        peer.promise_serial = self._serial
        function.promised[peer] = None
        self._promises.append((now + GRACE, self._serial, peer))
        peer.send(_NOOP)

    def next(self) -> float | None:
        """Return when the oldest open promise ends, or None."""
        promises = self._promises
        while promises:
            when, serial, peer = promises[0]
            if peer.promise is not None and peer.promise_serial == serial:
                return when
            promises.popleft()
        return None

    def tick(self, now: float) -> None:
        """Pass over the woken workers that did not come in time, or many of them."""
        when = self.next()
        count = 0
        while when is not None and when <= now and count < _MOST_LATE:
            count += 1
            peer = self._promises.popleft()[2]
            function = peer.promise
            if function is not None:
                # It stays WOKEN: it has its NOOP and may still come.
                peer.promise = None
                del function.promised[peer]
                self.rouse(function, now)
            when = self.next()


def _sleeper(function: Function) -> Peer | None:
    """Take the worker to be woken next for this function."""
    for crew in function.crews:
        if crew.sleepers:
            return crew.sleepers.popitem()[0]
    return None
