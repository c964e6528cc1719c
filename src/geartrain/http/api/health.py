"""``/livez`` and ``/readyz``: whether to restart the job server, or to wait for it.

Both are for orchestrators, load balancers and scripts, and need no token: they tell
nothing about jobs, and where the store refuses, not why.
"""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.responses import Response

from geartrain.http.api.parts import JSON, json_answer
from geartrain.http.endpoints import Answer, Call, Endpoint
from geartrain.stores.base import Recovery

__all__ = ["ENDPOINTS", "reasons", "recovering"]


async def get_liveness(call: Call) -> Response:
    """Answer: who is answered knows that the event loop turns."""
    return json_answer({"status": "live"})


async def get_readiness(call: Call) -> Response:
    """Tell whether background jobs are taken now."""
    recovery = call.bridge.recovery()
    if recovery is not None:
        return json_answer(recovering(recovery), 503)
    server = json.loads((await call.own_rows("server"))[0])
    store = json.loads((await call.own_rows("store"))[0])
    found = reasons(server, store)
    status = "not ready" if found else "ready"
    return json_answer({"status": status, "reasons": found}, 503 if found else 200)


def recovering(recovery: Recovery) -> dict[str, Any]:
    """Return the answer of a job server that opens its store."""
    return {
        "status": "recovering",
        "reasons": [f"store {recovery.step}"],
        "progress": recovery._asdict(),
    }


def reasons(server: dict[str, Any], store: dict[str, Any]) -> list[str]:
    """Return why the job server is not ready, in fixed words."""
    found = []
    if server["state"] == "stopping":
        found.append("stopping")
    if store["state"] != "ok":
        found.append("store " + store["state"])
    if server["memory"]["is_full"]:
        found.append("memory full")
    return found


_PROGRESS: Final = {
    "description": "Of a job server that opens its store: how many jobs are read.",
    "type": "object",
    "required": ["step", "done", "total"],
    "properties": {
        "step": {"enum": ["opening", "rebuilding"]},
        "done": {"type": "integer", "minimum": 0},
        "total": {"type": ["integer", "null"], "minimum": 0},
    },
}


def _status(description: str, status: int, words: tuple[str, ...]) -> Answer:
    properties: dict[str, Any] = {
        "status": {"enum": list(words)},
        "reasons": {"type": "array", "items": {"type": "string"}},
        "progress": _PROGRESS,
    }
    schema = {"type": "object", "required": ["status"], "properties": properties}
    return Answer(status=status, description=description, content={JSON: schema})


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/livez",
        name="getLiveness",
        summary="Tell whether the job server is alive",
        tag="server",
        call=get_liveness,
        answers=(_status("It is.", 200, ("live",)),),
    ),
    Endpoint(
        method="GET",
        path="/readyz",
        name="getReadiness",
        summary="Tell whether the job server takes jobs",
        tag="server",
        call=get_readiness,
        answers=(
            _status("It does.", 200, ("ready",)),
            _status(
                "It does not, for these reasons.", 503, ("not ready", "recovering")
            ),
        ),
    ),
)
