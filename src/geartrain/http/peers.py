"""What is measured of other job servers, from the rows of ``cluster``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from geartrain.http.exposition import escaped

__all__ = ["measured", "measured_by_peer"]

# Peers that have metrics of their own: those that jobs went to or came from most.
_MOST_PEERS: Final = 50
_COUNTED: Final = ("jobs", "returned", "failed")

_Rows = Sequence[Mapping[str, Any]]


def measured(rows: _Rows) -> dict[str, Any]:
    """Return one row: how many nodes and peers are in each state, and the own lease."""
    own = rows[0]
    found: dict[str, Any] = {
        "lease": own.get("lease"),
        "lanes": len(own["lanes"]) if own.get("lanes") else None,
        "nodes": {},
        "helped": {},
        "helper": {},
    }
    for row in rows:
        kind = row["role"] if row["role"] in ("helped", "helper") else "nodes"
        if row.get("state"):
            states = found[kind]
            states[row["state"]] = states.get(row["state"], 0) + 1
    return found


def measured_by_peer(rows: _Rows) -> list[tuple[str, dict[str, Any]]]:
    """Return the labels of each peer with its counts, those of one name added up.

    A node keeps its name over restarts; one without is known by its address.
    """
    totals: dict[str, dict[str, Any]] = {}
    peers = [row for row in rows if row["role"] in ("helped", "helper")]
    for row in sorted(peers, key=lambda row: -row["jobs"]):
        name = row["node"] or row["address"]
        if name not in totals and len(totals) >= _MOST_PEERS:
            continue
        counts = totals.setdefault(name, {})
        counts = counts.setdefault(row["role"], dict.fromkeys(_COUNTED, 0))
        for each in _COUNTED:
            counts[each] += row[each] or 0
    return [(f'peer="{escaped(name)}"', counts) for name, counts in totals.items()]
