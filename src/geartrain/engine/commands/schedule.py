"""The text command ``schedule``: recurring jobs by their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import unquote_to_bytes

from geartrain.engine.commands.arguments import Arguments, invalid, read_arguments
from geartrain.engine.commands.permission import check_function, check_job
from geartrain.engine.commands.rows import row
from geartrain.engine.commands.schedule_rows import schedule_row, whole_schedule
from geartrain.engine.commands.sweeps import UNKNOWN_JOB
from geartrain.engine.jobs import schedules
from geartrain.engine.jobs.recurring import date_of, next_time, run_schedule, skip_time
from geartrain.engine.model.access import ADMINISTER, SEE
from geartrain.engine.model.functions import Function
from geartrain.engine.model.globs import matches
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.policies import Policy
from geartrain.engine.model.schedule_settings import (
    check_schedule,
    read_schedule_setting,
    settings_of,
)
from geartrain.engine.model.schedules import Schedule
from geartrain.engine.model.settings import Value
from geartrain.engine.state import runs
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST, OK, error

__all__ = ["schedule"]

# Units of work, as ``turns`` counts it: of looking at a schedule, and of a row.
_LOOK: Final = 1
_ROW: Final = 20

_VERBS: Final = "add, change, list, show, next, run, skip, pause, resume or remove"
_MOST_NEXT: Final = 100


def schedule(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List, change or run recurring jobs: ``schedule VERB [NAME] [name=value ...]``."""
    verb = words[1].lower() if len(words) > 1 else b""
    try:
        if verb == b"list":
            peer.rest = _list(state, peer, words[2:])
            return b""
        if verb == b"next":
            return _next(state, peer, words[2:])
        if len(words) < 3 or b"=" in words[2]:
            return invalid(f"schedule takes {_VERBS}, and the name of a schedule")
        name = unquote_to_bytes(words[2])
        if verb == b"add":
            return _add(state, peer, name, words[3:])
        return _steer(state, peer, verb, name, words[3:])
    except OptionError as refusal:
        return invalid(str(refusal))


def _given(words: list[bytes]) -> dict[str, Value]:
    """Read ``name=value`` words.

    Raises:
        OptionError: a word is none, or a setting is given twice.
    """
    found: dict[str, Value] = {}
    for word in words:
        name, equals, value = word.partition(b"=")
        setting = unquote_to_bytes(name).decode("utf-8", "surrogateescape")
        if not equals:
            raise OptionError(f"{setting!r} has no value: write name=value")
        if setting in found:
            raise OptionError(f"{setting!r} is given twice")
        found[setting] = unquote_to_bytes(value).decode("utf-8", "surrogateescape")
    return found


def _add(state: State, peer: Peer, name: bytes, words: list[bytes]) -> bytes:
    schedules.change(state, name, _given(words), is_new=True)
    state.journal.hold_change(peer, is_text=True)
    return OK


def _steer(
    state: State, peer: Peer, verb: bytes, name: bytes, rest: list[bytes]
) -> bytes:
    """Do something with a schedule that there is."""
    act = _ACTS.get(verb)
    if act is None:
        return invalid(f"schedule takes {_VERBS}")
    if rest and verb != b"change":
        return invalid(f"schedule {verb.decode()} takes a name and nothing else")
    found = state.schedules.get(name)
    if found is None:
        return UNKNOWN_JOB
    check_job(state, peer, found.function.name)
    answer = act(state, peer, found, rest)
    if verb != b"show":
        state.journal.hold_change(peer, is_text=True)
    return answer


def _change(state: State, peer: Peer, found: Schedule, words: list[bytes]) -> bytes:
    given = _given(words)
    if not given:
        raise OptionError("schedule change takes name=value words")
    if given.get("function"):
        to = str(given["function"]).encode("utf-8", "surrogateescape")
        check_function(state, peer, ADMINISTER, to)
    schedules.change(state, found.handle, given, is_new=False)
    return OK


def _show(state: State, peer: Peer, found: Schedule, words: list[bytes]) -> bytes:
    state.turns.work += _ROW
    peer.rest = _shown(state, found)
    return b""


def _shown(state: State, found: Schedule) -> Iterator[bytes]:
    yield from whole_schedule(state, found)
    yield END_OF_LIST


def _run(state: State, peer: Peer, found: Schedule, words: list[bytes]) -> bytes:
    refused = run_schedule(state, found)
    return error(b"QUEUE_ERROR", refused.decode()) if refused else OK


