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
from geartrain.engine.model.problems import Problem
from geartrain.engine.state import functions
from geartrain.engine.state.silence import look_for_silence
from geartrain.engine.state.slots import MINUTE
from geartrain.engine.state.state import State
from geartrain.texts import counted, quoted, span_of

__all__ = ["NAMES", "look"]

# Minutes whose dead letters count.
_RECENT: Final = 5
# Of what operators did, the latest that are searched for who holds a function.
_MOST_ACTIONS: Final = 200

# A store has room for this many more bytes; the server refuses at some 16 MiB.
_LITTLE_ROOM: Final = 256 * 1024 * 1024
# Parts of the limit of memory: jobs are refused from 0.75 on.
_MUCH_MEMORY: Final = 0.65

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
        "run more workers, or see by geartrain jobs what keeps those there are busy",
    )


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


_OF_FUNCTIONS: Final[list[Callable[[State, Function], Problem | None]]] = [
    _no_worker,
    _held,
    _old_jobs,
    _dead_letters,
]
_OF_SERVER: Final[list[Callable[[State], Problem | None]]] = [
    _store_fails,
    _store_slow,
    _disk_full,
    _memory_full,
]

NAMES: Final = (
    "dead_letters",
    "disk_nearly_full",
    "draining",
    "memory_nearly_full",
    "no_worker",
    "old_jobs",
    "paused",
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
