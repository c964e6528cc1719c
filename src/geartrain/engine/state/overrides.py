"""What operators set at run time, kept in the store and there again after a restart.

That is settings of policies, and functions with their ``maxqueue`` limits: an entry for
each pattern, and for each function that an operator named; and what operators did.

Job servers that share a store have these settings in common: what is set at one of them
the others follow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from geartrain.engine.model.actions import Action, read_action
from geartrain.engine.model.functions import Function
from geartrain.engine.model.globs import is_pattern
from geartrain.engine.model.settings import Value
from geartrain.engine.records import Entry
from geartrain.engine.state import functions
from geartrain.engine.state.functions import FUNCTION
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.texts import quoted

__all__ = [
    "ACTION",
    "POLICY",
    "adopt",
    "change_policy",
    "limit",
    "record",
    "restore",
    "set_again",
    "switch",
]

ACTION: Final = b"action"
"""The kind of entry that keeps what an operator did."""

POLICY: Final = b"policy"
"""The kind of entry that keeps the settings of a pattern."""


def change_policy(state: State, pattern: bytes, settings: Mapping[str, Value]) -> None:
    """Change settings of a name or glob, and have functions follow.

    Raises:
        OptionError: as ``Policies.change`` does.
    """
    state.policies.change(pattern, settings)
    _keep_policy(state, pattern)
    functions.follow(state, pattern)


def switch(state: State, pattern: bytes, settings: Mapping[str, Value]) -> None:
    """Set settings for a name or glob, whatever was set before for parts of it.

    Where the file's values are the same then, nothing but them is left.

    Raises:
        OptionError: as ``Policies.change`` does.
    """
    policies = state.policies
    back: dict[str, Value] = dict.fromkeys(settings, "")
    for name in policies.within(pattern):
        change_policy(state, name, back)
    is_same = not is_pattern(pattern) and all(
        policies.find(pattern).settings()[name] == value
        for name, value in settings.items()
    )
    if is_same or policies.is_never(settings):
        return
    policies.change(pattern, settings)
    policies.put_last(pattern)
    _keep_policy(state, pattern)
    functions.follow(state, pattern)


def _keep_policy(state: State, pattern: bytes) -> None:
    """Record what was changed for a pattern."""
    changed = state.policies.changed(pattern)
    if not changed:
        state.journal.remove(POLICY, pattern)
        return
    values: dict[str, Any] = {
        "order": state.policies.order(pattern),
        "settings": changed,
    }
    if state.policies.is_last(pattern):
        values["last"] = True
    state.journal.put(POLICY, pattern, json.dumps(values).encode())


def limit(state: State, function: Function, limits: list[int]) -> None:
    """Limit the jobs of a function that an operator named, by priority; 0 is none."""
    function.limits = limits
    state.journal.put(FUNCTION, function.name, json.dumps(limits).encode())


def record(state: State, action: Action) -> None:
    """Keep what an operator did, in place of the earliest if there are too many."""
    forgotten = state.actions.add(action)
    value = json.dumps(action.values()).encode()
    state.journal.put(ACTION, b"%d" % action.number, value)
    if forgotten:
        state.journal.remove(ACTION, b"%d" % forgotten)


def restore(state: State, entries: list[Entry]) -> None:
    """Set again what was set in an earlier life; what cannot be is logged."""
    for entry in entries:
        if entry.kind != ACTION:
            set_again(state, entry.kind, entry.key, entry.value)
    state.policies.arrange()
    adopt(state, entries)


def adopt(state: State, entries: list[Entry]) -> None:
    """Keep what operators did, here or at a job server that has left its lane."""
    found = [_read_action(state, each) for each in entries if each.kind == ACTION]
    for number in state.actions.take_in([each for each in found if each is not None]):
        state.journal.remove(ACTION, b"%d" % number)


def _read_action(state: State, entry: Entry) -> Action | None:
    try:
        return read_action(entry.value)
    except (ValueError, LookupError, TypeError) as error:
        _complain(state, entry.key, error)
        return None


def set_again(state: State, kind: bytes, key: bytes, value: bytes | None) -> None:
    """Set what an entry says, or take back what one said that was removed.

    ``Policies.arrange`` comes after the last; what cannot be set is logged.
    """
    try:
        if kind == POLICY:
            _restore_policy(state, key, value)
        elif kind == FUNCTION and value is not None:
            _restore_function(state, key, json.loads(value))
        elif kind == FUNCTION:
            functions.unname(state, key)
    except (OptionError, ValueError, LookupError, TypeError, AttributeError) as error:
        _complain(state, key, error)


def _restore_policy(state: State, pattern: bytes, value: bytes | None) -> None:
    values: dict[str, Any] = {"order": 0, "settings": {}}
    if value is not None:
        values = json.loads(value)
    is_last = bool(values.get("last"))
    settings, order = values["settings"], int(values["order"])
    state.policies.restore(pattern, settings, order, is_last=is_last)


def _restore_function(state: State, name: bytes, limits: list[int]) -> None:
    function = functions.name(state, name)
    if function is None:
        raise OptionError("there are too many functions")
    function.limits = [int(each) for each in limits][:3]


def _complain(state: State, name: bytes, error: Exception) -> None:
    state.warn(
        "setting_lost",
        f"what was set at run time for {quoted(name)} cannot be set again: {error}",
    )
