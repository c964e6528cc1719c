"""Templates, rendered in steps short enough for the job server's event loop.

A table of a hundred rows takes 3 ms, and everybody's jobs would wait for it. So
templates are rendered by jinja's coroutines, which cost a third more, and each row of a
table calls ``breathe``: after a millisecond that lets the event loop go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from time import perf_counter
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from geartrain.dashboard.charts import chart_data
from geartrain.dashboard.columns import TableColumn
from geartrain.dashboard.shown import FILTERS, shown_value
from geartrain.dashboard.sparks import shares, spark

__all__ = ["Renderer", "breathe"]

# Seconds of work after which others on the event loop have their turn.
_STEP: Final = 0.001

_began = 0.0


async def breathe() -> str:
    """Let the event loop go on if it has waited for long; return nothing to see."""
    global _began
    if perf_counter() - _began > _STEP:
        await asyncio.sleep(0)
        _began = perf_counter()
    return ""


class Renderer:
    """The templates of all pages."""

    def __init__(self, **names: Any) -> None:
        """``names`` are what every template can use."""
        self._templates = Environment(
            loader=FileSystemLoader(str(files("geartrain.dashboard") / "templates")),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=shown_value,
            enable_async=True,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.filters.update(FILTERS)
        self._templates.globals.update(
            breathe=breathe,
            chart_data=chart_data,
            column=TableColumn,
            shares=shares,
            spark=spark,
            **names,
        )

    async def page(self, template: str, values: Mapping[str, Any]) -> bytes:
        """Return a page."""
        text, _ = await self._render(template, values, "layout.html")
        return _encoded(text)

    async def regions(self, template: str, values: Mapping[str, Any]) -> dict[str, str]:
        """Return the content of a page's regions, by their names."""
        _, regions = await self._render(template, values, "regions.html")
        return regions

    async def _render(
        self, template: str, values: Mapping[str, Any], layout: str
    ) -> tuple[str, dict[str, str]]:
        regions: dict[str, str] = {}

        async def region(
            name: str, *, caller: Callable[[], Awaitable[str]], tag: str = "div"
        ) -> Markup:
            """Mark a part of a page that is kept up to date."""
            regions[name] = await caller()
            return Markup('<{} id="region-{}" class="region">{}</{}>').format(
                tag, name, Markup(regions[name]), tag
            )

        found = self._templates.get_template(template)
        text = await found.render_async({**values, "layout": layout, "region": region})
        return text, regions


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
