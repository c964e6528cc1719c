"""The text commands that list functions, connections, jobs and schedules.

Each is a generator of rows: it goes on over as many turns as it takes, with what is
there when its turn comes. What was there at the beginning and has gone is left out.

gearmand's columns keep their form. Where a name or id has bytes that would break it,
these are escaped (``column``); the rows that ``show functions`` and
``show connections`` give as JSON have all bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final
from urllib.parse import unquote_to_bytes

from geartrain.engine.commands.columns import client_id, column, line
from geartrain.engine.commands.connections import (
    is_shown,
    show_connections,
    shown_abilities,
)
from geartrain.engine.commands.doubles import Doubles, doubles_of
from geartrain.engine.commands.owners import show_owners
from geartrain.engine.commands.policy import show_policies
from geartrain.engine.commands.processes import show_processes
from geartrain.engine.commands.ranking import oldest_wait, rounded
from geartrain.engine.commands.rows import calendar_time, row, text
from geartrain.engine.jobs.recurring import date_of
from geartrain.engine.model import counts
from geartrain.engine.model.access import SEE
from geartrain.engine.model.counts import Counts
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.state import functions, runs
from geartrain.engine.state.state import State
from geartrain.protocol.admin import END_OF_LIST, error

__all__ = ["counters", "prioritystatus", "show", "status", "workers"]

# Above that there is too much of it for one answer: ``jobs`` lists slices.
_MOST_SHOWN: Final = 100_000

# Units of work, as ``turns`` counts it, of a row of JSON beside the row's own.
_JSON: Final = 10

# Names in one piece of a row.
_NAMES: Final = 32


def status(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List functions with their jobs, how many of these run, and the workers."""
    peer.rest = chain(_each(state, peer, _status), (END_OF_LIST,))
    return b""


def _each(
    state: State, peer: Peer, give: Callable[[State, Function, Doubles], bytes]
) -> Iterator[bytes]:
    """Give a row for each function that a peer may see, if it is still there."""
    doubles = doubles_of(state, peer)
    # Names are copied because the list may take many turns. That is quick.
    state.turns.work += len(state.functions) >> 6
    for name in list(state.functions):
        function = state.functions.get(name)
        is_seen = function is not None and peer.may(SEE, name)
        yield (
            give(state, function, doubles) if function is not None and is_seen else b""
        )


def _status(state: State, function: Function, doubles: Doubles) -> bytes:
    return b"%s\t%d\t%d\t%d\n" % (
        column(function.name),
        function.job_count() - doubles.jobs(function),
        len(function.running) - doubles.running.get(function, 0),
        len(function.workers) - doubles.workers.get(function, 0),
    )


