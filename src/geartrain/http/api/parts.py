"""Parameters and answers that several endpoints have."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response

from geartrain.engine.endings import STATUSES
from geartrain.http.endpoints import Answer, Parameter, in_path, query
from geartrain.http.rows import readable
from geartrain.http.schemas import items

__all__ = [
    "ALL_STATES",
    "CURSOR",
    "DONE",
    "FUNCTION_FILTER",
    "FUNCTION_PATH",
    "HANDLE_PATH",
    "JSON",
    "LIMIT",
    "OUTCOMES",
    "STATES",
    "conditions",
    "done",
    "json_answer",
    "listed",
    "names_of",
    "one",
]

JSON: Final = "application/json"

FUNCTION_PATH: Final = in_path("function", "The function's name", "resize")
HANDLE_PATH: Final = in_path("handle", "The job's handle", "H:host:1")
FUNCTION_FILTER: Final = query("function", "Only those of this function.")

STATES: Final = ("ready", "running", "scheduled")
"""Where a job is that has not ended."""
OUTCOMES: Final = (*(status.decode() for status in STATUSES), "ended")
"""How one has ended; ``ended`` is any of these."""
ALL_STATES: Final = (*STATES, "waiting", *OUTCOMES, "all")
"""Where a job is that is looked for."""


def conditions(states: Sequence[str]) -> tuple[Parameter, ...]:
    """Return the parameters that say which jobs are meant, in one of some states."""
    ages: dict[str, Any] = {"minimum": 0, "maximum": 3155760000}
    return (
        query("function", "Those of this function, or of those that match a glob."),
        query("state", "Those in this state.", enum=list(states)),
        query("unique", "Those with this unique."),
        query("error", "Those with this in their last error, in whatever case."),
        query("older", "Those submitted more seconds ago.", "number", **ages),
        query("newer", "Those submitted less seconds ago.", "number", **ages),
    )


def names_of(parameters: Sequence[Parameter]) -> tuple[str, ...]:
    """Return the names of parameters."""
    return tuple(each.name for each in parameters)


LIMIT: Final = query(
    "limit",
    "How many at most.",
    "integer",
    minimum=1,
    maximum=1000,
    default=100,
)
CURSOR: Final = query("cursor", "The `next` of the slice before.")

DONE: Final = Answer(status=204, description="Done, and durable if the job is.")


def done() -> Response:
    """Return the answer of what has nothing to say."""
    return Response(status_code=204)


def json_answer(
    values: Mapping[str, Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an object as the answer, in JSON that any language reads."""
    body = json.dumps(readable(dict(values))).encode() + b"\n"
    return Response(body, status, headers, media_type=JSON)


def one(description: str, schema: Mapping[str, Any]) -> Answer:
    """Return an answer of one object."""
    return Answer(description=description, content={JSON: schema})


def listed(description: str, schema: Mapping[str, Any]) -> Answer:
    """Return an answer of a list of objects."""
    return Answer(description=description, content={JSON: items(schema)})
