"""Compare what two job servers answered to one scenario."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from proof.differential.arena import Arena
from proof.differential.registry import Scenario

__all__ = ["judge"]


def judge(arena: Arena, scenario: Scenario) -> str:
    """Play ``scenario`` to both servers; return what is wrong, or an empty string.

    The traces are equal, or they differ in a way that has a name in
    ``deviations.py`` and PROTOCOL.md. Then both are compared with what is written
    down, so that a difference that goes away is noticed too.
    """
    gearmand, geartrain = arena.gearmand(scenario), arena.geartrain(scenario)
    written = scenario.difference
    if written is None:
        return _diff("gearmand", gearmand.lines, "geartrain", geartrain.lines)
    if written.gearmand == written.geartrain:
        return f"{written.name}: the answers written down do not differ"
    return "\n".join(
        _diff(f"{server} as written down", expected, f"{server} now", came)
        for server, expected, came in (
            ("gearmand", written.gearmand, gearmand.answers),
            ("geartrain", written.geartrain, geartrain.answers),
        )
        if came != expected
    )


def _diff(name: str, one: Sequence[str], other_name: str, other: Sequence[str]) -> str:
    return "\n".join(difflib.unified_diff(one, other, name, other_name, lineterm=""))
