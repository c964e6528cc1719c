"""Columns of lists, whichever command shows them."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import geartrain.cli
import geartrain.top.pages
from geartrain.cli.listing import RowListing
from geartrain.top.page import Page

# How a module says what the rows of a list are.
_ROWS = re.compile(r"(?:RowListing|Page)\[(\w+)\]")


def lists() -> Iterator[tuple[str, RowListing[Any], type]]:
    """Give each list with the module it is in, and what its rows are."""
    for package in (geartrain.cli, geartrain.top.pages):
        for found in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            module = importlib.import_module(found.name)
            for name, annotation in getattr(module, "__annotations__", {}).items():
                row = _ROWS.fullmatch(str(annotation))
                kind = vars(module).get(row[1]) if row is not None else None
                if dataclasses.is_dataclass(kind) and isinstance(kind, type):
                    yield found.name, _listing(module, name), kind


def _listing(module: ModuleType, name: str) -> RowListing[Any]:
    found = getattr(module, name)
    return found.listing if isinstance(found, Page) else found


LISTS = [*lists()]


def test_most_lists_are_looked_at() -> None:
    rows = {row.__name__ for _, _, row in LISTS}
    assert rows >= {"ActionRow", "MarkRow", "JobRow", "ScheduleRow", "UpcomingRow"}
    assert len(LISTS) > 15


@pytest.mark.parametrize(("module", "listing", "row"), LISTS)
def test_a_row_that_names_its_node_has_a_column_for_it(
    module: str, listing: RowListing[Any], row: type
) -> None:
    titles = {column.title for column in listing.columns}
    if "node" in {each.name for each in dataclasses.fields(row)}:
        assert "NODE" in titles, module
        (node,) = (each for each in listing.columns if each.title == "NODE")
        assert node.is_rare, module
