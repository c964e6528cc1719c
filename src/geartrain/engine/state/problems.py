"""What is wrong now: each condition, how it is found, and what mends it.

A condition is a function that returns what is wrong, or None. It looks only at counts
that are kept anyway, never at jobs. ``look`` asks all of them, function by function in
steps; the driver has that done every few seconds, and a problem that is found again
keeps the time when it began. To add a condition, write it and add it to one of the two
tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from geartrain.engine.model.actions import Action
from geartrain.engine.model.counts import DEAD
from geartrain.engine.model.functions import Function
from geartrain.engine.model.globs import matches
from geartrain.engine.model.health import FAILING, OK
from geartrain.engine.model.links import AWAY
from geartrain.engine.model.problems import Problem
from geartrain.engine.state import functions
from geartrain.engine.state.lost_nodes import node_lost
from geartrain.engine.state.silence import look_for_silence
from geartrain.engine.state.slots import MINUTE
from geartrain.engine.state.state import State
from geartrain.texts import counted, quoted, shown, span_of

__all__ = ["NAMES", "look"]

# Minutes whose dead letters count.
_RECENT: Final = 5
# Of what operators did, the latest that are searched for who holds a function.
_MOST_ACTIONS: Final = 200

# A store has room for this many more bytes; the server refuses at some 16 MiB.
_LITTLE_ROOM: Final = 256 * 1024 * 1024
# Parts of the limit of memory: jobs are refused from 0.75 on.
_MUCH_MEMORY: Final = 0.65

# Seconds for which a peer may be away.
_RESTARTING: Final = 15.0

# Characters of an error that a sentence has.
_MOST_SHOWN: Final = 200

# Functions looked at in a step, and units of work, as ``turns`` counts it, of one.
_STEP: Final = 32
_COST: Final = 1


def _no_worker(state: State, function: Function) -> Problem | None:
    policy = functions.policy(state, function)
    if function.workers or policy.paused or policy.draining:
        return None
    waiting = function.waiting_now()
    if not waiting or _without_worker(state, function) < policy.alert_no_worker:
        return None
    name = quoted(function.name)
    return Problem(
        "no_worker",
        function.name,
        f"no worker has the function {name}, and {counted(waiting, 'job')} "
        f"{'waits' if waiting == 1 else 'wait'}",
        waiting,
        f"start a worker for {name}, or look for a mistake in its name",
    )


def _without_worker(state: State, function: Function) -> float:
    """Return for how long jobs have waited without a worker, in seconds."""
    now = state.server_time()
    since = function.waiting_since()
    absence = state.marks.absences.get(function.name)
    if absence is not None:
        since = absence.since if since is None else max(since, absence.since)
    return 0.0 if since is None else now - since


def _held(state: State, function: Function) -> Problem | None:
    """Tell of jobs that wait because an operator paused or drains their function."""
    policy = functions.policy(state, function)
    if not (policy.paused or policy.draining):
        return None
    waiting = function.waiting_now()
    if not waiting or (function.workers and not policy.paused):
        return None
    name = quoted(function.name)
    word = "paused" if policy.paused else "draining"
    return Problem(
        word,
        function.name,
        f"{name} is {word}{_by_whom(state, function.name, word)}, and "
        f"{counted(waiting, 'job')} {'waits' if waiting == 1 else 'wait'}",
        waiting,
        f"geartrain resume {name} ends that"
        + ("" if policy.paused else ", or start a worker for the rest"),
    )


def _by_whom(state: State, name: bytes, word: str) -> str:
    """Return who paused a function, or drains it, and for how long; empty if unknown.

    What the configuration file says nobody did.
    """
    for action in islice(state.actions.before(0), _MOST_ACTIONS):
        if _holds(action, word) and matches(action.function, name):
            seconds = max(0.0, state.wall_time() - action.time)
            client = action.address if action.client == b"-" else action.client
            who = action.principal or client
            return f" for {span_of(seconds)}, by {quoted(who)}"
    return ""


def _holds(action: Action, word: str) -> bool:
    """Tell whether an operator paused functions, or drains them, by an action."""
    if action.command == b"policy":
        return word.encode() + b"=" in action.arguments
    return action.command == (b"pause" if word == "paused" else b"drain")


def _old_jobs(state: State, function: Function) -> Problem | None:
    since = function.waiting_since()
    policy = functions.policy(state, function)
    if since is None or not function.workers or policy.paused:
        return None
    seconds = state.server_time() - since
    if policy.alert_age <= 0 or seconds < policy.alert_age:
        return None
    return Problem(
        "old_jobs",
        function.name,
        f"a job of {quoted(function.name)} has waited for {span_of(seconds)}",
        seconds,
        _remedy_of_age(function),
    )


def _remedy_of_age(function: Function) -> str:
    held = function.held_total()
    if held and held * 2 >= function.waiting_now():
        return (
            f"its limits hold {counted(held, 'job')}: change them by geartrain policy,"
            " or see its flow keys by geartrain keys"
        )
    return "run more workers, or see by geartrain jobs what keeps those there are busy"


def _dead_letters(state: State, function: Function) -> Problem | None:
    most = functions.policy(state, function).alert_dead
    if not function.dead or not most:
        return None
    first = int(state.server_time() / MINUTE) - _RECENT
    died = 0
    for _, counts in function.statistics.by_minute(first):
        died += counts.numbers[DEAD]
    if died < most:
        return None
    return Problem(
        "dead_letters",
        function.name,
        f"{counted(died, 'job')} of {quoted(function.name)} became "
        f"{'a dead letter' if died == 1 else 'dead letters'} in the last"
        f" {_RECENT} minutes",
        died,
        "see why by geartrain dead list, and run them again by geartrain dead retry",
    )


def _limit_of_each(state: State, function: Function) -> Problem | None:
    """Tell of a limit that is less than the job servers that may each use it up."""
    servers = state.share.servers
    if servers == 1 or function.flow is None or not _runs_anywhere(state, function):
        return None
    policy = functions.policy(state, function)
    found = {
        "concurrency": policy.concurrency,
        "key_concurrency": policy.key_concurrency,
    }
    short = [name for name, most in found.items() if 0 < most < servers]
    if policy.order == "fifo":
        short.append("order")
    if not short:
        return None
    name = quoted(function.name)
    return Problem(
        "limit_of_each",
        function.name,
        f"{' and '.join(short)} of {name} {'hold' if len(short) > 1 else 'holds'} at"
        f" each of {servers} job servers by itself, and its workers are at several",
        servers,
        f"have the workers of {name} connect to one job server, which does the jobs of"
        " all, or submit the jobs of a key to one",
    )


def _runs_anywhere(state: State, function: Function) -> bool:
    """Tell whether workers here have a function, and others may have elsewhere.

    Where job servers help each other, those elsewhere show as nodes that have it.
    """
    lines = [peer for node in state.nodes.values() for peer in node.peers]
    if lines and not any(peer in function.workers for peer in lines):
        return False
    return any(worker.node is None for worker in function.workers)


def _store_fails(state: State) -> Problem | None:
    health = state.health
    if health.state == OK:
        return None
    is_failing = health.state == FAILING
    return Problem(
        "store_failing" if is_failing else "store_refusing",
        b"",
        (
            "the store saves nothing: jobs that end now run again after a restart: "
            if is_failing
            else "the store takes no new jobs: "
        )
        + health.reason,
        state.journal.unsaved(),
        "mend what the reason says; the store is tried again by itself",
    )


def _store_slow(state: State) -> Problem | None:
    if not state.health.is_slow:
        return None
    return Problem(
        "store_slow",
        b"",
        "the store has not answered for a while: submitters of background jobs wait",
        0.0,
        "look at the disk: what else writes to it, and whether it is failing",
    )


def _disk_full(state: State) -> Problem | None:
    free = state.health.free
    if free is None or free >= _LITTLE_ROOM:
        return None
    return Problem(
        "disk_nearly_full",
        b"",
        f"the store can grow by {free >> 20} MiB, and then refuses jobs",
        free,
        "make room on the disk of the store",
    )


def _lease_ended(state: State) -> Problem | None:
    if not state.is_fenced:
        return None
    return Problem(
        "lease_ended",
        b"",
        "the lease on the store could not be renewed: background jobs wait, and another"
        " job server may take them over",
        0.0,
        "see why the store does not answer; it is tried again by itself",
    )


def _peer_away(state: State) -> Problem | None:
    """Tell of peers that have been away for longer than a start takes."""
    now = state.wall_time()
    away = [
        each
        for each in state.links
        if each.state == AWAY and now - each.since >= _RESTARTING
    ]
    if not away:
        return None
    first = away[0]
    name = f"{quoted(first.name)} at " if first.name else ""
    more = f", and {len(away) - 1} more" if len(away) > 1 else ""
    return Problem(
        "peer_away",
        b"",
        f"the job server {name}{shown(first.address)} cannot be helped"
        f" ({shown(first.error, _MOST_SHOWN)}){more}",
        len(away),
        "see by geartrain cluster which, and whether they run and are to be reached",
    )


def _memory_full(state: State) -> Problem | None:
    limit = state.memory.limit
    used = state.memory.used(len(state.peers), len(state.functions))
    if not limit or used < limit * _MUCH_MEMORY:
        return None
    return Problem(
        "memory_nearly_full",
        b"",
        f"{used >> 20} of {limit >> 20} MiB of memory are in use: from three quarters"
        " on jobs are refused",
        used,
        "raise --max-memory, have workers take more, or keep jobs in a store",
    )


def _peer_refuses(state: State) -> Problem | None:
    """Tell of peers that do not let this job server work for them."""
    found: list[str] = []
    for link in state.links:
        link.forget_refusals(state.now)
        found += [f"the peer {link.address}: {text}" for text in link.refusals]
    if not found:
        return None
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return Problem(
        "peer_refuses",
        b"",
        f"jobs of a peer are not done here, as it refuses that: {found[0]}{more}",
        len(found),
        "give this job server's token there the right to work on these functions",
    )


_OF_FUNCTIONS: Final[list[Callable[[State, Function], Problem | None]]] = [
    _no_worker,
    _held,
    _old_jobs,
    _dead_letters,
    _limit_of_each,
]
_OF_SERVER: Final[list[Callable[[State], Problem | None]]] = [
    _store_fails,
    _store_slow,
    _disk_full,
    _lease_ended,
    _peer_away,
    node_lost,
    _memory_full,
    _peer_refuses,
]

NAMES: Final = (
    "dead_letters",
    "disk_nearly_full",
    "draining",
    "lease_ended",
    "limit_of_each",
    "memory_nearly_full",
    "no_worker",
    "node_lost",
    "old_jobs",
    "paused",
    "peer_away",
    "peer_refuses",
    "silent_worker",
    "store_failing",
    "store_refusing",
    "store_slow",
)
"""What ``Problem.name`` may be."""


def look(state: State) -> Iterator[None]:
    """Bring ``state.problems`` up to date, some functions a step."""
    found: list[Problem] = []
    for ask in _OF_SERVER:
        problem = ask(state)
        if problem is not None:
            found.append(problem)
    every = list(state.functions.values())
    state.turns.work += len(every) >> 6
    for start in range(0, len(every), _STEP):
        state.turns.work += _STEP * _COST
        for function in every[start : start + _STEP]:
            for examine in _OF_FUNCTIONS:
                problem = examine(state, function)
                if problem is not None:
                    found.append(problem)
        yield
    yield from look_for_silence(state, found)
    _learn(state, found)


def _learn(state: State, found: list[Problem]) -> None:
    """Keep what was found, and since when."""
    known = state.problems
    now = state.server_time()
    kept: dict[tuple[str, bytes], Problem] = {}
    for problem in found:
        key = (problem.name, problem.function)
        before = known.get(key)
        problem.since = now if before is None else before.since
        kept[key] = problem
    state.problems = kept
