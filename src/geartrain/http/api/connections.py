"""Who is connected: workers, clients, and the processes that workers run in."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from geartrain.engine.commands.connections import KINDS
from geartrain.http.api.parts import (
    CURSOR,
    FUNCTION_FILTER,
    LIMIT,
    SPAN,
    listed,
    spanning,
)
from geartrain.http.endpoints import Call, Endpoint, query
from geartrain.http.listings import listing
from geartrain.http.schemas import CONNECTION, OWNER, PROCESS

__all__ = ["ENDPOINTS"]

_MATCH: Final = query(
    "match", "Only those with this text in their ids or addresses, or a glob."
)
_SORT: Final = query(
    "sort",
    "`number`, `address`, `id`, `running`, `succeeded`, `failed` or `silent`, the most"
    " first; after a `-` the least.",
)
_NAMES: Final = query(
    "names", "How many functions of each to name at most.", "integer", minimum=0
)
_KIND: Final = query("kind", "Only those of this kind.", enum=list(KINDS))
_LISTED: Final = ("function", "match", "sort", "limit", "names")


async def list_connections(call: Call) -> Response:
    """List connections."""
    filters = call.filters("kind", *_LISTED)
    return await listing(call, f"show connections{filters}")


async def list_workers(call: Call) -> Response:
    """List workers."""
    filters = call.filters(*_LISTED)
    return await listing(call, f"show connections kind=worker{filters}")


async def list_processes(call: Call) -> Response:
    """List worker processes."""
    return await listing(call, f"show processes{call.filters('match', 'limit')}")


async def list_owners(call: Call) -> Response:
    """List owners."""
    command = f"show owners{call.filters('match', 'limit')}"
    return await listing(call, spanning(call, command))


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/v1/workers",
        name="listWorkers",
        summary="List the connections that serve a function",
        tag="connections",
        call=list_workers,
        parameters=(FUNCTION_FILTER, _MATCH, _SORT, _NAMES, LIMIT, CURSOR),
        problems=("unknown-function",),
        answers=(listed("Workers.", CONNECTION),),
    ),
    Endpoint(
        method="GET",
        path="/v1/connections",
        name="listConnections",
        summary="List all connections",
        description="Requests by HTTP are among them, with the descriptor 0.",
        tag="connections",
        call=list_connections,
        parameters=(_KIND, FUNCTION_FILTER, _MATCH, _SORT, _NAMES, LIMIT, CURSOR),
        problems=("unknown-function",),
        answers=(listed("Connections.", CONNECTION),),
    ),
    Endpoint(
        method="GET",
        path="/v1/processes",
        name="listProcesses",
        summary="List the worker processes that supervisors tell of",
        description="They are those of `geartrain worker`.",
        tag="connections",
        call=list_processes,
        parameters=(
            query("match", "Only those with this text in their hosts or targets."),
            LIMIT,
            CURSOR,
        ),
        answers=(listed("Processes, and places for them.", PROCESS),),
    ),
    Endpoint(
        method="GET",
        path="/v1/owners",
        name="listOwners",
        summary="List what each owner uses of what its limits allow",
        description="An owner is a principal with limits, or an address where addresses"
        " have limits. Those nearest to a limit come first; who uses nothing is not"
        " listed.",
        tag="connections",
        call=list_owners,
        parameters=(
            query("match", "Only those with this text in their names, or a glob."),
            SPAN,
            LIMIT,
            CURSOR,
        ),
        answers=(listed("Owners.", OWNER),),
    ),
)
