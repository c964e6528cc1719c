"""Dead letters: background jobs that failed for good."""

from __future__ import annotations

import json
from typing import Final

from starlette.responses import Response

from geartrain.http.api.parts import (
    CURSOR,
    DONE,
    FUNCTION_FILTER,
    HANDLE_PATH,
    LETTER_CONDITIONS,
    LIMIT,
    done,
    json_answer,
    listed,
    names_of,
    one,
)
from geartrain.http.endpoints import Call, Endpoint, query
from geartrain.http.listings import listing
from geartrain.http.problems import ProblemError
from geartrain.http.schemas import JOB

__all__ = ["ENDPOINTS"]


async def list_dead(call: Call) -> Response:
    """List dead letters."""
    filters = call.filters(*names_of(LETTER_CONDITIONS), "order", "limit")
    return await listing(call, f"dead list{filters}")


async def list_groups(call: Call) -> Response:
    """Group the latest dead letters."""
    return await listing(call, f"dead groups{call.filters('function', 'limit')}")


async def get_dead(call: Call) -> Response:
    """Show a dead letter."""
    rows = await call.rows(f"job {call.word('handle')} workload=no")
    values = json.loads(rows[0])
    if values["state"] != "dead" or values.get("ended"):
        raise ProblemError("unknown-job", "no dead letter has this handle now")
    return json_answer(values)


async def retry_dead(call: Call) -> Response:
    """Run a dead letter again."""
    await call.line(f"dead retry {call.handle()}")
    return done()


async def drop_dead(call: Call) -> Response:
    """Delete a dead letter."""
    await call.line(f"dead drop {call.handle()}")
    return done()


_TEXT: Final = {"type": ["string", "null"]}
_GROUP: Final = {
    "type": "object",
    "required": [
        "function",
        "kind",
        "error",
        "reason",
        "count",
        "first",
        "last",
        "handle",
    ],
    "properties": {
        "function": {"type": "string"},
        "state": {"const": "dead"},
        "kind": _TEXT,
        "error": _TEXT,
        "reason": _TEXT,
        "count": {"type": "integer", "minimum": 1},
        "first": {"type": "number", "description": "When the first died."},
        "last": {"type": "number", "description": "When the latest died."},
        "handle": {"type": "string", "description": "The latest."},
        "worker": _TEXT,
    },
}

ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/v1/dead",
        name="listDeadLetters",
        summary="List dead letters",
        tag="dead letters",
        call=list_dead,
        parameters=(
            *LETTER_CONDITIONS,
            query(
                "order",
                "By number: from the oldest, or from the newest.",
                enum=["oldest", "newest"],
                default="oldest",
            ),
            LIMIT,
            CURSOR,
        ),
        answers=(listed("Dead letters, without their workloads.", JOB),),
    ),
    Endpoint(
        method="GET",
        path="/v1/dead/groups",
        name="listDeadLetterGroups",
        summary="List what the latest dead letters died of",
        description="Of the latest 5,000: how many have the same function, reason and"
        " `kind`, which is the line of the error that says what went wrong with `#` for"
        " numbers and addresses; the most frequent first. `error` is that of the"
        " latest.",
        tag="dead letters",
        call=list_groups,
        parameters=(FUNCTION_FILTER, LIMIT),
        answers=(listed("The groups.", _GROUP),),
    ),
    Endpoint(
        method="GET",
        path="/v1/dead/{handle}",
        name="getDeadLetter",
        summary="Show a dead letter",
        tag="dead letters",
        call=get_dead,
        parameters=(HANDLE_PATH,),
        answers=(one("The dead letter, without its workload.", JOB),),
        problems=("unknown-job",),
    ),
    Endpoint(
        method="POST",
        path="/v1/dead/{handle}/retry",
        name="retryDeadLetter",
        summary="Run a dead letter again",
        tag="dead letters",
        call=retry_dead,
        parameters=(HANDLE_PATH,),
        answers=(DONE,),
        problems=("unknown-job",),
    ),
    Endpoint(
        method="DELETE",
        path="/v1/dead/{handle}",
        name="dropDeadLetter",
        summary="Delete a dead letter",
        tag="dead letters",
        call=drop_dead,
        parameters=(HANDLE_PATH,),
        answers=(DONE,),
        problems=("unknown-job",),
    ),
)
