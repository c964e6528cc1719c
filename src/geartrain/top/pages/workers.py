"""The page of workers, and of connections that only submit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from geartrain.admin import Admin, WorkerRow
from geartrain.cli.columns import AGE, COUNT, NAME, PROSE, TEXT, WORD, Column
from geartrain.cli.listing import Ask, RowListing
from geartrain.errors import RefusedError
from geartrain.top.page import BAD, DIM, GOOD, Page, Story, Visit
from geartrain.top.search import asking_by, equal

__all__ = ["WORKERS"]

_TEXTS: Final = {"id": "id", "address": "address"}
_NUMBERS: Final = {"running": "running", "done": "succeeded", "failed": "failed"}


def _find(admin: Admin, ask: Ask, given: Mapping[str, Any]) -> Iterable[WorkerRow]:
    try:
        yield from admin.find_connections(
            kind=given.get("kind"), sort=ask.sort or "number", limit=ask.limit
        )
    except RefusedError as refusal:
        # By the words of a search gearmand cannot be asked.
        if given or not refusal.code.startswith("UNKNOWN_"):
            raise
        yield from sorted(admin.connections(), key=lambda row: not row.functions)


def _kind(row: WorkerRow) -> str:
    return row.kind or ("worker" if row.functions else "client")


def _unsuccessful(row: WorkerRow) -> int | None:
    """Return how many of its attempts failed, timed out, or went to others."""
    if row.failed is None or row.lost is None:
        return None
    return row.failed + row.lost


def _leads_to(row: WorkerRow) -> Visit | Story | None:
    """Return what it runs, if it runs something."""
    if not row.running:
        return None
    if row.running == len(row.jobs) == 1:
        return Story(row.jobs[0].handle)
    worker = row.address if row.id == "-" else f"{row.id} {row.address}"
    return Visit("jobs", f"state=running {equal('worker', worker)}")


WORKERS: Page[WorkerRow] = Page(
    name="workers",
    title="Workers",
    listing=RowListing(
        columns=(
            Column("ID", lambda row: row.id, NAME, worth=9),
            Column("NODE", lambda row: row.node, NAME, worth=4, is_rare=True),
            Column("KIND", _kind, WORD, worth=8),
            Column("RUNNING", lambda row: row.running, COUNT, worth=7),
            Column("DONE", lambda row: row.succeeded, COUNT, worth=5),
            Column("FAILED", _unsuccessful, COUNT, worth=4),
            Column("SINCE", lambda row: row.since, AGE, worth=2),
            Column("SILENT", lambda row: row.heard, AGE, worth=3),
            Column("ADDRESS", lambda row: row.address, TEXT, worth=6),
            Column("TLS", lambda row: "yes" if row.tls else None, WORD, worth=0),
            Column("FUNCTIONS", lambda row: row.functions or None, PROSE, worth=5),
        ),
        to_json=lambda row: {"id": row.id, "address": row.address},
        nothing="nobody is connected",
        key=lambda row: (row.node or "", row.number, row.descriptor, row.address),
        sort="running",
    ),
    find=_find,
    asks=asking_by("kind"),
    sorts={
        **{name: (order, f"-{order}") for name, order in _TEXTS.items()},
        **{name: (f"-{order}", order) for name, order in _NUMBERS.items()},
    },
    leads_to=_leads_to,
    detail=lambda row: " ".join(row.functions),
    tones={
        "kind": lambda row: GOOD if row.running else DIM,
        "failed": lambda row: BAD if _unsuccessful(row) else "",
    },
)
