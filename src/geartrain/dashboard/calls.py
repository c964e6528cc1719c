"""A request for a page: what it asks the job server, and where its links lead."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request

from geartrain.dashboard.redaction import Redaction
from geartrain.dashboard.snapshots import FRESH, Row, Snapshots
from geartrain.dashboard.trials import Trials
from geartrain.http.bridge import Bridge
from geartrain.http.endpoints import Call
from geartrain.http.gate import Gate
from geartrain.http.names import name_in_path
from geartrain.http.prefix import prefix_of

__all__ = ["PageCall", "query_text"]

_SAFE: Final = "/:@,*"


class PageCall(Call):
    """A request for a page, or one view of it that is kept up to date.

    Attributes:
        query: the parameters in its query that are not as they are by default.
        fields: the fields of a form that was sent, each with all of its values.
        now: the time that ages are counted from, in seconds since 1970.
        trials: the jobs that were submitted from here and are waited for.
        page_after: the page to go on to after an action; empty for the one it came
            from.
        redaction: what decides what is shown of workloads and results.
    """

    def __init__(
        self,
        request: Request,
        values: dict[str, Any],
        bridge: Bridge,
        gate: Gate,
        snapshots: Snapshots,
        trials: Trials,
    ) -> None:
        super().__init__(request, values, bridge, gate)
        self.query: Mapping[str, Any] = {}
        self.fields: Mapping[str, list[str]] = {}
        self.now = time.time()
        self.redaction = Redaction()
        self.trials = trials
        self.page_after = ""
        self._snapshots = snapshots

    async def ask(self, command: str, *, fresh: float = FRESH) -> list[Row]:
        """Return the rows of a text command that answers by few rows of JSON.

        They are shared: do not change them. They may be ``fresh`` seconds old, for
        which something that costs more asks for more.

        Raises:
            ProblemError: the job server refuses.
        """
        return await self._snapshots.rows(command, self.visitor, fresh)

    def missing(self) -> dict[str, str]:
        """Return whose rows are missing in what is shown, and why."""
        return self._snapshots.missing()

    async def part(
        self, command: str, *, fresh: float = FRESH
    ) -> tuple[list[Row], str | None]:
        """Return the rows of one part of a list, and where to go on if there is more.

        Otherwise it is as ``ask``.
        """
        rows = await self.ask(command, fresh=fresh)
        more = next((row["after"] for row in rows if "after" in row), None)
        return [row for row in rows if "after" not in row], more

    def may(self, right: str, function: str = "") -> bool:
        """Tell whether who asks has a right on a function, or else on any.

        A glob is all functions that it names. The rights are ``submit``, ``see``,
        ``operate`` and ``administer``. The job server itself decides about what it is
        asked.
        """
        return self.visitor.may(right, function)

    def field(self, name: str) -> str:
        """Return the value of a form's field; empty if it is not there."""
        values = self.fields.get(name, [])
        return values[0] if values else ""

    @property
    def form(self) -> Mapping[str, str]:
        """Return the fields of the form, each with its first value."""
        return {name: values[0] for name, values in self.fields.items()}

    def encoded(self, name: str) -> str:
        """Return a name as a part of a path, or a value of a query."""
        return quote(name, safe=":", errors="surrogateescape")

    @property
    def is_update(self) -> bool:
        """Tell whether regions alone are asked for, to bring a page up to date."""
        return "text/event-stream" in self.request.headers.get("accept", "")

    @property
    def prefix(self) -> str:
        """Return the path under which the dashboard is served; empty for ``/``."""
        return prefix_of(self.request)

    @property
    def back(self) -> str:
        """Return this page's address as the field ``back`` of a form has it."""
        return str(self.request.scope["path"]) + query_text(self.query)

    def url(self, path: str, *names: str, **query: Any) -> str:
        r"""Return the address of a page.

        Args:
            path: its path, such as ``/functions``.
            names: parts of the path that follow, as ``os.fsdecode`` makes text.
            query: parameters of its query; those that are None or empty are left out.
        """
        parts = [name_in_path(each) for each in names]
        whole = "/".join([path.rstrip("/"), *parts]) or "/"
        return f"{self.prefix}{whole}{query_text(query)}"

    def here(self, **changed: Any) -> str:
        """Return the address of this page with other parameters in its query."""
        path = self.prefix + self.request.scope["path"]
        return f"{path}{query_text({**self.query, **changed})}"


def query_text(query: Mapping[str, Any]) -> str:
    """Return a query with its question mark; what is None, False or empty is left out.

    >>> query_text({"sort": "waiting", "after": None, "limit": 20})
    '?sort=waiting&limit=20'
    """
    parts = [
        f"{name}={quote(_text(value), safe=_SAFE, errors='surrogateescape')}"
        for name, value in query.items()
        if value not in (None, "", False)
    ]
    return "?" + "&".join(parts) if parts else ""


def _text(value: Any) -> str:
    return "true" if value is True else str(value)
