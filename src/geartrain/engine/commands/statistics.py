"""The text command that tells what happens to jobs, by function, minute and hour.

No number of it comes from a look at jobs: they are sizes of what the engine keeps
anyway, and counts. All functions are looked at once, a few at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import Arguments, invalid, read_arguments
from geartrain.engine.commands.rows import Value, row, text
from geartrain.engine.model.access import SEE
from geartrain.engine.model.counts import FAILURES, NAMES, Counts, quantile
from geartrain.engine.model.functions import Function
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.statistics import HOURS, MINUTES, Statistics
from geartrain.engine.state.slots import MINUTE
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST, error

__all__ = ["GAUGES", "oldest_wait", "rounded", "statistics"]

GAUGES: Final = ("waiting", "delayed", "running", "dead", "workers", "oldest")
"""What there is now; ``oldest`` is how many seconds the first that is ready has waited.
"""

_SORTS: Final = ["function", *GAUGES, *NAMES, *FAILURES]

_ARGUMENTS: Final = (
    b"function",
    b"by",
    b"over",
    b"sort",
    b"limit",
    b"after",
    b"buckets",
)
_WITH_BY: Final = (b"over", b"sort", b"limit", b"after")
_UNKNOWN: Final = error(b"UNKNOWN_FUNCTION")
_LENGTHS: Final[dict[bytes, int]] = {b"minute": 60, b"hour": 3600}

# Minutes that ``recent`` goes back.
_OVER: Final = 5
_LIMIT: Final = 100
_MOST: Final = 1000
# What functions may be sorted by at once.
_MOST_SORTS: Final = 4

# Units of work, as ``turns`` counts it: of a row, of a minute or hour that is read for
# it, and of functions that are looked at, as a shift.
_ROW: Final = 60
_SLOT: Final = 4
_LOOK: Final = 1
# Functions looked at in a step, and those kept for the list beyond what it needs.
_LOOKED_AT: Final = 64
_SPARE: Final = 1000

_QUANTILES: Final[dict[str, float]] = {"p50": 0.5, "p95": 0.95, "p99": 0.99}

# A function's place in the list: what it is sorted by, and its name.
Place = tuple[int, bytes]


class _Question:
    """What is asked."""

    def __init__(self, arguments: Arguments) -> None:
        """Take the arguments.

        Raises:
            OptionError: one of them cannot be what it is.
        """
        self.function = arguments.get(b"function")
        """A function's name; empty for all."""
        self.by = arguments.get(b"by")
        """``minute``, ``hour``, or nothing."""
        self.over = arguments.number(b"over", _OVER)
        """Minutes that ``recent`` goes back beyond the open one."""
        self.sorts = text(arguments.get(b"sort") or b"waiting").split(",")
        """What functions are sorted by, the most first, or ``function``. With several
        the first by each are listed.
        """
        self.limit = min(arguments.number(b"limit", _LIMIT), _MOST)
        """The most functions to list."""
        self.after = _place(arguments.get(b"after"))
        """The place that they come after."""
        self.has_buckets = arguments.get(b"buckets") == b"true"
        """The rows have the histograms."""
        if self.by and self.by not in _LENGTHS:
            raise OptionError(f"by is minute or hour, not {text(self.by)!r}")
        if self.by and any(arguments.get(each) for each in _WITH_BY):
            raise OptionError("by= goes with function= and buckets= only")
        if not 1 <= self.over <= MINUTES:
            raise OptionError(f"over is a number of minutes from 1 to {MINUTES}")
        if any(each not in _SORTS for each in self.sorts):
            raise OptionError(f"sort is one of {', '.join(_SORTS)}")
        if len(self.sorts) > _MOST_SORTS:
            raise OptionError(f"sort takes {_MOST_SORTS} at most")
        if len(self.sorts) > 1 and self.after is not None:
            raise OptionError("after= goes with one sort only")
        if arguments.get(b"buckets") not in (b"", b"true", b"false"):
            raise OptionError("buckets is true or false")


def _place(after: bytes) -> Place | None:
    if not after:
        return None
    number, colon, name = after.partition(b":")
    if not colon or not number.isdigit() or len(number) > 18:
        raise OptionError("after is not from a list: begin again without it")
    return -int(number), name


