"""The page of the log of operators: who changed what."""

from __future__ import annotations

import dataclasses

from geartrain.admin import ActionRow
from geartrain.cli.columns import AGE, COUNT, MOMENT, NAME, PROSE, TEXT, WORD, Column
from geartrain.cli.listing import RowListing
from geartrain.top.page import Page
from geartrain.top.search import asking_by

__all__ = ["ACTIONS"]

ACTIONS: Page[ActionRow] = Page(
    name="actions",
    title="Log",
    listing=RowListing(
        columns=(
            Column("COMMAND", lambda row: row.command, WORD, worth=9),
            Column("AGE", lambda row: row.time, AGE, worth=8),
            Column("TIME", lambda row: row.time, MOMENT, worth=1),
            Column("FROM", lambda row: row.address, TEXT, worth=6),
            Column(
                "CLIENT", lambda row: None if row.client == "-" else row.client, TEXT
            ),
            Column("COUNT", lambda row: row.count, COUNT, worth=5),
            Column("ARGUMENTS", lambda row: row.arguments or None, PROSE, worth=7),
            Column("NODE", lambda row: row.node, NAME, worth=4, is_rare=True),
        ),
        to_json=dataclasses.asdict,
        nothing="no operator has changed anything",
        key=lambda row: (row.node, row.number),
    ),
    asks=asking_by("function"),
    detail=lambda row: row.arguments,
    find=lambda admin, ask, given: admin.actions(
        function=given.get("function"), limit=ask.limit
    ),
)
