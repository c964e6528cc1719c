"""The dashboard as an application: pages, actions and static files."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from geartrain.dashboard.action import Action, Confirmation
from geartrain.dashboard.actions import ACTIONS
from geartrain.dashboard.assets import Assets
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.live import Views
from geartrain.dashboard.login import LOGIN, back_of, log_in, log_out, login_values
from geartrain.dashboard.messages import (
    Message,
    drop_message,
    keep_message,
    kept_message,
)
from geartrain.dashboard.page import Page
from geartrain.dashboard.pages import PAGES
from geartrain.dashboard.redaction import Redaction
from geartrain.dashboard.rendering import Renderer
from geartrain.dashboard.snapshots import Snapshots
from geartrain.dashboard.trials import Trials
from geartrain.errors import GeartrainError
from geartrain.http.bridge import Bridge
from geartrain.http.endpoints import read_values
from geartrain.http.gate import Gate
from geartrain.http.problems import ProblemError
from geartrain.http.streams import Stream

__all__ = ["POLICY", "make_dashboard"]

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'; require-trusted-types-for 'script';"
    " trusted-types geartrain"
)
"""The Content-Security-Policy of every page."""

# What scripts say of themselves, and what they are told instead of a redirect.
_SCRIPT: Final = "geartrain-script"
_PAGE: Final = "Geartrain-Page"

_EVENTS: Final = "text/event-stream"

# Bytes of a form, and of a page from which on it is worth compressing.
_MOST_SENT: Final = 1024 * 1024
_LARGE: Final = 1500

# What begins the name of a hidden field whose value is percent-encoded.
_PACKED: Final = "~"


def make_dashboard(bridge: Bridge, gate: Gate, redaction: Redaction) -> ASGIApp:
    """Return the application of all ``PAGES`` and ``ACTIONS``."""
    dashboard = _Dashboard(bridge, gate, redaction)
    # /functions/new before /functions/{function}, which it fits, too.
    pages = sorted(PAGES, key=lambda each: each.path.count("{"))
    app = Starlette(
        routes=[
            *(Route(each.path, dashboard.shower(each)) for each in pages),
            Route("/do/{action}", dashboard.act, methods=["POST"]),
            Route(LOGIN.path, dashboard.log_in, methods=["GET", "POST"]),
            Route("/logout", dashboard.log_out, methods=["POST"]),
            Route("/static/{name:path}", dashboard.file),
        ],
        exception_handlers={
            GeartrainError: dashboard.refused,
            HTTPException: dashboard.missing,
            ClientDisconnect: _left,
            Exception: dashboard.failed,
        },
    )
    app.router.redirect_slashes = False
    return app


class _Dashboard:
    """What answers requests."""

    def __init__(self, bridge: Bridge, gate: Gate, redaction: Redaction) -> None:
        self._bridge = bridge
        self._gate = gate
        self._redaction = redaction
        self._snapshots = Snapshots(bridge)
        self._trials = Trials(bridge)
        self._assets = Assets()
        self._views = Views(self._assets.build)
        self._renderer = Renderer(actions=ACTIONS)
        bridge.endless.add(self._views)
        bridge.endless.add(self._trials)
        gate.when_reloading += [self._snapshots.forget, self._views.close]

    def shower(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """Return what answers requests for a page."""

        async def show(request: Request) -> Response:
            call = self._call(request, page)
            if page.is_live and _EVENTS in request.headers.get("accept", ""):
                return self._followed(page, call)
            found = await page.load(call)
            return await self._shown(page, call, page.template, found)

        return show

    async def file(self, request: Request) -> Response:
        """Answer with a static file."""
        return self._assets.answer(request)

    async def act(self, request: Request) -> Response:
        """Do what a form asks for, or ask before."""
        action = ACTIONS.get(request.path_params["action"])
        if action is None:
            raise HTTPException(404)
        call = self._call(request, None)
        call.fields = await _fields(request)
        if not call.may(action.right, action.about(call.form)):
            raise ProblemError("not-allowed", f"you may not {action.label.lower()}")
        try:
            if action.ask is not None and not call.field("sure"):
                return await self._asked(action, call, await action.ask(call))
            message = Message(await action.run(call))
        except GeartrainError as error:
            message = Message(str(error), is_error=True)
        self._snapshots.forget()
        page = call.prefix + (call.page_after or back_of(call.field("back")))
        response: Response = RedirectResponse(page, 303)
        if _SCRIPT in request.headers:
            # It goes there itself: what a script follows would take the message away.
            response = Response(headers={_PAGE: page})
        keep_message(response, message, call.prefix or "/")
        return response

    async def log_in(self, request: Request) -> Response:
        """Show the page to log in, or log somebody in."""
        call = self._call(request, None)
        if request.method == "POST":
            call.fields = await _fields(request)
            return await log_in(call)
        if not self._gate.is_closed:
            return RedirectResponse(call.url("/"), 303)
        back = back_of(request.query_params.get("back", "/"))
        found = login_values(call, back)
        return await self._shown(LOGIN, call, LOGIN.template, found)

    async def log_out(self, request: Request) -> Response:
        """Log somebody out."""
        return await log_out(self._call(request, None))

    async def refused(self, request: Request, error: Exception) -> Response:
        """Show why a page cannot be shown."""
        status = error.status if isinstance(error, ProblemError) else 422
        return await self._error(request, status, str(error))

    async def missing(self, request: Request, error: Exception) -> Response:
        """Show that there is no such page."""
        assert isinstance(error, HTTPException)
        text = f"The dashboard has no page {unquote(request.scope['path'])[:200]}."
        if error.status_code != 404:
            text = str(error.detail)
        return await self._error(request, error.status_code, text, error.headers)

    async def failed(self, request: Request, error: Exception) -> Response:
        """Show that the server has a defect; the log has why."""
        text = "The server has a defect, which its log tells: please report it."
        return await self._error(request, 500, text)

    def _call(self, request: Request, page: Page | None) -> PageCall:
        parameters = page.parameters if page is not None else ()
        values = read_values(parameters, request, may_be_empty=True) if page else {}
        call = PageCall(
            request, values, self._bridge, self._gate, self._snapshots, self._trials
        )
        call.redaction = self._redaction
        call.query = {
            each.name: values[each.key]
            for each in parameters
            if each.place == "query"
            and values.get(each.key) not in (None, each.schema.get("default"))
        }
        return call

    def _followed(self, page: Page, call: PageCall) -> Response:
        """Return the stream of what changes on a page."""

        async def refresh() -> dict[str, str]:
            now = self._call(call.request, page)
            values = await self._values(page, now, await page.load(now))
            return await self._renderer.regions(page.template, values)

        key = (
            call.visitor.key,
            call.prefix,
            call.request.scope["path"],
            str(call.query),
        )
        watcher = self._views.watch(key, refresh)
        call.visitor.keep(watcher)
        return Stream(watcher.events(), watcher, _EVENTS, is_endless=True)

    async def _asked(
        self, action: Action, call: PageCall, question: Confirmation
    ) -> Response:
        page = Page(name="ask", path="", title=action.label, load=_nothing)
        found = {
            "action": action,
            "question": question,
            "back": back_of(call.field("back")),
        }
        return await self._shown(page, call, page.template, found)

    async def _shown(
        self,
        page: Page,
        call: PageCall,
        template: str,
        found: Mapping[str, Any],
        status: int = 200,
    ) -> Response:
        message = kept_message(call.request)
        values = await self._values(page, call, found)
        body = await self._renderer.page(template, {**values, "message": message})
        headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}
        packs = "gzip" in call.request.headers.get("accept-encoding", "")
        if packs and len(body) > _LARGE:
            body = gzip.compress(body, 1, mtime=0)
            headers["Content-Encoding"] = "gzip"
        headers["Vary"] = "Accept, Accept-Encoding"
        response = Response(body, status, headers, media_type="text/html")
        if message is not None:
            drop_message(response, call.prefix or "/")
        return response

    async def _values(
        self, page: Page, call: PageCall, found: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what a template can use."""
        listed = [] if "pages" in found else await self._listed(call)
        return {
            "title": page.title,
            "pages": listed,
            **found,
            "page": page,
            "call": call,
            "now": call.now,
            "url": call.url,
            "here": call.here,
            "may": call.may,
            "build": self._assets.build,
            "static": lambda name: call.prefix + self._assets.path(name),
        }

    async def _listed(self, call: PageCall) -> list[tuple[Page, int, str]]:
        """Return the navigation: pages, and the numbers beside their titles.

        Nobody who has yet to log in is told these: errors are pages, too.
        """
        if not self._gate.lets_in(call.visitor):
            return []
        found = []
        for page in PAGES:
            if page.is_listed and call.may(page.right):
                badge = (0, "") if page.badge is None else await _badge(page, call)
                found.append((page, *badge))
        return found

    async def _error(
        self,
        request: Request,
        status: int,
        text: str,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        page = Page(name="error", path="", title="Not shown", load=_nothing)
        found = {"text": text, "status": status}
        call = self._call(request, None)
        response = await self._shown(page, call, page.template, found, status)
        response.headers.update(headers or {})
        return response


async def _badge(page: Page, call: PageCall) -> tuple[int, str]:
    assert page.badge is not None
    try:
        return await page.badge(call)
    except ProblemError:
        # The page itself says what is wrong.
        return 0, ""


async def _fields(request: Request) -> dict[str, list[str]]:
    """Return the fields of a form; raises ProblemError."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_SENT:
            raise ProblemError("too-large", "the form is larger than 1 MiB")
    found: dict[str, list[str]] = {}
    text = body.decode("ascii", "replace")
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name.startswith(_PACKED):
            name, value = name[1:], unquote(value, errors="surrogateescape")
        found.setdefault(name, []).append(value)
    return found


async def _nothing(call: PageCall) -> Mapping[str, Any]:
    return {}


async def _left(request: Request, error: Exception) -> Response:
    """Answer a client that has gone: nobody reads it."""
    return Response(status_code=400)
