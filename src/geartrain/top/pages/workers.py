"""The page of workers, and of connections that only submit."""

from __future__ import annotations

from geartrain.admin import WorkerRow
from geartrain.cli.columns import COUNT, NAME, PROSE, TEXT, WORD, Column
from geartrain.cli.listing import RowListing
from geartrain.top.page import DIM, GOOD, Page, Visit
from geartrain.top.search import equal

__all__ = ["WORKERS"]


def _state(row: WorkerRow) -> str:
    if not row.functions:
        return "client"
    if row.running is None:
        return "worker"
    return "busy" if row.running else "idle"


def _leads_to(row: WorkerRow) -> Visit | None:
    """Return the jobs that it runs, if that can be asked."""
    if not row.running:
        return None
    worker = row.address if row.id == "-" else f"{row.id} {row.address}"
    return Visit("jobs", f"state=running {equal('worker', worker)}")


WORKERS: Page[WorkerRow] = Page(
    name="workers",
    title="Workers",
    listing=RowListing(
        columns=(
            Column("ID", lambda row: row.id, NAME, worth=9),
            Column("STATE", _state, WORD, worth=8),
            Column("RUNNING", lambda row: row.running, COUNT, worth=6),
            Column("ADDRESS", lambda row: row.address, TEXT, worth=7),
            Column("CONNECTION", lambda row: row.descriptor, COUNT, worth=0),
            Column("FUNCTIONS", lambda row: row.functions or None, PROSE, worth=5),
        ),
        to_json=lambda row: {"id": row.id, "address": row.address},
        nothing="nobody is connected",
        key=lambda row: (row.descriptor, row.address),
    ),
    find=lambda admin, ask, equal: sorted(
        admin.connections(), key=lambda row: not row.functions
    ),
    leads_to=_leads_to,
    detail=lambda row: " ".join(row.functions),
    tones={"state": lambda row: GOOD if row.running else DIM},
)
