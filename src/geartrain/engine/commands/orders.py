"""Orders: what an operator had one job server do, and that had others do.

Each of these records what it did itself. Where their logs are put together, the job
server that was given the order tells of all of it.
"""

from __future__ import annotations

import json
from typing import Any, Final

from geartrain.engine.commands.inquiring import NodePart

__all__ = ["passed_on"]

_Row = dict[str, Any]

# Seconds from when a job server did its part until the whole is recorded: many jobs
# are given ten minutes. It may be a little earlier by another's clock.
_LATEST: Final = 600.0
_EARLIEST: Final = -10.0

# How a client id begins of a job server that asks another.
_NODE: Final = "node:"
# A part of an order may go on from somewhere, and the whole from elsewhere.
_AFTER: Final = "after="


def passed_on(parts: list[NodePart], own_name: bytes) -> set[tuple[bytes, int]]:
    """Return the rows that are parts of an order which another row tells of.

    They are by the identity of their job server and their number. A row is one only
    where the other is there: nobody hides what he did by the client id of a job server.
    """
    given: dict[tuple[str, str, str], list[float]] = {}
    taken: list[tuple[tuple[str, str, str], float, tuple[bytes, int]]] = []
    for part in parts:
        name = own_name if part.is_own else part.said.name
        at = name.decode("utf-8", "surrogateescape")
        for line in part.lines:
            values = json.loads(line)
            time, by = float(values["time"]), str(values["client"])
            if by.startswith(_NODE):
                order = _order_of(by.removeprefix(_NODE), values)
                taken.append((order, time, (part.identity, int(values["number"]))))
            else:
                given.setdefault(_order_of(at, values), []).append(time)
    return {
        place
        for order, time, place in taken
        if any(_EARLIEST <= each - time <= _LATEST for each in given.get(order, ()))
    }


def _order_of(at: str, values: _Row) -> tuple[str, str, str]:
    words = str(values["arguments"]).split(" ")
    kept = [each for each in words if not each.startswith(_AFTER)]
    return at, str(values["command"]), " ".join(kept)
