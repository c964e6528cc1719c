"""Statistics of several job servers, added up and ranked as those of one.

Each tells its first thousand functions, with histograms: quantiles cannot be added up,
but the counts that they are found in can.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from geartrain.engine.commands.arguments import read_arguments
from geartrain.engine.commands.cursors import with_argument
from geartrain.engine.commands.inquiring import (
    NodePart,
    ask,
    is_seen,
    others_of,
    own_part,
    parts_of,
    unanswered,
    whole_of,
)
from geartrain.engine.commands.places import Place, place_text, read_place
from geartrain.engine.commands.ranking import Measure, read_measure, rounded
from geartrain.engine.commands.rows import row, text
from geartrain.engine.commands.sums import added
from geartrain.engine.model.counts import FAILURES, quantile
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.protocol.admin import END_OF_LIST, error

__all__ = ["part_words", "summed_statistics"]

_Row = dict[str, Any]

_MOST: Final = b"1000"
_LIMIT: Final = 100
_QUANTILES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_TIMES: Final = ("waited", "ran")
# Units of work, as ``turns`` counts it, of a row: to read, add up and write it.
_ROW: Final = 60


def part_words(words: list[bytes]) -> list[bytes]:
    """Return the words for what each job server is to tell."""
    asked = with_argument(words, b"buckets", b"true")
    if _is_of_all(words):
        asked = with_argument(asked, b"after", b"")
        asked = with_argument(asked, b"limit", _MOST if _limit(words) else b"0")
    return asked


def _is_of_all(words: list[bytes]) -> bool:
    """Tell whether functions are listed, and not one of them, or minutes or hours."""
    return not any(word.startswith((b"function=", b"by=")) for word in words)


def _limit(words: list[bytes]) -> int:
    given = [word for word in words if word.startswith(b"limit=")]
    wanted = read_arguments(given, (b"limit",)).number(b"limit", _LIMIT)
    return min(wanted, int(_MOST))


def summed_statistics(
    state: State, peer: Peer, words: list[bytes], own: Iterator[bytes]
) -> Iterator[bytes]:
    """Give rows: ``own``, and those of others added to these."""
    inquiry = ask(state, peer, part_words(words), others_of(state), is_list=True)
    yield b""
    peer.take_answers()
    whole = yield from whole_of(own)
    parts = [own_part(state, whole), *parts_of(inquiry)]
    found: dict[object, _Row] = {}
    for part in parts:
        yield from _add(state, peer, part, found)
    has_buckets = b"buckets=true" in words
    if not found and not _is_of_all(words) and b"by=" not in b" ".join(words):
        yield error(b"UNKNOWN_FUNCTION")
        return
    yield b"".join(unanswered(words, inquiry))
    if _is_of_all(words):
        yield from _ranked(state, words, found, has_buckets)
    else:
        for each in sorted(found.values(), key=lambda values: values["time"]):
            state.turns.work += _ROW
            yield row(_finished(each, has_buckets))
    yield END_OF_LIST


def _add(
    state: State, peer: Peer, part: NodePart, found: dict[object, _Row]
) -> Iterator[bytes]:
    """Add the rows of one job server to those of others."""
    for line in part.lines:
        state.turns.work += _ROW
        values = json.loads(line)
        name = values.get("function")
        if name is None and "now" not in values:
            # A minute or an hour: those of others begin within it.
            key: object = round(values["time"] / values["seconds"])
        else:
            key = name
        is_whole = name is None and peer.is_shown_all()
        if part.is_own or is_whole or is_seen(peer, values):
            known = found.get(key)
            found[key] = values if known is None else _added(known, values)
        yield b""


def _added(one: _Row, other: _Row) -> _Row:
    values = added(one, other)
    for name in ("seconds", "functions", "matched"):
        # How long a time was, and of how many functions most are the same ones.
        if name in values:
            values[name] = max(one[name], other[name])
    if "recent" in values:
        seconds = max(one["recent"]["seconds"], other["recent"]["seconds"])
        values["recent"]["seconds"] = seconds
    return values


def _ranked(
    state: State, words: list[bytes], found: dict[object, _Row], has_buckets: bool
) -> Iterator[bytes]:
    """Give the rows of functions in their order, of all, and where to go on."""
    arguments = {name: value for name, _, value in (w.partition(b"=") for w in words)}
    sorts = text(arguments.get(b"sort") or b"waiting").split(",")
    measures = [read_measure(each) for each in sorts]
    whole = found.pop(None)
    limit = _limit(words)
    places = _places(measures, list(found.values()))
    after = _after(words)
    before = 0
    if after is not None:
        is_backward = measures[0].is_backward()
        rest = [each for each in places if (each < after) is is_backward]
        rest = [each for each in rest if each != after]
        before, places = len(places) - len(rest), rest
    for _, name in places[:limit]:
        state.turns.work += _ROW
        yield row(_finished(found[text(name)], has_buckets))
    whole["before"] = before
    whole["functions"] = max(whole["functions"], len(found))
    whole["matched"] = max(whole["matched"], len(found))
    yield row(_finished(whole, has_buckets))
    if 0 < limit < len(places) and len(measures) == 1:
        yield row({"after": place_text(places[limit - 1])})


def _after(words: list[bytes]) -> Place | None:
    given = [word for word in words if word.startswith(b"after=")]
    return read_place(read_arguments(given, (b"after",)).get(b"after"))


def _places(measures: list[Measure], rows: list[_Row]) -> list[Place]:
    """Return the places of rows; of several measures the first of each, and so on."""
    rankings = []
    for measure in measures:
        places = [_place(measure, values) for values in rows]
        rankings.append(sorted(places, reverse=measure.is_backward()))
    if len(rankings) == 1:
        return rankings[0]
    found: dict[bytes, Place] = {}
    for number in range(len(rows)):
        for places in rankings:
            found.setdefault(places[number][1], places[number])
    return list(found.values())


def _place(measure: Measure, values: _Row) -> Place:
    value = _value(measure, values)
    name = str(values["function"]).encode("utf-8", "surrogateescape")
    return (value if measure.is_least_first else -value), name


def _value(measure: Measure, values: _Row) -> int:
    name = measure.name
    if name == "function":
        return 0
    if not measure.is_recent and name in values["now"]:
        value = values["now"][name] or 0
        return int(value * 1000) if name == "oldest" else int(value)
    counts = values["recent" if measure.is_recent else "total"]
    if name == "failures":
        return sum(counts["failures"].values())
    if name in _TIMES:
        return int((quantile(counts[name]["buckets"], 0.95) or 0.0) * 1000)
    return int(counts["failures"][name] if name in FAILURES else counts[name])


def _finished(values: _Row, has_buckets: bool) -> _Row:
    """Return a row with the quantiles of its histograms, and these if wanted."""
    finished = dict(values)
    for name in ("total", "recent"):
        if name in finished:
            finished[name] = _with_quantiles(finished[name], has_buckets)
    return _with_quantiles(finished, has_buckets)


def _with_quantiles(values: _Row, has_buckets: bool) -> _Row:
    found = dict(values)
    for name in _TIMES:
        if name not in found:
            continue
        times = dict(found[name])
        for each, part in _QUANTILES.items():
            times[each] = rounded(quantile(times["buckets"], part))
        if not has_buckets:
            del times["buckets"]
        found[name] = times
    return found
