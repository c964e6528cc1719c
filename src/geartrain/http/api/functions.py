"""Functions and their policies."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import unquote

from starlette.responses import Response

from geartrain.admin.rows import setting
from geartrain.http.api.parts import (
    CURSOR,
    DONE,
    FUNCTION_PATH,
    LIMIT,
    SPAN,
    done,
    json_answer,
    listed,
    one,
    setting_words,
    spanning,
)
from geartrain.http.bodies import json_object
from geartrain.http.endpoints import Body, Call, Endpoint, in_path, query, sorting
from geartrain.http.listings import listing
from geartrain.http.schemas import FUNCTION, KEY, POLICY

__all__ = ["ENDPOINTS"]

_PATTERN: Final = in_path("pattern", "A function's name, or a glob", "mail.*")


async def list_functions(call: Call) -> Response:
    """List functions."""
    return await listing(call, "show functions")


async def get_function(call: Call) -> Response:
    """Show one function."""
    (row,) = await call.rows(f"show functions {call.word('function')}")
    return json_answer(json.loads(row))


async def list_keys(call: Call) -> Response:
    """List the flow keys of a function."""
    name = call.word("function")
    command = f"keys {name}{call.filters('sort', 'match', 'limit')}"
    return await listing(call, spanning(call, command))


async def list_policies(call: Call) -> Response:
    """List policies."""
    return await listing(call, "show policies")


async def get_policy(call: Call) -> Response:
    """Show the settings in force for a function."""
    answer = await call.line(f"policy {call.word('function')}")
    pairs = (pair.partition("=") for pair in answer.split(" ")[1:])
    return json_answer({name: setting(unquote(value)) for name, _, value in pairs})


async def set_policy(call: Call) -> Response:
    """Change settings of the functions that a pattern names."""
    settings = await json_object(call.request, "settings", '{"timeout": 60}')
    await call.line(f"policy {call.word('pattern')}{setting_words(settings)}")
    return done()


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/v1/functions",
        name="listFunctions",
        summary="List functions with their jobs and workers",
        tag="functions",
        call=list_functions,
        answers=(listed("All functions.", FUNCTION),),
    ),
    Endpoint(
        method="GET",
        path="/v1/functions/{function}",
        name="getFunction",
        summary="Show a function's jobs and workers",
        tag="functions",
        call=get_function,
        parameters=(FUNCTION_PATH,),
        answers=(one("The function.", FUNCTION),),
        problems=("unknown-function",),
    ),
    Endpoint(
        method="GET",
        path="/v1/functions/{function}/keys",
        name="listKeys",
        summary="List the flow keys of a function that have jobs, the most first",
        tag="functions",
        call=list_keys,
        parameters=(
            FUNCTION_PATH,
            sorting(
                *("waiting", "running", "oldest", "key"),
                default="waiting",
                description="What they are sorted by, the most first; after a - the"
                " least.",
            ),
            query("match", "Those with this text in them, or that match this glob."),
            SPAN,
            LIMIT,
            CURSOR,
        ),
        answers=(listed("Some of them.", KEY),),
        problems=("unknown-function",),
    ),
    Endpoint(
        method="GET",
        path="/v1/functions/{function}/policy",
        name="getPolicy",
        summary="Show the settings in force for a function",
        tag="policies",
        call=get_policy,
        parameters=(FUNCTION_PATH,),
        answers=(one("Every setting.", POLICY),),
    ),
    Endpoint(
        method="GET",
        path="/v1/policies",
        name="listPolicies",
        summary="List the settings of each pattern, in the order in which they apply",
        tag="policies",
        call=list_policies,
        answers=(listed("All patterns.", POLICY),),
    ),
    Endpoint(
        method="PATCH",
        path="/v1/policies/{pattern}",
        name="changePolicy",
        summary="Change settings of a function, or of those that a glob matches",
        tag="policies",
        call=set_policy,
        parameters=(_PATTERN,),
        body=Body(
            description="Settings by their names; the others stay as they are. null"
            " takes back what was changed at run time.",
            schema={
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {
                    "type": ["number", "boolean", "string", "null"]
                },
            },
            example={"max_attempts": 3, "timeout": 60},
        ),
        answers=(DONE,),
        problems=("bad-request", "too-large", "unsupported-type"),
    ),
)
