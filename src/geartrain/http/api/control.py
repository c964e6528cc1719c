"""Control: functions paused and drained, and many jobs steered at once."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from geartrain.http.api.parts import (
    CURSOR,
    DONE,
    FUNCTION_FILTER,
    HANDLE_PATH,
    JSON,
    LETTER_CONDITIONS,
    LIMIT,
    STATES,
    conditions,
    done,
    json_answer,
    listed,
    names_of,
)
from geartrain.http.endpoints import Answer, Call, Endpoint, Parameter, in_path, query
from geartrain.http.links import TextLink
from geartrain.http.listings import listing
from geartrain.http.problems import ProblemError
from geartrain.http.schemas import ACTION
from geartrain.http.streams import leaving

__all__ = ["COUNTED", "ENDPOINTS", "swept"]

_PATTERN: Final = in_path("function", "A function's name, or a glob", "mail.*")
_TO: Final = Parameter(
    name="to",
    place="query",
    description="The function that they are for from now on.",
    schema={"type": "string", "minLength": 1},
    is_required=True,
)
_PRIORITY: Final = Parameter(
    name="priority",
    place="query",
    description="The priority that they have from now on.",
    schema={"type": "string", "enum": ["high", "normal", "low"]},
    is_required=True,
)
_COUNT: Final = query(
    "count", "Only count them, and change nothing.", "boolean", default=False
)
_CONDITIONS: Final = conditions(STATES)
_FILTERS: Final = (*_CONDITIONS, _COUNT)
_NAMES: Final = names_of(_CONDITIONS)
_DEAD_FILTERS: Final = (*LETTER_CONDITIONS, _COUNT)
_DEAD_NAMES: Final = names_of(LETTER_CONDITIONS)
COUNTED: Final = Answer(
    description="How many there were.",
    content={
        JSON: {
            "type": "object",
            "required": ["count"],
            "properties": {"count": {"type": "integer", "minimum": 0}},
        }
    },
)
"""The answer of what is done with many jobs."""
_BULK: Final = (
    "At least one filter has to say which. With `count=true` they are only counted. It"
    " is done in slices; if you leave meanwhile, it ends there."
)


async def pause(call: Call) -> Response:
    """Give no more jobs to workers."""
    await call.line(f"pause {call.word('function')}")
    return done()


async def resume(call: Call) -> Response:
    """Undo pause and drain."""
    await call.line(f"resume {call.word('function')}")
    return done()


async def drain(call: Call) -> Response:
    """Refuse new jobs."""
    await call.line(f"drain {call.word('function')}")
    return done()


async def run_job(call: Call) -> Response:
    """Run a job that waits for its time now."""
    await call.line(f"run {call.handle()}")
    return done()


async def move_job(call: Call) -> Response:
    """Move a job to another function."""
    await call.line(f"move {call.handle()} {call.word('to')}")
    return done()


async def prioritise_job(call: Call) -> Response:
    """Give a job another priority."""
    await call.line(f"priority {call.handle()} {call.values['priority']}")
    return done()


async def _swept(
    call: Call, command: str, filters: tuple[str, ...] = _NAMES
) -> Response:
    """Steer many jobs; answer how many they were."""
    given = call.filters(*filters)
    if not given:
        raise ProblemError(
            "invalid",
            f"say which: give {', '.join(filters[:-1])} or {filters[-1]};"
            " function=* is all",
        )
    command += given
    if call.values["count"]:
        command += " count=yes"
    return await swept(call, command)


async def swept(call: Call, command: str) -> Response:
    """Carry out a text command about many jobs; answer how many they were."""
    link = TextLink()
    call.bridge.open(link, call.visitor)
    try:
        link.ask(command)
        async with leaving(call.request.receive, link):
            answer = await link.line()
    finally:
        link.close()
    return json_answer({"count": int(answer.split(" ")[1])})


async def cancel_jobs(call: Call) -> Response:
    """Cancel many jobs."""
    return await _swept(call, "cancel jobs")


async def run_jobs(call: Call) -> Response:
    """Run many jobs now."""
    return await _swept(call, "run jobs")


async def move_jobs(call: Call) -> Response:
    """Move many jobs to another function."""
    return await _swept(call, f"move jobs {call.word('to')}")


async def prioritise_jobs(call: Call) -> Response:
    """Give many jobs another priority."""
    command = f"priority jobs {call.values['priority']}"
    return await _swept(call, command)


async def retry_all_dead(call: Call) -> Response:
    """Run many dead letters again."""
    return await _swept(call, "dead retry all", _DEAD_NAMES)


async def drop_all_dead(call: Call) -> Response:
    """Delete many dead letters."""
    return await _swept(call, "dead drop all", _DEAD_NAMES)


async def move_all_dead(call: Call) -> Response:
    """Make jobs of another function of many dead letters."""
    return await _swept(call, f"move dead {call.word('to')}", _DEAD_NAMES)


async def list_actions(call: Call) -> Response:
    """List what operators did."""
    return await listing(call, f"actions{call.filters('function', 'limit')}")


ENDPOINTS: Final = (
    Endpoint(
        method="POST",
        path="/v1/functions/{function}/pause",
        name="pauseFunction",
        summary="Give no more of its jobs to workers; what runs goes on",
        tag="functions",
        call=pause,
        parameters=(_PATTERN,),
        answers=(DONE,),
    ),
    Endpoint(
        method="POST",
        path="/v1/functions/{function}/drain",
        name="drainFunction",
        summary="Refuse new jobs of it; those there are run",
        tag="functions",
        call=drain,
        parameters=(_PATTERN,),
        answers=(DONE,),
    ),
    Endpoint(
        method="POST",
        path="/v1/functions/{function}/resume",
        name="resumeFunction",
        summary="End what pause and drain have begun",
        tag="functions",
        call=resume,
        parameters=(_PATTERN,),
        answers=(DONE,),
    ),
    Endpoint(
        method="POST",
        path="/v1/jobs/{handle}/run",
        name="runJob",
        summary="Run a delayed job now",
        tag="jobs",
        call=run_job,
        parameters=(HANDLE_PATH,),
        answers=(DONE,),
        problems=("unknown-job",),
    ),
    Endpoint(
        method="POST",
        path="/v1/jobs/{handle}/move",
        name="moveJob",
        summary="Move a waiting job or dead letter to another function",
        tag="jobs",
        call=move_job,
        parameters=(HANDLE_PATH, _TO),
        answers=(DONE,),
        problems=("unknown-job", "draining"),
    ),
    Endpoint(
        method="POST",
        path="/v1/jobs/{handle}/priority",
        name="prioritiseJob",
        summary="Give a waiting job another priority",
        tag="jobs",
        call=prioritise_job,
        parameters=(HANDLE_PATH, _PRIORITY),
        answers=(DONE,),
        problems=("unknown-job",),
    ),
    Endpoint(
        method="DELETE",
        path="/v1/jobs",
        name="cancelJobs",
        summary="Cancel many jobs",
        description=_BULK,
        tag="jobs in bulk",
        call=cancel_jobs,
        parameters=_FILTERS,
        answers=(COUNTED,),
    ),
    Endpoint(
        method="POST",
        path="/v1/jobs/run",
        name="runJobs",
        summary="Run many delayed jobs now",
        description=_BULK,
        tag="jobs in bulk",
        call=run_jobs,
        parameters=_FILTERS,
        answers=(COUNTED,),
    ),
    Endpoint(
        method="POST",
        path="/v1/jobs/move",
        name="moveJobs",
        summary="Move many waiting jobs to another function",
        description=_BULK,
        tag="jobs in bulk",
        call=move_jobs,
        parameters=(_TO, *_FILTERS),
        answers=(COUNTED,),
        problems=("draining",),
    ),
    Endpoint(
        method="POST",
        path="/v1/jobs/priority",
        name="prioritiseJobs",
        summary="Give many waiting jobs another priority",
        description=_BULK,
        tag="jobs in bulk",
        call=prioritise_jobs,
        parameters=(_PRIORITY, *_FILTERS),
        answers=(COUNTED,),
    ),
    Endpoint(
        method="POST",
        path="/v1/dead/retry",
        name="retryDeadLetters",
        summary="Run many dead letters again",
        description=_BULK,
        tag="dead letters",
        call=retry_all_dead,
        parameters=_DEAD_FILTERS,
        answers=(COUNTED,),
    ),
    Endpoint(
        method="POST",
        path="/v1/dead/move",
        name="moveDeadLetters",
        summary="Make jobs of another function of many dead letters",
        description=_BULK,
        tag="dead letters",
        call=move_all_dead,
        parameters=(_TO, *_DEAD_FILTERS),
        answers=(COUNTED,),
        problems=("draining",),
    ),
    Endpoint(
        method="DELETE",
        path="/v1/dead",
        name="dropDeadLetters",
        summary="Delete many dead letters",
        description=_BULK,
        tag="dead letters",
        call=drop_all_dead,
        parameters=_DEAD_FILTERS,
        answers=(COUNTED,),
    ),
    Endpoint(
        method="GET",
        path="/v1/actions",
        name="listActions",
        summary="List what operators did, the latest first",
        tag="server",
        call=list_actions,
        parameters=(FUNCTION_FILTER, LIMIT, CURSOR),
        answers=(listed("What was done, when, and by whom.", ACTION),),
    ),
)
