"""Columns of tables: each is named once, for the header and for its cells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from markupsafe import Markup, escape

from geartrain.dashboard.shown import NOTHING, shown_value

__all__ = ["TableColumn"]

# Numbers that say that there is nothing: they stand back, so that others stand out.
_NOTHING: Final = frozenset({"0", NOTHING})


class TableColumn:
    """A column of a table; calling it makes a cell.

    >>> waiting = TableColumn("Waiting", is_number=True)
    >>> waiting("1,204")
    Markup('<td data-label="Waiting" class="number">1,204</td>')

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
        # A page has hundreds of cells: what they have in common is made once.
        tag = "th" if is_header else "td"
        scope = ' scope="row"' if is_header else ""
        is_told = not (is_hidden or is_header)
        named = f' data-label="{escape(label)}"' if is_told else ""
        self._begin, self._end = f"<{tag}{scope}{named}", f"</{tag}>"

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
        content = shown_value(content)
        if self.is_number and not kind and content in _NOTHING:
            kind = "nothing"
        return self._cell(escape(content), kind, title)

    async def _called(
        self, caller: Callable[[], Awaitable[str]], kind: str, title: str
    ) -> Markup:
        return self._cell(Markup(await caller()), kind, title)

    def _cell(self, content: Markup, kind: str, title: str) -> Markup:
        # Markup.format takes ten times as long.
        classes = " ".join(filter(None, ["number" if self.is_number else "", kind]))
        named = f' class="{escape(classes)}"' if classes else ""
        more = f' title="{escape(shown_value(title))}"' if title else ""
        return Markup(f"{self._begin}{named}{more}>{content}{self._end}")
