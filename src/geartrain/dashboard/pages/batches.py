"""Batches: how far the jobs are that were submitted under one name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.page import AFTER, Page

__all__ = ["PAGE"]


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for a slice of them."""
    rows, more = await call.part(f"batches limit=50{call.filters('after')}")
    return {
        "rows": rows,
        "first": "after" in call.values,
        "more": more,
    }


PAGE: Final = Page(
    name="batches",
    path="/batches",
    title="Batches",
    load=load,
    parameters=(AFTER,),
)
