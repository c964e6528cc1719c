"""The functions by name: they come to be, follow their policies, and are forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from geartrain.engine.model.functions import Function
from geartrain.engine.model.globs import is_pattern
from geartrain.engine.model.policies import Policy
from geartrain.engine.model.settings import Value
from geartrain.engine.state import flows
from geartrain.engine.state.following import note_function
from geartrain.engine.state.idle import is_for_chunks
from geartrain.engine.state.state import State

__all__ = [
    "FUNCTION",
    "admit",
    "find",
    "follow",
    "forget",
    "forget_idle",
    "give_policy",
    "has_options",
    "name",
    "policy",
    "retire",
    "unname",
    "watch",
]

# The kind of entry that keeps a function which an operator named.
FUNCTION: Final = b"function"

# Units of work, as ``turns`` counts it: of a new function, and of reading its policy,
# to which a quarter comes for each glob.
_FUNCTION: Final = 20
_POLICY: Final = 10
# How many are forgotten at a time: it takes about a millisecond.
_MOST_FORGOTTEN: Final = 1000
# Average length of names, in bytes, at the maximum number of functions.
_NAME: Final = 640
# Operators may name one in ten of the maximum number of functions.
_NAMED: Final = 10


def find(state: State, name: bytes) -> Function:
    """Return the function of this name, which comes to be when it is named."""
    function = state.functions.get(name)
    if function is None:
        policies = state.policies
        function = Function(name, policies.find(name))
        is_kept = not is_for_chunks(name)
        function.statistics = state.slots.find(name, is_kept)
        function.policy_version = policies.version
        state.functions[name] = function
        flows.adapt(state, function)
        if state.events.is_on:
            note_function(state, name, "created")
        state.name_bytes += len(name)
        # It may have been named without being used.
        state.idle.enlist(function, state.now)
        state.turns.work += _FUNCTION + policies.glob_count() // 4
    return function


def admit(state: State, name: bytes) -> Function | None:
    """Return the function that a peer names; None for one too many."""
    function = state.functions.get(name)
    if function is not None:
        return function
    while _is_crowded(state, len(name)):
        idle = state.idle.take_oldest()
        if idle is None:
            return None
        forget(state, idle)
    return find(state, name)


def _is_crowded(state: State, size: int) -> bool:
    most = state.options.most_functions
    is_full = len(state.functions) >= most
    return is_full or state.name_bytes + size > most * _NAME


def name(state: State, name: bytes) -> Function | None:
    """Return the function that an operator names, to stay until it is dropped.

    Returns None for one too many.
    """
    known = state.functions.get(name)
    is_full = state.named_count * _NAMED >= state.options.most_functions
    if is_full and (known is None or not known.is_named):
        return None
    function = admit(state, name)
    if function is not None and not function.is_named:
        function.is_named = True
        state.named_count += 1
    return function


def unname(state: State, name: bytes) -> None:
    """Let a function stay no longer than it is used; it has no limits any more."""
    function = state.functions.get(name)
    if function is not None and function.is_named:
        function.is_named = False
        function.limits = [0, 0, 0]
        state.named_count -= 1
        retire(state, function)


def retire(state: State, function: Function) -> None:
    """Forget a function after a while, if it is not used until then."""
    if function.workers or not function.is_unused():
        return
    if state.functions.get(function.name) is not function:
        # It was dropped while the store still had something to say of it.
        return
    state.idle.enlist(function, state.now)
    while len(state.idle) > state.options.most_idle:
        oldest = state.idle.take_oldest()
        if oldest is None:
            return
        forget(state, oldest)


def forget_idle(state: State) -> None:
    """Forget the functions that have been unused for a while, some at a time."""
    for _ in range(_MOST_FORGOTTEN):
        function = state.idle.take(state.now)
        if function is None:
            return
        forget(state, function)


def forget(state: State, function: Function) -> None:
    """Forget a function without jobs and workers, but for what it counted."""
    del state.functions[function.name]
    state.name_bytes -= len(function.name)
    if function.is_named:
        state.named_count -= 1
        state.journal.remove(FUNCTION, function.name)
    state.alarms.cancel(function)
    if function.flow is not None:
        state.alarms.cancel(function.flow)
    # Or it would be forgotten again, and with it a later one of its name.
    state.idle.discard(function)
    for window in function.windows:
        state.alarms.cancel(window)
        state.alarms.cancel(window.waits)
        state.calendar_alarms.cancel(window.dates)
        state.memory.windows.pop(window, None)
    if state.events.is_on:
        note_function(state, function.name, "forgotten")
    state.idle.forgotten += 1
    state.slots.forget(function.statistics)
    # A worker that lost a job of it may yet send a result.
    function.statistics = state.slots.unlisted


def policy(state: State, function: Function) -> Policy:
    """Return how a function's jobs are treated now."""
    if function.policy_version != state.policies.version:
        _apply_policy(state, function)
    return function.policy


def has_options(state: State, name: bytes) -> bool:
    """Tell whether names of submissions to this function may have options.

    The function need not exist, and does not come to be.
    """
    function = state.functions.get(name)
    if function is not None:
        return policy(state, function).options_in_names
    state.turns.work += _POLICY + state.policies.glob_count() // 4
    return state.policies.find(name).options_in_names


def give_policy(state: State, pattern: bytes, settings: Mapping[str, Value]) -> None:
    """Set some settings for a name or glob as the file says, and have functions follow.

    Raises:
        OptionError: as ``Policies.give`` does.
    """
    state.policies.give(pattern, settings)
    follow(state, pattern)


def follow(state: State, pattern: bytes) -> None:
    """Have functions follow what was set for a name or glob."""
    if state.events.is_on:
        note_function(state, pattern, "policy")
    if is_pattern(pattern):
        _apply_policies(state)
    elif pattern in state.functions:
        _apply_policy(state, state.functions[pattern])


def _apply_policy(state: State, function: Function) -> None:
    """Apply the current policies to a function."""
    policies = state.policies
    state.turns.work += _POLICY + policies.glob_count() // 4
    was_paused = function.policy.paused
    function.policy = policies.find(function.name)
    function.policy_version = policies.version
    state.alarms.cancel(function)
    watch(state, function)
    flows.adapt(state, function)
    if was_paused and not function.policy.paused:
        state.turns.start(_resume(state, function))


def _resume(state: State, function: Function) -> Iterator[None]:
    """Let workers have a function's jobs again, and wake as many as there are."""
    for crew in list(function.crews):
        state.turns.work += 1
        if crew in function.crews:
            crew.learn_of(function)
        yield
    while state.wakeups.rouse_one(function, state.now):
        state.turns.work += 1
        yield
    if function.flow is not None:
        flows.deliver(state, function, function.flow)


def _apply_policies(state: State) -> None:
    """Apply the current policies to every function.

    Each does before one of its jobs is touched; the others in turns to come, so that
    jobs which only wait expire, too.
    """
    if not state.is_applying:
        state.is_applying = True
        state.turns.start(_apply(state))


def _apply(state: State) -> Iterator[None]:
    policies = state.policies
    version = -1
    while version != policies.version:
        version = policies.version
        for name in list(state.functions):
            function = state.functions.get(name)
            state.turns.work += 1
            if function is not None and function.policy_version < version:
                _apply_policy(state, function)
            yield
    state.is_applying = False


def watch(state: State, function: Function) -> None:
    """See to it that a function's jobs expire if they have a time to live."""
    if function.timer == 0 and policy(state, function).ttl > 0:
        # The look that follows finds out when the next one is needed.
        state.alarms.set(function, state.server_time())
