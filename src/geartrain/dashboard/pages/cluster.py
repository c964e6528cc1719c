"""The job servers that share a store, and who helps whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.page import Page
from geartrain.dashboard.shown import count, plural
from geartrain.dashboard.snapshots import LASTING, Row

__all__ = ["PAGE"]

# Seconds for which a lease is taken; the bar that shows it is full then.
_LEASE: Final = 10.0
# Functions and lanes that a row names.
_NAMES: Final = 4
_LANES: Final = 8


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for the nodes and links that the job server knows."""
    own, *others = await call.ask("cluster")
    nodes = [own, *_of(others, "node")] if own.get("lanes") else []
    helped, helpers = _of(others, "helped"), _of(others, "helper")
    return {
        "own": own,
        "nodes": sorted(nodes, key=lambda row: row["since"]),
        "helped": helped,
        "helpers": helpers,
        "glance": _glance(nodes, helped),
        "lease_seconds": _LEASE,
        "most_names": _NAMES,
        "most_lanes": _LANES,
    }


def _of(rows: Sequence[Row], role: str) -> list[Row]:
    return [row for row in rows if row["role"] == role]


def _glance(nodes: Sequence[Row], helped: Sequence[Row]) -> list[tuple[str, str]]:
    """Say in a few words how it is, each with the kind of state that it is."""
    found = []
    expired = [row for row in nodes if row["state"] == "expired"]
    if any(row["role"] == "self" for row in expired):
        found.append(("the lease has ended: background jobs wait", "failed"))
    elif expired:
        words = f"{count(len(expired))} of {plural(len(nodes), 'lease')} ended"
        found.append((words, "failed"))
    elif nodes:
        words = f"{plural(len(nodes), 'job server')}, all leases run"
        found.append((words, "succeeded"))
    if helped:
        connected = sum(row["state"] == "connected" for row in helped)
        words = f"{count(connected)} of {plural(len(helped), 'peer')} connected"
        found.append((words, "succeeded" if connected == len(helped) else "failed"))
    return found


async def badge(call: PageCall) -> tuple[int, str]:
    """Count what is not as it should be."""
    rows = await call.ask("cluster", fresh=LASTING)
    return sum(_is_amiss(row) for row in rows), "job servers away"


def _is_amiss(row: Row) -> bool:
    is_away = row["role"] == "helped" and row["state"] == "away"
    return is_away or row.get("state") == "expired"


PAGE: Final = Page(
    name="cluster", path="/cluster", title="Cluster", load=load, badge=badge
)
