"""The text command that tells what happens to jobs, by function, minute and hour.

No number of it comes from a look at jobs: they are sizes of what the engine keeps
anyway, and counts. All functions are looked at once, a few at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from geartrain.engine.commands.arguments import Arguments, invalid, read_arguments
from geartrain.engine.commands.doubles import Doubles, doubles_of
from geartrain.engine.commands.places import matcher, place_text, read_place
from geartrain.engine.commands.ranking import (
    Gauges,
    Ranking,
    read_measure,
    rounded,
)
from geartrain.engine.commands.rows import row, text
from geartrain.engine.model.access import SEE
from geartrain.engine.model.counts import (
    FAILURES,
    NAMES,
    SUBMITTED,
    SUCCEEDED,
    Counts,
    quantile,
    submission,
)
from geartrain.engine.model.functions import Function
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.statistics import HOURS, MINUTES, Statistics
from geartrain.engine.state import functions
from geartrain.engine.state.slots import MINUTE
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST, error
from geartrain.protocol.constants import Priority

__all__ = ["statistics"]

_ARGUMENTS: Final = (
    b"function",
    b"by",
    b"over",
    b"sort",
    b"limit",
    b"after",
    b"buckets",
    b"match",
    b"minutes",
)
_WITH_BY: Final = (b"over", b"sort", b"limit", b"after", b"match", b"minutes")
_UNKNOWN: Final = error(b"UNKNOWN_FUNCTION")
_LENGTHS: Final[dict[bytes, int]] = {b"minute": 60, b"hour": 3600}

# Minutes that ``recent`` goes back.
_OVER: Final = 5
_LIMIT: Final = 100
_MOST: Final = 1000
# What functions may be sorted by at once.
_MOST_SORTS: Final = 4

# Units of work, as ``turns`` counts it: of a row, of a minute or hour that is read for
# it, and of four minutes of which only numbers are.
_ROW: Final = 60
_SLOT: Final = 4

_KINDS: Final[dict[str, bool]] = {"foreground": False, "background": True}
_QUANTILES: Final[dict[str, float]] = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


class _Question:
    """What is asked."""

    def __init__(self, state: State, arguments: Arguments) -> None:
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
        sorts = text(arguments.get(b"sort") or b"waiting").split(",")
        self.measures = [read_measure(each) for each in sorts[: _MOST_SORTS + 1]]
        """What functions are sorted by. With several the first by each are listed."""
        self.limit = min(arguments.number(b"limit", _LIMIT), _MOST)
        """The most functions to list."""
        self.after = read_place(arguments.get(b"after"))
        """The place that they come after."""
        self.match = arguments.pattern(b"match", state)
        """A text in their names, or a glob; empty for all."""
        self.minutes = arguments.number(b"minutes", 0)
        """Of how many of the last minutes a row has the numbers."""
        self.has_buckets = arguments.get(b"buckets") == b"true"
        """The rows have the histograms."""
        self._check_values()
        self._check_company(arguments)
        if arguments.get(b"buckets") not in (b"", b"true", b"false"):
            raise OptionError("buckets is true or false")

    def _check_values(self) -> None:
        """Check what can be at all."""
        if self.by and self.by not in _LENGTHS:
            raise OptionError(f"by is minute or hour, not {text(self.by)!r}")
        if not 1 <= self.over <= MINUTES:
            raise OptionError(f"over is a number of minutes from 1 to {MINUTES}")
        if self.minutes > MINUTES:
            raise OptionError(f"minutes is a number from 0 to {MINUTES}")
        if len(self.measures) > _MOST_SORTS:
            raise OptionError(f"sort takes {_MOST_SORTS} at most")

    def _check_company(self, arguments: Arguments) -> None:
        """Check what can be together."""
        if self.by and any(arguments.get(each) for each in _WITH_BY):
            raise OptionError("by= goes with function= and buckets= only")
        if self.function and self.match:
            raise OptionError("match= goes without function=")
        if len(self.measures) > 1 and self.after is not None:
            raise OptionError("after= goes with one sort only")


def statistics(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell what happened to jobs, and what there is of them.

    ``statistics`` answers a row a function and one of all, ``by=minute`` or ``by=hour``
    a row for each minute or hour in which something happened.
    """
    try:
        question = _Question(state, read_arguments(words[1:], _ARGUMENTS))
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
        doubles = doubles_of(state, peer)
        values = _function(state, question, found, function, doubles)
        peer.rest = iter([row(values), END_OF_LIST])
    return b""


