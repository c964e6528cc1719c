"""The text commands that show and change policies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from geartrain.engine.commands.arguments import invalid
from geartrain.engine.model.access import SEE
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.policies import PatternSettings, Policy
from geartrain.engine.model.settings import Value
from geartrain.engine.state import overrides
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST, OK, ok

__all__ = ["policy", "show_policies"]

# Units of work, as ``turns`` counts it: of reading or changing a policy, to which a
# quarter comes for each glob, and of a row of the list.
_POLICY: Final = 50
_ROW: Final = 10


def policy(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell a function's policy, or change settings of those a pattern names.

    ``policy F`` answers ``OK name=value ...`` with every setting, ``policy PATTERN
    name=value ...`` answers ``OK``. Names and values are percent-encoded; an empty
    value takes back what was changed at run time.
    """
    if len(words) < 2:
        return invalid("policy takes a function, or a pattern and name=value words")
    state.turns.work += _POLICY + state.policies.glob_count() // 4
    name = unquote_to_bytes(words[1])
    if len(words) == 2:
        return ok(_line(state.policies.find(name)))
    try:
        overrides.change_policy(state, name, _given(words[2:]))
    except OptionError as refusal:
        return invalid(str(refusal))
    state.journal.hold_change(peer, is_text=True)
    return OK


def show_policies(state: State, peer: Peer, function: bytes = b"") -> Iterator[bytes]:
    """List each pattern with the settings given for it, in the order they apply.

    Those of the file come before those that were changed at run time. With a function,
    list what applies to it.
    """
    if function and not peer.may(SEE, function):
        yield END_OF_LIST
        return
    entries = state.policies.entries(function)
    state.turns.work += len(entries) + state.policies.glob_count() // 4
    for given in entries:
        state.turns.work += _ROW
        if function or peer.access is None or peer.access.covers(SEE, given.pattern):
            yield _row(given)
    yield END_OF_LIST


def _row(given: PatternSettings) -> bytes:
    """Return the settings that one source gives for a pattern as a line of JSON."""
    source = "runtime" if given.is_changed else "file"
    plain = {name: _plain(value) for name, value in given.settings.items()}
    values = {"pattern": _text(given.pattern), "source": source, **plain}
    return json.dumps(values).encode() + b"\n"


def _given(words: list[bytes]) -> dict[str, str]:
    """Read ``name=value`` words.

    Raises:
        OptionError: a word is none, or a setting is given twice.
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition(b"=")
        setting = _text(unquote_to_bytes(name))
        if not equals:
            raise OptionError(f"{setting!r} has no value: write name=value")
        if setting in found:
            raise OptionError(f"{setting!r} is given twice")
        found[setting] = _text(unquote_to_bytes(value))
    return found


def _line(found: Policy) -> bytes:
    """Return every setting as ``name=value``, each a word that can be given."""
    settings = found.settings()
    return " ".join(f"{name}={_shown(settings[name])}" for name in settings).encode()


def _shown(value: Value) -> str:
    """Return a value as a word, which is read as the same value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote(str(_plain(value)), safe="/", errors="surrogateescape")


def _plain(value: Value) -> Value:
    """Return a value with its fraction left out where it has none."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
