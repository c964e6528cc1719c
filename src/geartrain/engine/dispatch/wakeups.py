"""Waking exactly as many sleeping workers as there is work.

A worker that is sent NOOP is promised to the function it was woken for. While
the promises cover a function's ready jobs nobody else is woken; a worker that
does not come within a moment loses its promise to the next one.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from geartrain.engine.dispatch.addressees import Addressees
from geartrain.engine.dispatch.crews import (
    InOrderCrew,
    NodeCrew,
    PriorityCrew,
    TurnsCrew,
)
from geartrain.engine.model.crews import Crew
from geartrain.engine.model.flow_keys import FlowKey
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

# What the key of a crew of nodes begins with: no function has this name.
_OF_NODES: Final = b"\0nodes"

_NOOP: Final = encode(PacketType.NOOP, b"")


class Wakeups:
    """The crews, who of them sleeps, and who was promised to which function."""

    def __init__(self, choice: str) -> None:
        """Form crews that choose by ``"priority"``, ``"order"`` or ``"turns"``."""
        self._choice = choice
        self._crews: dict[tuple[bytes, ...], Crew] = {}
        self.crews: dict[Crew, None] = {}
        """All crews, the oldest first."""
        self._promises: deque[tuple[float, int, Peer]] = deque()
        self._serial = 0
        # The addressees whose jobs others may have to be woken for.
        self._errands: list[tuple[FlowKey, Function]] = []
        self.addressees = Addressees()
        """The workers by what jobs are addressed to, and which jobs these are."""
        self.is_watched = False
        """Somebody wants to know which crews there are, and of ``stirred``."""
        self.has_changed = False
        """There are other crews since that was last reset, while it is watched."""
        self.stirred: dict[Crew, None] = {}
        """Crews that are wanted, and of which one has fallen asleep."""
        self.is_over = False
        """Nobody is woken or given a job any more: the job server is to stop."""

    def crew(self, peer: Peer) -> Crew:
        """Return the peer's crew, letting it join the one its abilities call for."""
        if peer.crew is None:
            peer.crew = self._join(peer)
        return peer.crew

    def _join(self, peer: Peer) -> Crew:
        functions = [each for each in peer.abilities if each not in peer.declined]
        functions.reverse()
        names = [function.name for function in functions]
        if peer.node is not None:
            names.append(_OF_NODES)
        key = tuple(names)
        crew = self._crews.get(key)
        if crew is None:
            crew = self._form(functions, peer.node is not None)
            crew.key = key
            self.crews[crew] = None
            self._tell_change()
            self._crews[key] = crew
            for function in functions:
                function.crews[crew] = None
            crew.learn()
        crew.members[peer] = None
        return crew

    def _tell_change(self) -> None:
        if self.is_watched:
            self.has_changed = True

    def _form(self, functions: list[Function], is_of_nodes: bool) -> Crew:
        if is_of_nodes:
            return NodeCrew(functions)
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
        crew.stir(peer)
        if crew.key is not None:
            del self._crews[crew.key]
            crew.key = None

    def gain(self, peer: Peer, function: Function) -> None:
        """Let the peer's crew, if it is in one still, do a function more."""
        crew = peer.crew
        if crew is not None:
            function.crews[crew] = None
            crew.add(function)
            self._tell_change()

    def lose(self, peer: Peer, function: Function) -> None:
        """Let the peer's crew, if it is in one still, do a function less."""
        crew = peer.crew
        if crew is not None:
            del function.crews[crew]
            crew.discard(function)
            self._tell_change()

    def leave(self, peer: Peer) -> None:
        """Take the peer from its crew."""
        crew = peer.crew
        if crew is None:
            return
        peer.crew = None
        crew.stir(peer)
        del crew.members[peer]
        if not crew.members:
            for function in crew.functions:
                del function.crews[crew]
            if crew.key is not None:
                del self._crews[crew.key]
            del self.crews[crew]
            self._tell_change()

    def come(self, peer: Peer) -> Function | None:
        """Note that the peer is awake; return the function it was promised to."""
        function = peer.promise
        if function is not None:
            peer.promise = None
            del function.promised[peer]
            if peer.errand is not None:
                self._end_errand(peer, function)
        elif peer.wakefulness is ASLEEP and peer.crew is not None:
            peer.crew.stir(peer)
        peer.wakefulness = AWAKE
        return function

    def sleep(self, peer: Peer, now: float) -> None:
        """Let the peer sleep, or wake it at once if there is work for it."""
        crew = self.crew(peer)
        function = None if self.is_over else crew.unpromised()
        if function is not None:
            self._wake(peer, function, now)
            return
        peer.wakefulness = ASLEEP
        crew.lull(peer)
        if crew.is_wanted:
            self.stirred[crew] = None
        if self.addressees.mail:
            for key, function in self.addressees.waiting_for(peer):
                self.rouse_for(key, function, now)

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

    def rouse_for(self, key: FlowKey, function: Function, now: float) -> None:
        """Wake workers of an addressee until each job that it has held has one coming.

        Such a worker is promised to the function, too, which has others woken for its
        ready jobs at the latest when this one has come.
        """
        while not self.is_over and key.held_count() > len(key.coming):
            if not function.is_open():
                return
            peer = self.addressees.sleeper(key.addressee, function)
            if peer is None:
                return
            if peer.crew is not None:
                peer.crew.stir(peer)
            self._wake(peer, function, now)
            peer.errand = key
            key.coming[peer] = None

    def _end_errand(self, peer: Peer, function: Function) -> None:
        """Expect a peer no more that was woken for an addressee's jobs."""
        key, peer.errand = peer.errand, None
        if key is not None:
            del key.coming[peer]
            self._errands.append((key, function))

    def pass_on(self, function: Function, now: float) -> None:
        """Wake others for what a peer was promised to and may not have taken.

        It was the function that ``come`` returned, and perhaps jobs of an addressee.
        """
        self.rouse(function, now)
        while self._errands:
            key, errand = self._errands.pop()
            self.rouse_for(key, errand, now)

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
                if peer.errand is not None:
                    self._end_errand(peer, function)
                self.pass_on(function, now)
            when = self.next()


def _sleeper(function: Function) -> Peer | None:
    """Take the worker to be woken next for this function: a node if no other sleeps.

    Of equal nodes it is the one that has slept for longest.
    """
    nodes: Crew | None = None
    for crew in function.crews:
        if crew.sleepers:
            if not crew.is_of_nodes:
                peer = crew.sleepers.popitem()[0]
                crew.stir(peer)
                return peer
            if nodes is None:
                nodes = crew
    if nodes is None or not function.is_for_nodes():
        return None
    peer = next(iter(nodes.sleepers))
    nodes.stir(peer)
    return peer
