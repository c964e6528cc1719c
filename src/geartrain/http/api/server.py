"""The job server itself: its version, what is wrong with it, and its store."""

from __future__ import annotations

import dataclasses
import json
from typing import Final

from starlette.responses import Response

from geartrain.http.api.parts import (
    CURSOR,
    FUNCTION_FILTER,
    LIMIT,
    SPAN,
    json_answer,
    listed,
    one,
    spanning,
)
from geartrain.http.endpoints import Call, Endpoint, query
from geartrain.http.listings import listing
from geartrain.http.schemas import CONDITION, HOOK, MARK, NODE, OPTION, SERVER, STORE

__all__ = ["ENDPOINTS"]


async def get_server(call: Call) -> Response:
    """Tell the job server's version and process."""
    version = (await call.line("version")).removeprefix("OK ")
    pid = (await call.line("getpid")).removeprefix("OK ")
    return json_answer({"version": version, "pid": int(pid)})


async def list_servers(call: Call) -> Response:
    """List what job servers tell of themselves."""
    rows = await call.rows(spanning(call, "server"))
    return json_answer({"items": [json.loads(row) for row in rows], "next": None})


async def list_options(call: Call) -> Response:
    """List the options that the job server runs with."""
    rows = await call.rows(spanning(call, "server options"))
    return json_answer({"items": [json.loads(row) for row in rows], "next": None})


async def list_hooks(call: Call) -> Response:
    """List the hooks and what became of their latest messages."""
    rows = await call.rows("hooks")
    return json_answer({"items": [json.loads(row) for row in rows], "next": None})


async def list_problems(call: Call) -> Response:
    """List what is wrong now."""
    rows = await call.rows(spanning(call, f"problems{call.filters('limit')}"))
    return json_answer({"items": [json.loads(row) for row in rows], "next": None})


async def list_marks(call: Call) -> Response:
    """List when the job server started and ended, and functions had no worker."""
    return await listing(call, f"marks{call.filters('function', 'limit')}")


async def list_cluster(call: Call) -> Response:
    """List this job server, those that share its store, and who helps whom."""
    rows = await call.rows("cluster")
    return json_answer({"items": [json.loads(row) for row in rows], "next": None})


async def get_store(call: Call) -> Response:
    """Tell the state of the store."""
    (row,) = await call.rows("store")
    return json_answer(json.loads(row))


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/v1/server",
        name="getServer",
        summary="Tell the job server's version and process",
        tag="server",
        call=get_server,
        answers=(
            one(
                "The version of gearmand that it stands for, then its own.",
                {
                    "type": "object",
                    "required": ["version", "pid"],
                    "properties": {
                        "version": {"type": "string"},
                        "pid": {"type": "integer"},
                    },
                },
            ),
        ),
    ),
    Endpoint(
        method="GET",
        path="/v1/servers",
        name="listServers",
        summary="List the job servers, each with its version, jobs and workers",
        description="The first is the one that was asked. `waiting` and `running` count"
        " jobs of functions that one may see, where they were submitted, and `workers`"
        " the connections that serve a function, other job servers not included. One of"
        " an earlier version tells less.",
        tag="server",
        call=list_servers,
        parameters=(
            dataclasses.replace(SPAN, schema={**SPAN.schema, "default": "all"}),
        ),
        answers=(listed("All of them.", SERVER),),
    ),
    Endpoint(
        method="GET",
        path="/v1/problems",
        name="listProblems",
        summary="List what is wrong now, and what mends it",
        tag="server",
        call=list_problems,
        parameters=(
            query(
                "limit",
                "How many functions of each problem: those that have most of it.",
                "integer",
                minimum=0,
                maximum=1000,
            ),
            SPAN,
        ),
        answers=(listed("All of it.", CONDITION),),
    ),
    Endpoint(
        method="GET",
        path="/v1/marks",
        name="listMarks",
        summary="List when the server started and ended, and functions had no worker",
        tag="server",
        call=list_marks,
        parameters=(FUNCTION_FILTER, LIMIT, CURSOR),
        answers=(listed("The moments, the latest first.", MARK),),
    ),
    Endpoint(
        method="GET",
        path="/v1/server/options",
        name="listOptions",
        summary="List the options of the job server, and where each was given",
        tag="server",
        call=list_options,
        parameters=(SPAN,),
        answers=(listed("All of them; secrets are masked.", OPTION),),
    ),
    Endpoint(
        method="GET",
        path="/v1/hooks",
        name="listHooks",
        summary="List the hooks, and what became of the latest messages to each",
        tag="server",
        call=list_hooks,
        answers=(listed("All of them, without what is secret.", HOOK),),
    ),
    Endpoint(
        method="GET",
        path="/v1/cluster",
        name="listCluster",
        summary="List the job servers that share the store, and who helps whom",
        description="The first is the one that was asked. One that shares its store, is"
        " helped by it and helps it has a row for each `role`.",
        tag="server",
        call=list_cluster,
        answers=(listed("All that it knows.", NODE),),
    ),
    Endpoint(
        method="GET",
        path="/v1/store",
        name="getStore",
        summary="Tell the state of the store",
        tag="server",
        call=get_store,
        answers=(one("The store.", STORE),),
    ),
)
