"""Rankings: the first functions of all, by what there is of them or has happened.

Every function is looked at, but only the first ones become rows: ten thousand take some
5 ms of the compiled core, in steps, where their rows would take ten times that.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.rows import Value, text
from geartrain.engine.model.counts import FAILURES, NAMES, quantile
from geartrain.engine.model.functions import Function
from geartrain.engine.model.policies import is_pattern
from geartrain.engine.model.statistics import Statistics
from geartrain.engine.state.state import State
from geartrain.errors import OptionError

__all__ = [
    "GAUGES",
    "Gauges",
    "Order",
    "Place",
    "Ranking",
    "matcher",
    "oldest_wait",
    "place_text",
    "read_order",
    "read_place",
    "rounded",
]

GAUGES: Final = ("waiting", "delayed", "running", "dead", "workers", "oldest")
"""What there is now; ``oldest`` is how many seconds the first that is ready has waited.
"""

_NOW: Final = ("function", *GAUGES, *NAMES, *FAILURES)
_RECENT: Final = (*NAMES, *FAILURES, "failures", "waited", "ran")
_PREFIX: Final = "recent."

# Units of work, as ``turns`` counts it: functions that are looked at, as a shift, and
# minutes that are read for each.
_LOOK: Final = 1
_READ: Final = 1
# Functions looked at in a step, and those kept for the list beyond what it needs.
_LOOKED_AT: Final = 64
_SPARE: Final = 1000

# A function's place in the list: what it is sorted by, and its name.
Place = tuple[int, bytes]


class Gauges:
    """How many jobs there are, of one function or several."""

    def __init__(self) -> None:
        self.waiting = 0
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
        self.running = running
        self.dead = function.dead
        self.workers = len(function.workers)
        self.oldest = oldest_wait(state, function)

    def add(self, other: Gauges) -> None:
        """Add those of another."""
        self.waiting += other.waiting
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
            "delayed": self.delayed,
            "running": self.running,
            "dead": self.dead,
            "workers": self.workers,
            "oldest": rounded(self.oldest),
        }


def oldest_wait(state: State, function: Function) -> float | None:
    """Return how long the first ready job of any priority has waited, if known."""
    since = function.waiting_since()
    return None if since is None else max(state.server_time() - since, 0.0)


def rounded(seconds: float | None) -> Value:
    """Return seconds as they are told: to the microsecond."""
    return None if seconds is None else round(seconds, 6)


class Order:
    """What functions are sorted by."""

    def __init__(self, name: str, is_least_first: bool) -> None:
        self.is_least_first = is_least_first
        """The least comes first; else the most."""
        self.is_recent = name.startswith(_PREFIX)
        """It is about the last minutes; else about now, or since the start."""
        self.name = name.removeprefix(_PREFIX) if self.is_recent else name
        """What is compared."""

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
    return count if found.counts is None else count + found.counts.numbers[kind]


def _recent(name: str, found: Statistics, first: int) -> int:
    if name == "failures":
        return sum([found.number_since(first, kind) for kind in FAILURES.values()])
    if name in ("waited", "ran"):
        counts = found.since(first)
        times = counts.waiting if name == "waited" else counts.running
        return int((quantile(times, 0.95) or 0.0) * 1000)
    return found.number_since(first, _kind(name))


def read_order(name: str) -> Order:
    """Read what functions are to be sorted by; ``-`` before it has the least first.

    Raises:
        OptionError: they cannot be.
    """
    plain = name.removeprefix("-")
    known = plain in _NOW and name != "-function"
    if plain.startswith(_PREFIX):
        known = plain.removeprefix(_PREFIX) in _RECENT
    if not known:
        recent = ", ".join(_RECENT)
        raise OptionError(
            f"sort is one of {', '.join(_NOW)}, or {_PREFIX} and one of {recent};"
            " after a - the least comes first"
        )
    return Order(plain, name.startswith("-"))


def read_place(after: bytes) -> Place | None:
    """Read the place that functions are to come after, as ``place_text`` wrote it.

    Raises:
        OptionError: it is none.
    """
    if not after:
        return None
    number, colon, name = after.partition(b":")
    digits = number.removeprefix(b"-")
    if not colon or not digits.isdigit() or len(digits) > 18:
        raise OptionError("after is not from a list: begin again without it")
    return int(number), name


def place_text(place: Place) -> str:
    """Return a place as the argument of the command that goes on from there."""
    return text(b"%d:%s" % place)


def matcher(wanted: bytes) -> re.Pattern[bytes]:
    """Return what finds the names with a text in them, or those that a glob matches.

    Capital letters are as small ones.
    """
    glob = wanted if is_pattern(wanted) else b"*" + wanted + b"*"
    translated = fnmatch.translate(glob.decode("latin-1")).encode("latin-1")
    return re.compile(translated, re.IGNORECASE)


class Ranking:
    """A look at all functions, for a part of them in their order."""

    def __init__(self, orders: list[Order], limit: int, after: Place | None) -> None:
        self._orders = orders
        self._limit = limit
        self._after = after
        self._rankings: list[list[Place]] = [[] for _ in orders]
        self.count = 0
        """How many functions there are."""
        self.matched = 0
        """How many of them are wanted."""
        self.before = 0
        """How many of those come before the part, by the first order."""
        self.all = Gauges()
        """How many jobs all functions have together."""

    def look(
        self, state: State, wanted: re.Pattern[bytes] | None, first: int
    ) -> Iterator[bytes]:
        """Look at all functions, some a step; ``first`` is as ``Order.key`` has it."""
        state.turns.work += len(state.functions) >> 6
        cost = _LOOKED_AT >> _LOOK
        if any(order.is_recent for order in self._orders):
            minutes = int(state.server_time() // 60.0) - first + 1
            cost += _LOOKED_AT * minutes * _READ
        for name in list(state.functions):
            function = state.functions.get(name)
            if function is not None:
                now = Gauges()
                now.read(state, function)
                self.all.add(now)
                self.count += 1
                if wanted is None or wanted.match(name) is not None:
                    self._add(function, now, first)
            if self.count % _LOOKED_AT == 0:
                state.turns.work += cost
                yield b""

    def _add(self, function: Function, now: Gauges, first: int) -> None:
        after = self._after
        self.matched += 1
        for number, order in enumerate(self._orders):
            places = self._rankings[number]
            place = (order.key(function, now, first), function.name)
            if after is None or place > after:
                places.append(place)
            elif number == 0:
                self.before += 1
            if len(places) > self._limit + _SPARE:
                self._rankings[number] = self._first(places)

    def first(self) -> list[Place]:
        """Return the first of them, and one more if there is one.

        Of several rankings those are the first of each, then the second of each.
        """
        rankings = [self._first(places) for places in self._rankings]
        if len(rankings) == 1:
            return rankings[0]
        found: dict[bytes, Place] = {}
        for number in range(self._limit + 1):
            for places in rankings:
                if number < len(places):
                    found.setdefault(places[number][1], places[number])
        return list(found.values())[: self._limit + 1]

    def _first(self, places: list[Place]) -> list[Place]:
        return sorted(places)[: self._limit + 1]
