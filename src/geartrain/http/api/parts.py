"""Parameters and answers that several endpoints have."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response

from geartrain.admin import setting_text
from geartrain.admin.connection import word
from geartrain.engine.endings import STATUSES
from geartrain.http.endpoints import Answer, Call, Parameter, in_path, query
from geartrain.http.problems import ProblemError
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
    "SPAN",
    "STATES",
    "conditions",
    "done",
    "json_answer",
    "listed",
    "names_of",
    "one",
    "setting_words",
    "spanning",
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


_AGES: Final[dict[str, Any]] = {"minimum": 0, "maximum": 3155760000}
_FUNCTION: Final = query(
    "function", "Those of this function, or of those that match a glob."
)
_OTHERS: Final = (
    query("unique", "Those with this unique."),
    query("owner", "Those that count for this principal or address."),
    query("error", "Those with this in their last error, in whatever case."),
    query("kind", "Those whose last error is of this kind, as lists of failures say."),
    query("key", "Those of this flow key; none that has ended."),
    query("batch", "Those that were submitted in this batch."),
    query("older", "Those submitted more seconds ago.", "number", **_AGES),
    query("newer", "Those submitted less seconds ago.", "number", **_AGES),
)

LETTER_CONDITIONS: Final = (
    _FUNCTION,
    query(
        "reason",
        "Those whose last attempt ended so.",
        enum=["fail", "exception", "timeout", "crash", "retry"],
    ),
    *_OTHERS,
)
"""The parameters that say which dead letters are meant."""


def conditions(states: Sequence[str]) -> tuple[Parameter, ...]:
    """Return the parameters that say which jobs are meant, in one of some states."""
    state = query("state", "Those in this state.", enum=list(states))
    return (_FUNCTION, state, *_OTHERS)


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

SPAN: Final = query(
    "span",
    "About which job servers: the one that is asked, or all that it has links to, whose"
    " rows tell their `node`.",
    enum=["local", "all"],
    default="local",
)

DONE: Final = Answer(status=204, description="Done, and durable if the job is.")


def spanning(call: Call, command: str) -> str:
    """Return a command about the job servers that ``SPAN`` names."""
    return f"{call.values['span']} {command}"


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


def setting_words(settings: Mapping[str, Any]) -> str:
    """Return settings as words of a text command, each after a space.

    None takes back what was changed at run time.

    Raises:
        ProblemError: a value is none that a setting can have.
    """
    return "".join(
        f" {word(name)}={_setting_word(name, settings[name])}" for name in settings
    )


def _setting_word(name: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, bool | int | float | str) or value == "":
        raise ProblemError(
            "invalid",
            f"{name[:60]!r} cannot be {json.dumps(value)[:60]}: it is a number, true,"
            " false, a text, or null to take a change back",
            parameter=name,
        )
    try:
        return word(setting_text(value))
    except (OverflowError, ValueError):
        raise ProblemError(
            "invalid", f"{name[:60]!r} is no number", parameter=name
        ) from None
