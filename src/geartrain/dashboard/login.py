"""Logging in and out in a browser: a page, and two forms that it and the frame have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import RedirectResponse, Response

from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.messages import Message, keep_message
from geartrain.dashboard.page import Page
from geartrain.http.problems import ProblemError

__all__ = ["LOGIN", "back_of", "log_in", "log_out", "login_values"]


async def _nothing(call: PageCall) -> Mapping[str, Any]:
    return {}


LOGIN: Final = Page(
    name="login",
    path="/login",
    title="Log in",
    load=_nothing,
    is_listed=False,
    is_live=False,
)
"""The page; it is none of ``PAGES``, which people see who are in."""

_TEXT: Final = "This job server shows its jobs to people whom it knows."


def login_values(call: PageCall, back: str) -> Mapping[str, Any]:
    """Return what the page shows; ``back`` is the page that is shown after it."""
    return {"text": _TEXT, "back": back, "pages": []}


def back_of(path: str) -> str:
    """Return a path of this dashboard that somebody gave, or ``/``."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if is_ours and path.isprintable() and path.isascii() else "/"


async def log_in(call: PageCall) -> Response:
    """Let somebody in, or show the page again with the reason why not."""
    back = back_of(call.field("back"))
    name, password = call.field("name"), call.field("password")
    try:
        secret = await call.gate.log_in(name, password, call.visitor.address)
    except ProblemError as problem:
        response = RedirectResponse(call.url("/login", back=back), 303)
        said = str(problem)
        message = Message(f"{said[:1].upper()}{said[1:]}.", is_error=True)
        keep_message(response, message, call.prefix or "/")
        return response
    response = RedirectResponse(call.prefix + back, 303)
    call.gate.set_cookie(call.request, response, secret)
    return response


async def log_out(call: PageCall) -> Response:
    """End a login, and show the page to log in."""
    call.gate.log_out(call.request)
    response = RedirectResponse(call.url("/login"), 303)
    call.gate.drop_cookie(call.request, response)
    keep_message(response, Message("You are logged out."), call.prefix or "/")
    return response
