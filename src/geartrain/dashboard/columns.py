"""Columns of tables: each is named once, for the header and for its cells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from markupsafe import Markup, escape

from geartrain.dashboard.shown import shown_value

__all__ = ["TableColumn"]


class TableColumn:
    """A column of a table; calling it makes a cell.

    >>> waiting = TableColumn("Waiting", is_number=True)
    >>> waiting("1,204")
    Markup('<td class="number" data-label="Waiting">1,204</td>')

    In a template a cell with more than a text in it is a ``call`` block::

        {% set name = column("Function", is_header=true) %}
        {% call name() %}<a href="…">{{ row.function|name }}</a>{% endcall %}

    Attributes:
        label: what its header says, and each cell where rows are shown as cards.
        sort: the value of the parameter ``sort`` that sorts by it; empty if none does.
        is_number: whether it has numbers, which stand at the right.
        is_header: whether its cells say what their row is about.
        hint: what the label means, shown for the header.
        is_hidden: whether its label is only read out.
    """

    def __init__(
        self,
        label: str,
        *,
        sort: str = "",
        is_number: bool = False,
        is_header: bool = False,
        hint: str = "",
        is_hidden: bool = False,
    ) -> None:
        self.label = label
        self.sort = sort
        self.is_number = is_number
        self.is_header = is_header
        self.hint = hint
        self.is_hidden = is_hidden

    def __call__(
        self,
        content: Any = "",
        *,
        kind: str = "",
        title: str = "",
        caller: Callable[[], Awaitable[str]] | None = None,
    ) -> Markup | Awaitable[Markup]:
        """Return a cell.

        Args:
            content: what is in it, unless it is a ``call`` block.
            kind: more classes of it, such as ``failed``.
            title: more about it.
            caller: the block.
        """
        if caller is not None:
            return self._called(caller, kind, title)
        return self._cell(escape(shown_value(content)), kind, title)

    async def _called(
        self, caller: Callable[[], Awaitable[str]], kind: str, title: str
    ) -> Markup:
        return self._cell(Markup(await caller()), kind, title)

    def _cell(self, content: Markup, kind: str, title: str) -> Markup:
        tag = "th" if self.is_header else "td"
        scope = Markup(' scope="row"') if self.is_header else ""
        classes = " ".join(filter(None, ["number" if self.is_number else "", kind]))
        named = Markup(' class="{}"').format(classes) if classes else ""
        more = Markup(' title="{}"').format(shown_value(title)) if title else ""
        is_told = not (self.is_hidden or self.is_header)
        label = Markup(' data-label="{}"').format(self.label) if is_told else ""
        return Markup("<{}{}{}{}{}>{}</{}>").format(
            tag, scope, named, label, more, content, tag
        )