def _list(state: State, peer: Peer, question: _Question) -> Iterator[bytes]:
    """Give the rows of functions in their order, of all, and where to go on."""
    doubles = doubles_of(state, peer)
    ranking = Ranking(question.measures, question.limit, question.after)
    wanted = matcher(question.match) if question.match else None
    yield from ranking.look(state, peer, wanted, _first_minute(state, question))
    places = ranking.first()
    for _, name in places[: question.limit]:
        function = state.functions.get(name)
        if function is not None:
            found = function.statistics
            yield row(_function(state, question, found, function, doubles))
    counts = {
        "functions": ranking.count,
        "matched": ranking.matched,
        "before": ranking.before(),
    }
    yield row(_values(state, question, state.slots.all, ranking.all, None, counts))
    if 0 < question.limit < len(places) and len(question.measures) == 1:
        yield row({"after": place_text(places[question.limit - 1])})
    yield END_OF_LIST


def _first_minute(state: State, question: _Question) -> int:
    return int(state.server_time() // MINUTE) - question.over


def _function(
    state: State,
    question: _Question,
    found: Statistics,
    function: Function | None,
    doubles: Doubles,
) -> dict[str, object]:
    """Return the row of a function; of one that is forgotten, if that is None."""
    now = Gauges()
    is_paused = is_draining = False
    if function is not None:
        now.read(state, function)
        now.leave_out(doubles, function)
        policy = functions.policy(state, function)
        is_paused, is_draining = policy.paused, policy.draining
    how: dict[str, object] = {"paused": is_paused, "draining": is_draining}
    return _values(state, question, found, now, text(found.name), how)


def _values(
    state: State,
    question: _Question,
    found: Statistics,
    now: Gauges,
    name: str | None,
    more: Mapping[str, object],
) -> dict[str, object]:
    """Return the row of a function, or of all if it has no name."""
    state.turns.work += _ROW + _SLOT * question.over
    server_time = state.server_time()
    since = state.slots.since or server_time
    first = _first_minute(state, question)
    seconds = max(server_time - max(first * MINUTE, since), 1.0)
    values: dict[str, object] = {
        "function": name,
        **more,
        "time": round(state.wall_time(), 3),
        "now": now.values(),
        "total": _measured(found.totals(), question),
        "recent": {
            "seconds": round(seconds, 3),
            **_measured(found.since(first), question),
        },
    }
    if question.minutes:
        values["minutes"] = _minutes(state, question.minutes, found)
    return values


def _minutes(state: State, count: int, found: Statistics) -> dict[str, object]:
    """Return the numbers of the last minutes, the open one last."""
    state.turns.work += count >> 2
    first = int(state.server_time() // MINUTE) - count + 1
    submitted = [0] * count
    succeeded = [0] * count
    failures = [0] * count
    for minute, numbers in found.numbers_by_minute(first):
        place = min(minute - first, count - 1)
        submitted[place] += numbers[SUBMITTED]
        succeeded[place] += numbers[SUCCEEDED]
        failures[place] += sum([numbers[kind] for kind in FAILURES.values()])
    return {
        "time": round(first * MINUTE + state.calendar_shift(), 3),
        "submitted": submitted,
        "succeeded": succeeded,
        "failures": failures,
    }


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
        "submitted_by": _submitted_by(counts.submitted),
        "failures": {name: numbers[kind] for name, kind in FAILURES.items()},
        "waited": _times(counts.waiting, counts.waited, has_buckets),
        "ran": _times(counts.running, counts.ran, has_buckets),
    }


def _submitted_by(submitted: list[int]) -> dict[str, dict[str, int]]:
    """Return numbers of jobs by priority and by kind."""
    found: dict[str, dict[str, int]] = {}
    for priority in (Priority.HIGH, Priority.NORMAL, Priority.LOW):
        its = found[priority.name.lower()] = {}
        for kind, background in _KINDS.items():
            place = submission(priority, background)
            its[kind] = submitted[place] if place < len(submitted) else 0
    return found


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
