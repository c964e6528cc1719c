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
    LIMIT,
    done,
    json_answer,
    listed,
    one,
)
from geartrain.http.endpoints import Call, Endpoint
from geartrain.http.listings import listing
from geartrain.http.problems import ProblemError
from geartrain.http.schemas import JOB

__all__ = ["ENDPOINTS"]


async def list_dead(call: Call) -> Response:
    """List dead letters."""
    return await listing(call, f"dead list{call.filters('function', 'limit')}")


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


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/v1/dead",
        name="listDeadLetters",
        summary="List dead letters",
        tag="dead letters",
        call=list_dead,
        parameters=(FUNCTION_FILTER, LIMIT, CURSOR),
        answers=(listed("Dead letters, without their workloads.", JOB),),
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
