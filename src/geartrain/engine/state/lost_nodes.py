"""Job servers that share the store, ended without a stop, and are not back.

The heir of one has its marks, and so knows how it ended. Nothing else tells: the table
of nodes has it no more, and neither has a link that the table told of.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.marks import CRASHED, Mark
from geartrain.engine.model.problems import Problem
from geartrain.engine.state.state import State
from geartrain.texts import quoted, span_of

__all__ = ["lost_nodes", "node_lost"]

# Seconds for which one is missed. Nobody says that one is not to come back.
_MISSED: Final = 3600.0
# Seconds after which one that is seen is surely back: what the store told of nodes may
# be older than the end of a life by a few seconds.
_SURELY: Final = 30.0
# Job servers that a sentence names.
_MOST_NAMES: Final = 3


def lost_nodes(state: State) -> list[Mark]:
    """Return the marks of the crashes, the latest first.

    One that came back is not missed any more if it then stops in order, the mark of
    which another heir may have.
    """
    now = state.wall_time()
    alive = {each.name for each in state.health.nodes if each.lease_until > state.now}
    alive.add(state.options.node_name.decode("utf-8", "replace"))
    lost: list[Mark] = []
    for name, mark in state.marks.last_of_servers().items():
        seconds = now - mark.time
        # A store that is not shared has marks without a name.
        if not name or mark.kind != CRASHED or mark.is_over or seconds >= _MISSED:
            continue
        if name in alive:
            mark.is_over = seconds >= _SURELY
        else:
            lost.append(mark)
    return sorted(lost, key=_time, reverse=True)


def _time(mark: Mark) -> float:
    return mark.time


def node_lost(state: State) -> Problem | None:
    """Tell of job servers that are lost."""
    lost = lost_nodes(state)
    if not lost:
        return None
    ago = span_of(max(0.0, state.wall_time() - lost[0].time))
    if len(lost) == 1:
        who, when, are = f"server {quoted(lost[0].node)}", f"{ago} ago", "is"
    else:
        who, when, are = f"servers {_named(lost)}", f"the last {ago} ago", "are"
    return Problem(
        "node_lost",
        b"",
        f"the job {who} ended without a stop, or lost the store, {when}, and {are} not"
        " back",
        len(lost),
        "see its log for why, start it again, and look by geartrain cluster whether it"
        " is back; one that is not to come back is forgotten in an hour",
    )


def _named(lost: list[Mark]) -> str:
    """Return the names of several, as a sentence has them."""
    names = [quoted(each.node) for each in lost[:_MOST_NAMES]]
    rest = len(lost) - len(names)
    last = f"{rest} more" if rest else names.pop()
    return f"{', '.join(names)} and {last}"