def prioritystatus(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List functions with their waiting jobs by priority, and the workers."""
    peer.rest = chain(_each(state, peer, _prioritystatus), (END_OF_LIST,))
    return b""


def _prioritystatus(state: State, function: Function, doubles: Doubles) -> bytes:
    return b"%s\t%d\t%d\t%d\t%d\n" % (
        column(function.name),
        function.waiting_count(0) - doubles.waiting.get(function, 0),
        function.waiting_count(1),
        function.waiting_count(2),
        len(function.workers) - doubles.workers.get(function, 0),
    )


def workers(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List all connections with their abilities, the newest registration first."""
    peer.rest = _workers(state, peer)
    return b""


def _workers(state: State, viewer: Peer) -> Iterator[bytes]:
    state.turns.work += len(state.peers) >> 6
    for peer in list(state.peers):
        if peer.is_closing or not is_shown(state, viewer, peer):
            yield b""
            continue
        yield b"%d %s %s :" % (peer.descriptor, peer.address, client_id(peer.client_id))
        names = shown_abilities(state, viewer, peer)
        for start in range(0, len(names), _NAMES):
            some = names[start : start + _NAMES]
            state.turns.work += len(some) >> 2
            yield b"".join([b" " + column(name) for name in some])
        yield b"\n"
    yield END_OF_LIST


def counters(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List what has become of each function's jobs since the start."""
    peer.rest = _counters(state, peer)
    return b""


def _counters(state: State, peer: Peer) -> Iterator[bytes]:
    yield from _each(state, peer, _counters_of)
    if state.idle.forgotten and peer.is_shown_all():
        total: dict[str, str | int] = {
            "function": "",
            "forgotten": state.idle.forgotten,
        }
        yield _counters_row(total, state.slots.unlisted.totals())
    yield END_OF_LIST


def _counters_of(state: State, function: Function, doubles: Doubles) -> bytes:
    state.turns.work += _JSON
    totals = function.statistics.totals()
    return _counters_row({"function": text(function.name)}, totals)


def _counters_row(of: dict[str, str | int], counted: Counts) -> bytes:
    numbers = counted.numbers
    failures = numbers[counts.FAIL] + numbers[counts.EXCEPTION] + numbers[counts.RETRY]
    return row(
        {
            **of,
            "submitted": numbers[counts.SUBMITTED],
            "completed": numbers[counts.SUCCEEDED],
            "failed": failures,
            "retried": numbers[counts.RETRIED],
            "crashed": numbers[counts.CRASH],
            "timed_out": numbers[counts.TIMEOUT],
            "dead": numbers[counts.DEAD] + numbers[counts.UNKEPT],
            "cancelled": numbers[counts.CANCELLED],
            "expired": numbers[counts.EXPIRED],
            "refused_results": numbers[counts.REFUSED_RESULTS],
        }
    )


_WITH_ARGUMENTS: Final[dict[bytes, Callable[[State, Peer, list[bytes]], bytes]]] = {
    b"connections": show_connections,
    b"processes": show_processes,
    b"owners": show_owners,
}


def show(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List jobs, their uniques, schedules, policies, functions, connections, owners."""
    what = [each.lower() for each in words[1:]]
    if what == [b"jobs"]:
        peer.rest = _show_jobs(state, peer, is_unique=False)
    elif what == [b"unique", b"jobs"]:
        peer.rest = _show_jobs(state, peer, is_unique=True)
    elif what == [b"schedules"]:
        peer.rest = _show_schedules(state, peer)
    elif what == [b"policies"]:
        peer.rest = show_policies(state, peer)
    elif what[:1] == [b"policies"] and len(words) == 3:
        peer.rest = show_policies(state, peer, unquote_to_bytes(words[2]))
    elif what == [b"functions"]:
        peer.rest = chain(_each(state, peer, _function_row), (END_OF_LIST,))
    elif what[:1] == [b"functions"] and len(words) == 3:
        return _show_function(state, peer, unquote_to_bytes(words[2]))
    elif what and what[0] in _WITH_ARGUMENTS:
        return _WITH_ARGUMENTS[what[0]](state, peer, words[2:])
    else:
        return error(b"UNKNOWN_SHOW_ARGUMENTS")
    return b""


def _show_jobs(state: State, peer: Peer, *, is_unique: bool) -> Iterator[bytes]:
    count = 0
    state.turns.work += len(state.functions) >> 6
    for name in list(state.functions):
        function = state.functions.get(name)
        count += 0 if function is None else function.job_count()
        yield b""
    if count > _MOST_SHOWN or count > len(state.jobs):
        yield error(b"TOO_MANY", f"there are {count} jobs: list them by geartrain jobs")
        return
    # Names and no jobs: what ends meanwhile is not kept in memory by a list of it.
    state.turns.work += len(state.jobs) >> 6
    for handle in list(state.jobs):
        job = state.jobs.get(handle)
        if job is None or not peer.may(SEE, job.function.name):
            yield b""
        elif not (peer.is_part and job.is_forwarded):
            yield line(job.unique) if is_unique else _show_job(job)
    yield END_OF_LIST


def _show_job(job: Job) -> bytes:
    """Give a job's handle, losses, 0 (gearmand's ignored), and 1 if background."""
    losses = 0 if job.failures is None else job.failures.crashes
    return b"%s\t%d\t0\t%d\n" % (job.handle, losses, job.background)


def _show_schedules(state: State, peer: Peer) -> Iterator[bytes]:
    """Give each schedule's handle, function, unique, fields and next time."""
    state.turns.work += len(state.schedules) >> 6
    for handle in list(state.schedules):
        schedule = state.schedules.get(handle)
        if (
            schedule is None
            or not peer.may(SEE, schedule.function.name)
            or (peer.is_part and runs.is_elsewhere(state, schedule))
        ):
            yield b""
            continue
        yield b"%s\t%s\t%s\t%s\t%d\n" % (
            handle,
            column(schedule.function.name),
            column(schedule.unique),
            schedule.times_text().encode("utf-8", "surrogateescape"),
            int(date_of(state, schedule, schedule.due)),
        )
    yield END_OF_LIST


def _show_function(state: State, peer: Peer, name: bytes) -> bytes:
    function = state.functions.get(name)
    if function is None or not peer.may(SEE, name):
        return error(b"UNKNOWN_FUNCTION")
    peer.rest = iter(
        [_function_row(state, function, doubles_of(state, peer)), END_OF_LIST]
    )
    return b""


def _function_row(state: State, function: Function, doubles: Doubles) -> bytes:
    """Return a function's jobs by state and priority as JSON."""
    state.turns.work += _JSON
    policy = functions.policy(state, function)
    return row(
        {
            "function": text(function.name),
            "high": function.waiting_count(0) - doubles.waiting.get(function, 0),
            "normal": function.waiting_count(1),
            "low": function.waiting_count(2),
            "running": len(function.running) - doubles.running.get(function, 0),
            "workers": len(function.workers) - doubles.workers.get(function, 0),
            "total": function.job_count() - doubles.jobs(function),
            "dead": function.dead,
            "oldest": rounded(oldest_wait(state, function)),
            "held": function.held_total(),
            "next": calendar_time(state, function.next_start(state.server_time())),
            "flow_keys": function.key_count(),
            "paused": policy.paused,
            "draining": policy.draining,
        }
    )
