"""All scenarios, and what each expects of the two servers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from proof.differential.player import Player

Act = Callable[[Player], None]


@dataclass(frozen=True)
class Flags:
    """What the two servers are started with for a scenario."""

    gearmand: tuple[str, ...] = ()
    geartrain: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """The answers of two servers that differ on purpose.

    Attributes:
        name: the deviation's name, as in ``deviations.py`` and PROTOCOL.md.
        gearmand: the C server's answers, line by line.
        geartrain: Geartrain's.
    """

    name: str
    gearmand: tuple[str, ...]
    geartrain: tuple[str, ...]


@dataclass(frozen=True)
class Scenario:
    """A script for some connections; ``difference`` is None for equal traces."""

    name: str
    act: Act
    flags: Flags
    difference: Difference | None


SCENARIOS: dict[str, Scenario] = {}

NO_FLAGS = Flags()


def scenario(flags: Flags = NO_FLAGS) -> Callable[[Act], Act]:
    """Register a script that both servers must answer alike."""
    return _registering(flags, None)


def differs(
    name: str,
    *,
    gearmand: list[str],
    geartrain: list[str],
    flags: Flags = NO_FLAGS,
) -> Callable[[Act], Act]:
    """Register a script whose answers differ, and both sets of answers."""
    return _registering(flags, Difference(name, tuple(gearmand), tuple(geartrain)))


def _registering(flags: Flags, difference: Difference | None) -> Callable[[Act], Act]:
    def register(act: Act) -> Act:
        name = act.__name__
        assert name not in SCENARIOS, f"two scenarios are called {name}"
        SCENARIOS[name] = Scenario(name, act, flags, difference)
        return act

    return register
