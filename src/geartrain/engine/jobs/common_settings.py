"""What operators set at one job server, and those that share its store follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from geartrain.engine.jobs import kept_schedules
from geartrain.engine.jobs.schedules import SHARED_CHANGES
from geartrain.engine.model.globs import is_pattern
from geartrain.engine.state import functions, overrides
from geartrain.engine.state.overrides import POLICY
from geartrain.engine.state.state import State

__all__ = ["follow"]

# Units of work, as ``turns`` counts it, of one entry.
_FOLLOW: Final = 50


def follow(state: State, entries: Mapping[tuple[bytes, bytes], bytes | None]) -> None:
    """Do as ``Sharing.follow`` says, in turns to come if there is much of it."""
    state.journal.hear(entries)
    if state.journal.heard:
        state.turns.start(_follow_each(state))


def _follow_each(state: State) -> Iterator[None]:
    heard = state.journal.heard
    last_glob = b""
    while heard:
        kind, key = next(iter(heard))
        value = heard.pop((kind, key))
        state.turns.work += _FOLLOW + state.policies.glob_count() // 4
        if kind == SHARED_CHANGES:
            kept_schedules.follow(state, key, value)
        else:
            overrides.set_again(state, kind, key, value)
        if kind == POLICY:
            functions.follow(state, key)
            last_glob = key if is_pattern(key) else last_glob
        yield
    if last_glob:
        state.policies.arrange()
        functions.follow(state, last_glob)
