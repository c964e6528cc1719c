"""Who asks, and what that one may do; logging in and out."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from geartrain.http.api.parts import DONE, done, json_answer, one
from geartrain.http.bodies import json_object
from geartrain.http.endpoints import Body, Call, Endpoint
from geartrain.http.problems import ProblemError

__all__ = ["ENDPOINTS"]

_GLOBS: Final = {"type": "array", "items": {"type": "string"}}
_RIGHTS: Final = ("submit", "work", "see", "operate", "administer")
_SESSION: Final = {
    "type": "object",
    "required": ["name", "principals", "is_limited", "rights"],
    "properties": {
        "name": {
            "type": ["string", "null"],
            "description": "Who that is, for people; null for somebody unknown.",
        },
        "principals": {**_GLOBS, "description": "The principals that it is."},
        "is_limited": {
            "type": "boolean",
            "description": "Whether rules say what it may do: else that is all.",
        },
        "rights": {
            "type": "object",
            "description": "The functions, as globs, that it has each right on.",
            "properties": dict.fromkeys(_RIGHTS, _GLOBS),
        },
    },
}
_LOGIN: Final = {
    "type": "object",
    "required": ["name", "password"],
    "properties": {"name": {"type": "string"}, "password": {"type": "string"}},
}


async def get_session(call: Call) -> Response:
    """Tell who asks."""
    visitor = call.visitor
    # Without rules the job port is open to all, and HTTP to those who log in.
    is_in = call.gate.lets_in(visitor)
    return json_answer(
        {
            "name": visitor.name or None,
            "principals": visitor.principals,
            "is_limited": visitor.is_limited or not is_in,
            "rights": visitor.rights() if is_in else {each: [] for each in _RIGHTS},
        },
        headers={"Cache-Control": "no-store"},
    )


async def log_in(call: Call) -> Response:
    """Let somebody in."""
    given = await json_object(
        call.request, "name and password", '{"name": "alice", "password": "…"}'
    )
    name, password = _text(given, "name"), _text(given, "password")
    secret = await call.gate.log_in(name, password, call.visitor.address)
    response = done()
    call.gate.set_cookie(call.request, response, secret)
    return response


def _text(given: Any, name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str):
        raise ProblemError("invalid", f"{name} is a text", parameter=name)
    return value


async def log_out(call: Call) -> Response:
    """End a login."""
    call.gate.log_out(call.request)
    response = done()
    call.gate.drop_cookie(call.request, response)
    return response


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/v1/session",
        name="getSession",
        summary="Tell who asks, and what that one may do",
        tag="server",
        call=get_session,
        answers=(one("Who asks.", _SESSION),),
    ),
    Endpoint(
        method="POST",
        path="/v1/session",
        name="logIn",
        summary="Log in, for a cookie",
        description=(
            "For browsers: programs send a token. The cookie is good for twelve hours,"
            " and ends after one without a request."
        ),
        tag="server",
        call=log_in,
        body=Body(
            description="Who logs in.",
            schema=_LOGIN,
            example={"name": "alice", "password": "correct horse battery staple"},
        ),
        answers=(DONE,),
        problems=(
            "bad-request",
            "unauthorized",
            "not-allowed",
            "too-large",
            "unsupported-type",
            "too-many-logins",
        ),
    ),
    Endpoint(
        method="DELETE",
        path="/v1/session",
        name="logOut",
        summary="Log out",
        tag="server",
        call=log_out,
        answers=(DONE,),
    ),
)
