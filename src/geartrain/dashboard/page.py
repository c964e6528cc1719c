"""Pages: the table from which routes, navigation, titles and live updates follow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from geartrain.dashboard.calls import PageCall
from geartrain.http.endpoints import Parameter, query

__all__ = ["AFTER", "Page"]

AFTER: Final = query("after", "Where to go on.")
"""The parameter of a page that shows a list part by part; see ``PageCall.part``."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of the dashboard.

    Its template is ``templates/pages/NAME.html``. What stands in a ``region`` of that
    is kept up to date while somebody looks at the page.

    Attributes:
        name: what it is called, also in the template's file name.
        path: its path, with ``{names}`` in it.
        title: its title, and its text in the navigation.
        load: the function that asks for what the template shows. It may return a
            ``title`` of its own.
        parameters: what it takes in its path and query, as an HTTP endpoint does.
        is_listed: whether the navigation has it.
        under: the name of the page that the navigation marks for it, if not itself.
        badge: the function that returns the number beside its name in the navigation,
            0 for none, and in words what is counted.
        is_live: whether it is kept up to date.
        right: what one must have the right to, on any function, to be shown it in the
            navigation.
    """

    name: str
    path: str
    title: str
    load: Callable[[PageCall], Awaitable[Mapping[str, Any]]]
    parameters: tuple[Parameter, ...] = ()
    is_listed: bool = True
    under: str = ""
    badge: Callable[[PageCall], Awaitable[tuple[int, str]]] | None = None
    is_live: bool = True
    right: str = "see"

    @property
    def template(self) -> str:
        """Return the name of its template."""
        return f"pages/{self.name}.html"
