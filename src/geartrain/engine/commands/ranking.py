"""Rankings: the first functions of all, by what there is of them or has happened.

Every function is looked at, but only the first ones become rows: ten thousand take some
5 ms of the compiled core, in steps, where their rows would take ten times that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.doubles import Doubles, doubles_of
from geartrain.engine.commands.places import Place, Places
from geartrain.engine.commands.rows import Value
from geartrain.engine.model.access import SEE
from geartrain.engine.model.counts import FAILURES, NAMES, quantile
from geartrain.engine.model.functions import Function
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.statistics import Statistics
from geartrain.engine.state.state import State
from geartrain.errors import OptionError

__all__ = [
    "GAUGES",
    "Gauges",
    "Measure",
    "Ranking",
    "oldest_wait",
    "read_measure",
    "rounded",
]

GAUGES: Final = (
    *(
        "waiting",
        "held",
        "delayed",
        "running",
        "dead",
        "workers",
        "oldest",
        "flow_keys",
    ),
)
"""What there is now; ``oldest`` is how many seconds the first that is ready has waited,
and ``held`` how many of those that wait do so for a rate or a place.
"""

_NOW: Final = ("function", *GAUGES, *NAMES, *FAILURES)
_RECENT: Final = (*NAMES, *FAILURES, "failures", "waited", "ran")
_PREFIX: Final = "recent."

# Units of work, as ``turns`` counts it: functions that are looked at, as a shift, and
# minutes that are read for each.
_LOOK: Final = 1
_READ: Final = 1
# Functions looked at in a step.
_LOOKED_AT: Final = 64


class Gauges:
    """How many jobs there are, of one function or several."""

    def __init__(self) -> None:
        self.waiting = 0
        self.held = 0
        self.flow_keys = 0
        self.delayed = 0
        self.running = 0
        self.dead = 0
        self.workers = 0
        self.oldest: float | None = None

    def read(self, state: State, function: Function) -> None:
        """Take those of a function."""
        delayed, running = function.delayed_count(), len(function.running)
        self.waiting = function.job_count() - delayed - running
        self.delayed = delayed
        if function.flow is not None:
            self.held = function.held_total()
            self.flow_keys = function.key_count()
        self.running = running
        self.dead = function.dead
        self.workers = len(function.workers)
        self.oldest = oldest_wait(state, function)

    def leave_out(self, doubles: Doubles, function: Function) -> None:
        """Leave out what others tell of."""
        self.waiting -= doubles.waiting.get(function, 0)
        self.running -= doubles.running.get(function, 0)
        self.workers -= doubles.workers.get(function, 0)

    def add(self, other: Gauges) -> None:
        """Add those of another."""
        self.waiting += other.waiting
        self.held += other.held
        self.flow_keys += other.flow_keys
        self.delayed += other.delayed
        self.running += other.running
        self.dead += other.dead
        self.workers += other.workers
        oldest = other.oldest
        if oldest is not None and (self.oldest is None or oldest > self.oldest):
            self.oldest = oldest

    def get(self, name: str) -> float | None:
        """Return one of ``GAUGES``."""
        value: float | None = getattr(self, name)
        return value

    def values(self) -> dict[str, object]:
        """Return all by name."""
        return {
            "waiting": self.waiting,
            "held": self.held,
            "delayed": self.delayed,
            "running": self.running,
            "dead": self.dead,
            "workers": self.workers,
            "oldest": rounded(self.oldest),
            "flow_keys": self.flow_keys,
        }


def oldest_wait(state: State, function: Function) -> float | None:
    """Return how long the first ready job of any priority has waited, if known."""
    since = function.waiting_since()
    return None if since is None else max(state.server_time() - since, 0.0)


def rounded(seconds: float | None) -> Value:
    """Return seconds as they are told: to the microsecond."""
    return None if seconds is None else round(seconds, 6)


class Measure:
    """What functions are sorted by."""

    def __init__(self, name: str, is_least_first: bool) -> None:
        self.is_least_first = is_least_first
        """The least comes first; else the most."""
        self.is_recent = name.startswith(_PREFIX)
        """It is about the last minutes; else about now, or since the start."""
        self.name = name.removeprefix(_PREFIX) if self.is_recent else name
        """What is compared."""

    def is_backward(self) -> bool:
        """Tell whether names go from the last to the first."""
        return self.name == "function" and self.is_least_first

    def key(self, function: Function, now: Gauges, first: int) -> int:
        """Return what places a function, the lowest first; times in milliseconds.

        ``first`` is the first of the last minutes.
        """
        value = self._value(function, now, first)
        return value if self.is_least_first else -value

    def _value(self, function: Function, now: Gauges, first: int) -> int:
        name = self.name
        if self.is_recent:
            return _recent(name, function.statistics, first)
        if name == "function":
            return 0
        if name in GAUGES:
            value = now.get(name) or 0
            return int(value * 1000) if name == "oldest" else int(value)
        return _total(function.statistics, _kind(name))


def _kind(name: str) -> int:
    return NAMES[name] if name in NAMES else FAILURES[name]


def _total(found: Statistics, kind: int) -> int:
    count = found.total.numbers[kind]
    return count if found.open is None else count + found.open.number(kind)


def _recent(name: str, found: Statistics, first: int) -> int:
    if name == "failures":
        return sum([found.number_since(first, kind) for kind in FAILURES.values()])
    if name in ("waited", "ran"):
        counts = found.since(first)
        times = counts.waiting if name == "waited" else counts.running
        return int((quantile(times, 0.95) or 0.0) * 1000)
    return found.number_since(first, _kind(name))


def read_measure(name: str) -> Measure:
    """Read what functions are to be sorted by; ``-`` before it has the least first.

    Raises:
        OptionError: they cannot be.
    """
    plain = name.removeprefix("-")
    known = plain in _NOW
    if plain.startswith(_PREFIX):
        known = plain.removeprefix(_PREFIX) in _RECENT
    if not known:
        recent = ", ".join(_RECENT)
        raise OptionError(
            f"sort is one of {', '.join(_NOW)}, or {_PREFIX} and one of {recent};"
            " after a - the least comes first"
        )
    return Measure(plain, name.startswith("-"))


def _is_seen(viewer: Peer, worker: Peer) -> bool:
    """Tell whether a worker has a function that the viewer may see."""
    return any(viewer.may(SEE, function.name) for function in worker.abilities)


class Ranking:
    """A look at all functions, for a part of them in their order."""

    def __init__(
        self, measures: list[Measure], limit: int, after: Place | None
    ) -> None:
        self._measures = measures
        self._limit = limit
        self._places = [
            Places(limit, after, is_backward=measure.is_backward())
            for measure in measures
        ]
        self.count = 0
        """How many functions there are."""
        self.matched = 0
        """How many of them are wanted."""
        self.all = Gauges()
        """How many jobs all functions have together."""

    def look(
        self, state: State, peer: Peer, wanted: re.Pattern[bytes] | None, first: int
    ) -> Iterator[bytes]:
        """Look at all functions that a peer may see, some a step.

        ``first`` is ``Measure.key``'s.
        """
        state.turns.work += len(state.functions) >> 6
        doubles = doubles_of(state, peer)
        cost = _LOOKED_AT >> _LOOK
        if any(measure.is_recent for measure in self._measures):
            minutes = int(state.server_time() // 60.0) - first + 1
            cost += _LOOKED_AT * minutes * _READ
        for number, name in enumerate(list(state.functions)):
            function = state.functions.get(name)
            if function is not None and peer.may(SEE, name):
                now = Gauges()
                now.read(state, function)
                now.leave_out(doubles, function)
                self.all.add(now)
                self.count += 1
                if wanted is None or wanted.match(name) is not None:
                    self._add(function, now, first)
            if number % _LOOKED_AT == 0:
                state.turns.work += cost
                yield b""
        yield from self._count_workers(state, peer)

    def _count_workers(self, state: State, viewer: Peer) -> Iterator[bytes]:
        """Count each worker of all functions once, however many of these it has."""
        self.all.workers = 0
        sees_all = viewer.is_shown_all()
        for number, peer in enumerate(list(state.peers)):
            # Of a part other job servers are left out, as ``Doubles`` says.
            if peer.abilities and not (viewer.is_part and peer.node is not None):
                self.all.workers += sees_all or _is_seen(viewer, peer)
            if number % _LOOKED_AT == 0:
                state.turns.work += _LOOKED_AT >> _LOOK
                yield b""

    def _add(self, function: Function, now: Gauges, first: int) -> None:
        self.matched += 1
        if not self._limit:
            return
        for number, measure in enumerate(self._measures):
            key = measure.key(function, now, first)
            self._places[number].add((key, function.name))

    def before(self) -> int:
        """Return how many come before the part, by the first measure."""
        return self._places[0].before

    def first(self) -> list[Place]:
        """Return the first of them, and one more if there is one.

        Of several measures those are the first of each, then the second of each.
        """
        rankings = [places.first() for places in self._places]
        if len(rankings) == 1:
            return rankings[0]
        found: dict[bytes, Place] = {}
        for number in range(self._limit + 1):
            for places in rankings:
                if number < len(places):
                    found.setdefault(places[number][1], places[number])
        return list(found.values())[: self._limit + 1]
