"""Rows in a table that keeps its cells, its cursor and its widths."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from textual.app import App, ComposeResult
from textual.coordinate import Coordinate

from geartrain.admin import WorkerRow
from geartrain.top.pages import page_named
from geartrain.top.position import Position
from geartrain.top.sampler import Sample
from geartrain.top.table import RowTable
from geartrain.top.themes import DARK


class Alone(App[None]):
    """A table, and nothing else."""

    def compose(self) -> ComposeResult:
        self.register_theme(DARK)
        self.theme = DARK.name
        yield RowTable()


def sample_of(*names: str) -> Sample:
    page = page_named("workers")
    return Sample(
        wanted=Position(page).wanted(50),
        columns=page.listing.columns,
        rows=[
            WorkerRow(
                descriptor=sum(map(ord, name)),
                address="127.0.0.1",
                id=name,
                functions=("mail", "resize"),
                running=0,
            )
            for name in names
        ],
        has_more=False,
        notes=(),
        refusal="",
        nothing="",
        now=0.0,
        taken=0.0,
        seconds=0.0,
        version="",
        load={},
        total=None,
        problems=(),
    )


def test_cells_change_in_place_and_the_cursor_follows_its_row() -> None:
    async def main() -> None:
        app = Alone()
        async with app.run_test(size=(100, 20)) as pilot:
            table = app.query_one(RowTable)
            table.show(sample_of("a", "b", "c"))
            table.move_cursor(row=1)
            await pilot.pause()
            assert table.row.id == "b"
            table.show(sample_of("b", "c", "a", "d"))
            assert (table.cursor_row, table.row.id) == (0, "b")
            assert table.row_count == 4
            table.show(sample_of("c", "a"))
            assert table.row_count == 2
            assert table.row.id in ("a", "c")
            table.show(sample_of())
            assert table.row is None

    asyncio.run(main())


def test_columns_of_least_worth_go_first_and_names_are_cut() -> None:
    async def main() -> None:
        app = Alone()
        async with app.run_test(size=(120, 20)) as pilot:
            table = app.query_one(RowTable)
            table.show(sample_of("x" * 300))
            wide = [str(each.value) for each in table.columns]
            assert "since" in wide
            await pilot.resize_terminal(40, 10)
            table.redraw()
            narrow = [str(each.value) for each in table.columns]
            assert narrow == ["id", "kind", "running"]
            cell = table.get_cell_at(Coordinate(0, 0))
            assert cell.plain.endswith("…")
            assert sum(c.get_render_width(table) for c in table.columns.values()) <= 40

    asyncio.run(main())


def test_another_page_begins_at_its_top() -> None:
    async def main() -> None:
        app = Alone()
        async with app.run_test(size=(100, 20)):
            table = app.query_one(RowTable)
            first = sample_of("a", "b", "c")
            table.show(first)
            table.move_cursor(row=2)
            other = replace(first, wanted=Position(page_named("actions")).wanted(9))
            other = replace(other, columns=page_named("actions").listing.columns)
            table.show(replace(other, rows=()))
            table.show(sample_of("a", "b", "c"))
            assert table.cursor_row == 0

    asyncio.run(main())
