"""The page of functions: their load, their rates, and what can be done to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import partial
from operator import itemgetter
from typing import Any, Final

from geartrain.admin import Admin, FunctionRow, StatisticsRow
from geartrain.cli.columns import COUNT, NAME, RATE, SECONDS, SPAN, WORD, Column
from geartrain.cli.filters import is_glob
from geartrain.cli.listing import Ask, RowListing
from geartrain.errors import RefusedError
from geartrain.texts import quoted
from geartrain.top.page import (
    BAD,
    DIM,
    GOOD,
    WARN,
    Action,
    ActionTarget,
    Page,
    Value,
    Visit,
)
from geartrain.top.search import asking_by, equal

__all__ = ["FUNCTIONS"]

# Seconds that a job may wait before its age is shown as a warning.
_OLD: Final = 60.0

_Row = dict[str, Any]

_KEYS: Final = (
    *("waiting", "held", "delayed", "running", "dead", "workers", "oldest"),
    *("in", "ok", "err", "wait50", "wait95", "run50", "run95"),
)

# What the job server sorts by, by the name of the column.
_SORTS: Final = {
    **{name: name for name in ("waiting", "held", "delayed", "running", "dead")},
    **{name: name for name in ("workers", "oldest")},
    "in/s": "recent.submitted",
    "ok/s": "recent.succeeded",
    "err/s": "recent.failures",
    "wait95": "recent.waited",
    "run95": "recent.ran",
}

_COLUMNS: Final[tuple[Column[_Row], ...]] = (
    Column("FUNCTION", itemgetter("function"), NAME, worth=9),
    Column("STATE", itemgetter("state"), WORD, worth=6),
    Column("WAITING", itemgetter("waiting"), COUNT, worth=8),
    Column("HELD", itemgetter("held"), COUNT, worth=2),
    Column("DELAYED", itemgetter("delayed"), COUNT, worth=2),
    Column("RUNNING", itemgetter("running"), COUNT, worth=7),
    Column("DEAD", itemgetter("dead"), COUNT, worth=5),
    Column("WORKERS", itemgetter("workers"), COUNT, worth=6),
    Column("OLDEST", itemgetter("oldest"), SPAN, worth=5),
    Column("IN/S", itemgetter("in"), RATE, worth=4),
    Column("OK/S", itemgetter("ok"), RATE, worth=4),
    Column("ERR/S", itemgetter("err"), RATE, worth=4),
    Column("WAIT50", itemgetter("wait50"), SECONDS, worth=1),
    Column("WAIT95", itemgetter("wait95"), SECONDS, worth=3),
    Column("RUN50", itemgetter("run50"), SECONDS, worth=1),
    Column("RUN95", itemgetter("run95"), SECONDS, worth=3),
)


def _find(admin: Admin, ask: Ask, given: Mapping[str, Any]) -> Iterable[_Row]:
    try:
        return [_measured(row) for row in _statistics(admin, ask, given)]
    except RefusedError as refusal:
        if refusal.code == "UNKNOWN_FUNCTION":
            return []
        # gearmand tells how many jobs and workers there are, and no more.
        rows = [_counted(row) for row in admin.functions()]
        return sorted(_matching(rows, given), key=partial(_key, ask.sort))


def _statistics(
    admin: Admin, ask: Ask, given: Mapping[str, Any]
) -> Iterable[StatisticsRow]:
    function = given.get("function")
    if function is not None and not is_glob(function):
        return [admin.statistics(function, over=1)]
    return admin.statistics_by_function(
        match=function, sort=ask.sort or "function", limit=ask.limit, over=1
    )


def _matching(rows: list[_Row], given: Mapping[str, Any]) -> list[_Row]:
    pattern = given.get("function", "*")
    return [row for row in rows if fnmatchcase(row["function"], pattern)]


def _key(order: str, row: _Row) -> Any:
    """Return what the rows of a server that does not sort are sorted by."""
    name = order.lstrip("-")
    if name == "function":
        return row["function"]
    value = row.get(name) or 0
    return (value if order.startswith("-") else -value, row["function"])


def _measured(row: StatisticsRow) -> _Row:
    recent = row.recent
    held = {"paused": row.paused, "draining": row.draining}
    measured = {
        **row.now,
        "in": row.rate("submitted"),
        "ok": row.rate("succeeded"),
        "err": sum(recent.failures.values()) / row.seconds,
        "wait50": recent.waited.p50,
        "wait95": recent.waited.p95,
        "run50": recent.ran.p50,
        "run95": recent.ran.p95,
    }
    names = [name for name, is_so in held.items() if is_so]
    return _row(row.function or "", measured, ", ".join(names))


def _counted(row: FunctionRow) -> _Row:
    counts = {"waiting": row.waiting, "running": row.running, "workers": row.workers}
    return _row(row.function, counts)


def _row(function: str, values: Mapping[str, float | None], held: str = "") -> _Row:
    row: _Row = {**dict.fromkeys(_KEYS), **values, "function": function}
    row["state"] = held or _activity(row)
    return row


def _activity(row: _Row) -> str:
    if row["running"]:
        return "busy"
    if not row["waiting"]:
        return "idle"
    return "waiting" if row["workers"] else "no worker"


_TONES: Final = {"no worker": BAD, "busy": GOOD, "waiting": WARN, "idle": DIM}


def _state_tone(row: _Row) -> str:
    return _TONES.get(row["state"], WARN)


def _age_tone(row: _Row) -> str:
    return WARN if (row["oldest"] or 0) > _OLD else ""


def _bad_if(name: str, row: _Row) -> str:
    return BAD if row[name] else ""


def _name(target: ActionTarget[_Row]) -> str:
    return str(target.one["function"])


def _is_held(row: _Row) -> bool:
    return "paused" in row["state"] or "draining" in row["state"]


FUNCTIONS: Page[_Row] = Page(
    name="functions",
    title="Functions",
    listing=RowListing(
        columns=_COLUMNS,
        to_json=dict,
        nothing="there are no functions yet: start a worker, or submit a job by"
        " geartrain submit FUNCTION",
        key=itemgetter("function"),
        sort="waiting",
    ),
    find=_find,
    asks=asking_by(globs=("function",)),
    sorts={
        "function": ("function", ""),
        **{name: (order, f"-{order}") for name, order in _SORTS.items()},
    },
    leads_to=lambda row: Visit("jobs", equal("function", row["function"])),
    tones={
        "state": _state_tone,
        "oldest": _age_tone,
        "dead": partial(_bad_if, "dead"),
        "err/s": partial(_bad_if, "err"),
    },
    actions=(
        Action(
            name="pause",
            key="p",
            label="Pause",
            question=lambda target: (
                f"Pause {quoted(_name(target))}? Workers get no more of its jobs;"
                " what runs goes on, and new jobs are taken."
            ),
            act=lambda admin, target: admin.pause(_name(target)),
            done="paused",
            is_possible=lambda row: "paused" not in row["state"],
        ),
        Action(
            name="resume",
            key="u",
            label="Resume",
            question=lambda target: f"Resume {quoted(_name(target))}?",
            act=lambda admin, target: admin.resume(_name(target)),
            done="resumed",
            is_possible=_is_held,
        ),
        Action(
            name="drain",
            key="d",
            label="Drain",
            question=lambda target: (
                f"Refuse new jobs of {quoted(_name(target))}? Those that wait or run"
                " are finished."
            ),
            act=lambda admin, target: admin.drain(_name(target)),
            done="draining",
            is_possible=lambda row: "draining" not in row["state"],
        ),
        Action(
            name="purge",
            key="x",
            label="Purge",
            question=lambda target: (
                f"Cancel {{count}} that wait of {quoted(_name(target))}?"
                " They are gone then."
            ),
            act=lambda admin, target: admin.purge(_name(target)),
            count=lambda admin, target: admin.purge(_name(target), count=True),
            done="cancelled",
        ),
        Action(
            name="move",
            key="m",
            label="Move",
            value=Value("Move its waiting jobs to which function?"),
            question=lambda target: (
                f"Move {{count}} that wait of {quoted(_name(target))} to"
                f" {quoted(target.value)}?"
            ),
            act=lambda admin, target: admin.move_all(
                target.value, function=_name(target)
            ),
            count=lambda admin, target: admin.move_all(
                target.value, function=_name(target), count=True
            ),
            done="moved",
        ),
        Action(
            name="priority",
            key="plus",
            label="Priority",
            value=Value(
                "Which priority for its waiting jobs?", ("high", "normal", "low")
            ),
            question=lambda target: (
                f"Give up to {{count}} that wait of {quoted(_name(target))}"
                f" {target.value} priority?"
            ),
            act=lambda admin, target: admin.prioritize_all(
                target.value, function=_name(target)
            ),
            count=lambda admin, target: admin.prioritize_all(
                target.value, function=_name(target), count=True
            ),
            done="changed",
        ),
        Action(
            name="run",
            key="n",
            label="Run now",
            question=lambda target: (
                f"Let {{count}} that are delayed of {quoted(_name(target))} run now?"
            ),
            act=lambda admin, target: admin.run_all(function=_name(target)),
            count=lambda admin, target: admin.run_all(
                function=_name(target), count=True
            ),
            done="due now",
        ),
    ),
)