def statistics(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell what happened to jobs, and what there is of them.

    ``statistics`` answers a row a function and one of all; ``by=minute`` or ``by=hour``
    a row for each minute or hour in which something happened.
    """
    try:
        question = _Question(read_arguments(words[1:], _ARGUMENTS))
    except OptionError as refusal:
        return invalid(str(refusal))
    if question.function and not peer.may(SEE, question.function):
        return _UNKNOWN
    if not question.function and not question.by:
        peer.rest = _list(state, peer, question)
        return b""
    found: Statistics | None = state.slots.all
    function = state.functions.get(question.function)
    if question.function:
        found = state.slots.forgotten.get(question.function)
    if question.function and function is not None:
        found = function.statistics
    if found is None:
        return _UNKNOWN
    if question.by:
        peer.rest = _by_time(state, question, found)
    else:
        now = _Gauges()
        if function is not None:
            now.add(state, function)
        peer.rest = iter([_row(state, question, found, now), END_OF_LIST])
    return b""


class _Gauges:
    """How many jobs there are, of one function or several."""

    def __init__(self) -> None:
        self.waiting = 0
        self.delayed = 0
        self.running = 0
        self.dead = 0
        self.workers = 0
        self.oldest: float | None = None

    def add(self, state: State, function: Function) -> None:
        """Add those of a function."""
        delayed, running = function.delayed_count(), len(function.running)
        self.waiting += function.job_count() - delayed - running
        self.delayed += delayed
        self.running += running
        self.dead += function.dead
        self.workers += len(function.workers)
        oldest = oldest_wait(state, function)
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


class _Walk:
    """A look at all functions, for a part of them in their order."""

    def __init__(self, question: _Question) -> None:
        self._question = question
        self._rankings: list[list[Place]] = [[] for _ in question.sorts]
        self.count = 0
        """How many functions there are."""
        self.all = _Gauges()
        """How many jobs they have together."""

    def add(self, state: State, function: Function) -> None:
        """Look at a function."""
        question = self._question
        now = _Gauges()
        now.add(state, function)
        self.all.add(state, function)
        self.count += 1
        for number, sort in enumerate(question.sorts):
            places = self._rankings[number]
            place = (-_key(sort, function, now), function.name)
            if question.after is None or place > question.after:
                places.append(place)
            if len(places) > question.limit + _SPARE:
                self._rankings[number] = self._first(places)

    def first(self) -> list[Place]:
        """Return the first of them, and one more if there is one.

        Of several rankings those are the first of each, then the second of each.
        """
        rankings = [self._first(places) for places in self._rankings]
        if len(rankings) == 1:
            return rankings[0]
        found: dict[bytes, Place] = {}
        for number in range(self._question.limit + 1):
            for places in rankings:
                if number < len(places):
                    found.setdefault(places[number][1], places[number])
        return list(found.values())[: self._question.limit + 1]

    def _first(self, places: list[Place]) -> list[Place]:
        return sorted(places)[: self._question.limit + 1]


def _list(state: State, peer: Peer, question: _Question) -> Iterator[bytes]:
    """Give the rows of functions in their order, of all, and where to go on."""
    walk = _Walk(question)
    state.turns.work += len(state.functions) >> 6
    for name in list(state.functions):
        function = state.functions.get(name)
        if function is not None and peer.may(SEE, name):
            walk.add(state, function)
        if walk.count % _LOOKED_AT == 0:
            state.turns.work += _LOOKED_AT >> _LOOK
            yield b""
    places = walk.first()
    for _, name in places[: question.limit]:
        function = state.functions.get(name)
        if function is not None:
            now = _Gauges()
            now.add(state, function)
            yield _row(state, question, function.statistics, now)
    yield _row(state, question, state.slots.all, walk.all, walk.count)
    if 0 < question.limit < len(places) and len(question.sorts) == 1:
        key, name = places[question.limit - 1]
        yield row({"after": text(b"%d:%s" % (-key, name))})
    yield END_OF_LIST


def _key(sort: str, function: Function, now: _Gauges) -> int:
    """Return what a function is sorted by; ages in milliseconds."""
    if sort == "function":
        return 0
    if sort in GAUGES:
        value = now.get(sort) or 0
        return int(value * 1000) if sort == "oldest" else int(value)
    kind = NAMES[sort] if sort in NAMES else FAILURES[sort]
    found = function.statistics
    count = found.total.numbers[kind]
    return count if found.counts is None else count + found.counts.numbers[kind]


def _row(
    state: State,
    question: _Question,
    found: Statistics,
    now: _Gauges,
    functions: int | None = None,
) -> bytes:
    """Return the row of a function; of all, if a number of functions is given."""
    is_all = functions is not None
    state.turns.work += _ROW + _SLOT * question.over
    server_time = state.server_time()
    since = state.slots.since or server_time
    first = int(server_time // MINUTE) - question.over
    recent = Counts()
    for _, counts in found.by_minute(first):
        recent.add(counts)
    seconds = max(server_time - max(first * MINUTE, since), 1.0)
    values: dict[str, object] = {"function": None if is_all else text(found.name)}
    if is_all:
        values["functions"] = functions
    values["time"] = round(state.wall_time(), 3)
    values["now"] = now.values()
    values["total"] = _measured(found.totals(), question)
    values["recent"] = {
        "seconds": round(seconds, 3),
        **_measured(recent, question),
    }
    return row(values)


def _by_time(state: State, question: _Question, found: Statistics) -> Iterator[bytes]:
    """Give a row for each minute or hour, the oldest first."""
    seconds = _LENGTHS[question.by]
    now = int(state.server_time()) // seconds
    if seconds == MINUTE:
        slots = found.by_minute(now - MINUTES)
        state.turns.work += _SLOT * MINUTES
    else:
        slots = found.by_hour(now - HOURS)
        state.turns.work += _SLOT * HOURS
    for number, counts in slots:
        state.turns.work += _ROW
        time = number * seconds + state.calendar_shift()
        values: dict[str, object] = {"time": round(time, 3), "seconds": seconds}
        yield row({**values, **_measured(counts, question)})
    yield END_OF_LIST


def _measured(counts: Counts, question: _Question) -> dict[str, object]:
    """Return counts by name, with the times that jobs waited and ran."""
    numbers = counts.numbers
    has_buckets = question.has_buckets
    return {
        **{name: numbers[kind] for name, kind in NAMES.items()},
        "failures": {name: numbers[kind] for name, kind in FAILURES.items()},
        "waited": _times(counts.waiting, counts.waited, has_buckets),
        "ran": _times(counts.running, counts.ran, has_buckets),
    }


def _times(
    histogram: list[int], seconds: float, has_buckets: bool
) -> dict[str, object]:
    count = sum(histogram)
    values: dict[str, object] = {"count": count, "seconds": round(seconds, 6)}
    for name, part in _QUANTILES.items():
        values[name] = rounded(quantile(histogram, part))
    if has_buckets:
        values["buckets"] = list(histogram)
    return values


def rounded(seconds: float | None) -> Value:
    """Return seconds as they are told: to the microsecond."""
    return None if seconds is None else round(seconds, 6)
