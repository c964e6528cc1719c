"""The job servers that share a store, what each is doing, and who helps whom."""

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
# What stands before Geartrain's own version.
_OWN_VERSION: Final = "+geartrain-"
# What each tells of itself.
_TOLD: Final = ("started", "waiting", "running", "workers")
# Functions and lanes that a row names.
_NAMES: Final = 4
_LANES: Final = 8


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for the nodes and links that the job server knows, and what each does."""
    own, *others = await call.ask("cluster")
    helped, helpers = _of(others, "helped"), _of(others, "helper")
    is_shared = bool(own.get("lanes"))
    nodes = [own, *_of(others, "node")]
    if is_shared:
        nodes.sort(key=lambda row: row["since"])
    else:
        nodes += _peers(own, [*helped, *helpers])
    if len(nodes) > 1 or is_shared:
        nodes = _doing(call, nodes, await call.ask("all server"))
    else:
        nodes = []
    return {
        "own": own,
        "nodes": nodes,
        "is_shared": is_shared,
        "helped": helped,
        "helpers": helpers,
        "glance": _glance(nodes if is_shared else [], helped) + _versions(nodes),
        "lease_seconds": _LEASE,
        "most_names": _NAMES,
        "most_lanes": _LANES,
    }


def _of(rows: Sequence[Row], role: str) -> list[Row]:
    return [row for row in rows if row["role"] == role]


def _peers(own: Row, rows: Sequence[Row]) -> list[Row]:
    """Return a row for each job server with a store of its own that has told who it is.

    Of one that is helped, and helps, the first has its address.
    """
    found: dict[str, Row] = {}
    for row in rows:
        identity = row["identity"]
        if identity and identity != own["identity"] and row["state"] != "itself":
            found.setdefault(identity, row)
    return list(found.values())


def _doing(call: PageCall, nodes: Sequence[Row], servers: Sequence[Row]) -> list[Row]:
    """Return the nodes, each with what it tells of itself, or why it does not."""
    asked, missing = servers[0], call.missing()
    found = []
    for row in nodes:
        server = asked if row["role"] == "self" else _server_of(row, servers[1:])
        why = ""
        if server is None:
            server = {}
            why = _silence(call, missing.get(row["node"] or "", ""))
        version = server.get("version")
        found.append(
            {
                "address": None,
                "state": None,
                **row,
                # Of one that is lost nothing but the name is known.
                "identity": row["identity"] or f"{row['node']} lost",
                **{name: server.get(name) for name in _TOLD},
                "why": why,
                "version": version and version.rpartition(_OWN_VERSION)[2],
                "differs": bool(version) and version != asked["version"],
            }
        )
    return found


def _server_of(node: Row, servers: Sequence[Row]) -> Row | None:
    """Return what a node tells of itself."""
    for row in servers:
        # One of an earlier version tells no identity.
        known_by = "identity" if "identity" in row else "node"
        if row.get(known_by) == node[known_by]:
            return row
    return None


def _silence(call: PageCall, reason: str) -> str:
    """Say why a job server does not tell what it is doing."""
    if reason:
        return f"did not answer: {reason}"
    return "" if call.may("see", "*") else "told to who may see all functions"


def _versions(nodes: Sequence[Row]) -> list[tuple[str, str]]:
    """Say that job servers are of several versions, as while they are upgraded."""
    versions = sorted({row["version"] for row in nodes if row["version"]})
    if len(versions) < 2:
        return []
    return [(f"{count(len(versions))} versions: {', '.join(versions)}", "waiting")]


def _glance(nodes: Sequence[Row], helped: Sequence[Row]) -> list[tuple[str, str]]:
    """Say in a few words how it is, each with the kind of state that it is."""
    found = []
    expired = [row for row in nodes if row["state"] == "expired"]
    lost = [row for row in nodes if row["state"] == "lost"]
    if lost:
        words = f"{plural(len(lost), 'job server')} crashed and not back"
        found.append((words, "failed"))
        nodes = [row for row in nodes if row["state"] != "lost"]
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
    return is_away or row.get("state") in ("expired", "lost")


PAGE: Final = Page(
    name="cluster", path="/cluster", title="Cluster", load=load, badge=badge
)
