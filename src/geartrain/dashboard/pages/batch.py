"""The page of one batch: how far it is, and who waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from geartrain.admin.connection import word
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.page import Page
from geartrain.dashboard.searches import quoted_value
from geartrain.http.endpoints import in_path

__all__ = ["PAGE"]


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask how far it is."""
    (row,) = await call.ask(f"batch {word(call.values['batch'])}")
    search = f"batch:{quoted_value(row['name'])}"
    return {"title": row["name"], "row": row, "search": search}


PAGE: Final = Page(
    name="batch",
    path="/batches/{batch}",
    title="Batch",
    load=load,
    parameters=(in_path("batch", "The name of the batch", "news"),),
    is_listed=False,
    under="batches",
)
