"""What the job server was told, how it keeps jobs, and what operators did to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.page import Page
from geartrain.dashboard.snapshots import are_of_several, row_key

__all__ = ["PAGE"]

# The latest things that operators did.
_MOST_ACTIONS: Final = 50

_DURABILITY: Final = {
    "disk": "A background job is on disk before its client hears that it was created.",
    "os": "A background job is with the operating system before its client hears that"
    " it was created: it survives a crash of the job server, not a power cut.",
    "memory": "A background job is acknowledged before it is on disk: a crash loses"
    " the latest.",
}
_IN_MEMORY: Final = "Jobs are in memory alone: they are gone when the server stops."


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for all of it."""
    options = await call.ask("server options")
    (server,) = await call.ask("server")
    (store,) = await call.ask("store")
    values = {row["option"]: row["value"] for row in options}
    in_memory = store["store"] == "memory:"
    actions, _ = await call.part(f"actions limit={_MOST_ACTIONS}")
    return {
        "options": options,
        "given": [row for row in options if row["source"] != "default"],
        "server": server,
        "store": store,
        "in_memory": in_memory,
        "durability": _IN_MEMORY if in_memory else _DURABILITY[values["durability"]],
        "listens": values["listen"],
        "has_tls": bool(values["tls_cert"]),
        "has_https": bool(values["http_tls_cert"]),
        "policies": await call.ask("show policies"),
        "hooks": await call.ask("hooks"),
        "actions": [{**row, "key": row_key(row)} for row in actions],
        "has_nodes": are_of_several(actions),
    }


PAGE: Final = Page(name="settings", path="/settings", title="Settings", load=load)