def _skip(state: State, peer: Peer, found: Schedule, words: list[bytes]) -> bytes:
    if runs.is_elsewhere(state, found):
        # What is skipped here, that one would submit all the same.
        return error(b"UNANSWERED", "the job server that leads cannot be asked")
    fault = skip_time(state, found)
    return error(b"INVALID_ARGUMENT", fault) if fault else OK


def _pause(state: State, peer: Peer, found: Schedule, words: list[bytes]) -> bytes:
    return _switch(state, found, True)


def _resume(state: State, peer: Peer, found: Schedule, words: list[bytes]) -> bytes:
    return _switch(state, found, False)


def _switch(state: State, found: Schedule, is_paused: bool) -> bytes:
    """Pause or resume; where the file says the same, nothing but that is left."""
    by_itself = settings_of(found.given)["paused"]
    value: Value = "" if by_itself == is_paused else is_paused
    schedules.change(state, found.handle, {"paused": value}, is_new=False)
    return OK


def _remove(state: State, peer: Peer, found: Schedule, words: list[bytes]) -> bytes:
    schedules.remove(state, found)
    return OK


_ACTS: Final[dict[bytes, Callable[[State, Peer, Schedule, list[bytes]], bytes]]] = {
    b"change": _change,
    b"show": _show,
    b"run": _run,
    b"skip": _skip,
    b"pause": _pause,
    b"resume": _resume,
    b"remove": _remove,
}


def _list(state: State, peer: Peer, words: list[bytes]) -> Iterator[bytes]:
    """Check what is to be listed, and return the rows, in the order of names."""
    arguments = read_arguments(words, (b"function", b"limit", b"after"))
    limit = arguments.limit()
    return _rows(state, peer, arguments, limit)


def _rows(
    state: State, peer: Peer, arguments: Arguments, limit: int
) -> Iterator[bytes]:
    wanted, after = arguments.get(b"function"), arguments.get(b"after")
    state.turns.work += len(state.schedules) >> 3
    names = sorted(name for name in state.schedules if name > after)
    listed, last = 0, b""
    for name in names:
        state.turns.work += _LOOK
        found = state.schedules.get(name)
        is_wanted = found is not None and peer.may(SEE, found.function.name)
        if found is None or not is_wanted or not _is_of(found, wanted):
            yield b""
            continue
        if listed == limit:
            yield row({"after": last.decode("utf-8", "surrogateescape")})
            break
        listed, last = listed + 1, name
        state.turns.work += _ROW
        yield row(schedule_row(state, found))
    yield END_OF_LIST


def _is_of(found: Schedule, wanted: bytes) -> bool:
    return not wanted or matches(wanted, found.function.name)


def _next(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List the next times of a schedule, or of what could become one.

    ``schedule next NAME [count=N]``, or settings instead of the name.
    """
    count = _count(words)
    rest = [word for word in words if not word.startswith(b"count=")]
    if rest and b"=" not in rest[0]:
        name = unquote_to_bytes(rest[0])
        found = state.schedules.get(name)
        if found is None or not peer.may(SEE, found.function.name):
            return UNKNOWN_JOB
        peer.rest = _times(state, found, 0.0 if found.is_lost else found.due, count)
        return b""
    peer.rest = _times(state, _planned(state, rest), 0.0, count)
    return b""


def _count(words: list[bytes]) -> int:
    given = [word for word in words if word.startswith(b"count=")]
    count = read_arguments(given, (b"count",)).number(b"count", 5)
    if not 1 <= count <= _MOST_NEXT:
        raise OptionError(f"count is a number from 1 to {_MOST_NEXT}")
    return count


def _planned(state: State, words: list[bytes]) -> Schedule:
    """Return a schedule with these settings that is none of the job server's."""
    given = {
        name: read_schedule_setting(name, value)
        for name, value in _given(words).items()
    }
    values = settings_of({"function": "function"}, given)
    check_schedule(values)
    schedules.check_times(state, values)
    planned = Schedule(0, b"", Function(b"", Policy()))
    planned.take(values)
    return planned


def _times(state: State, found: Schedule, due: float, count: int) -> Iterator[bytes]:
    """Give the next times; the first is known, or else follows now."""
    now = state.time_by(found.is_steady())
    for _ in range(count):
        if not due:
            due, fault = next_time(state, found, now)
            if fault or not due:
                break
        yield row({"time": date_of(state, found, due)})
        now, due = due, 0.0
    yield END_OF_LIST
