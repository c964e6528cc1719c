"""The page of functions: their load, their rates, and what can be done to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from operator import itemgetter
from typing import Any, Final

from geartrain.admin import Admin, FunctionRow, StatisticsRow
from geartrain.cli.columns import COUNT, NAME, RATE, SECONDS, SPAN, WORD, Column
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
from geartrain.top.search import equal

__all__ = ["FUNCTIONS"]

# With more functions than these, which of them are paused is not asked for.
_MOST_STATES: Final = 500
# Seconds that a job may wait before its age is shown as a warning.
_OLD: Final = 60.0

_Row = dict[str, Any]

_KEYS: Final = (
    *("waiting", "delayed", "running", "dead", "workers", "oldest"),
    *("in", "ok", "err", "wait50", "wait95", "run50", "run95"),
)

_COLUMNS: Final[tuple[Column[_Row], ...]] = (
    Column("FUNCTION", itemgetter("function"), NAME, worth=9),
    Column("STATE", itemgetter("state"), WORD, worth=6),
    Column("WAITING", itemgetter("waiting"), COUNT, worth=8),
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


def _find(admin: Admin, ask: Ask, equal: Mapping[str, str]) -> Iterable[_Row]:
    try:
        return _with_states(admin, _statistics(admin, ask))
    except RefusedError as refusal:
        if refusal.code == "UNKNOWN_FUNCTION":
            return []
        # gearmand tells how many jobs and workers there are, and no more.
        return [_row(each.function, _gauges(each)) for each in admin.functions()]


def _statistics(admin: Admin, ask: Ask) -> list[_Row]:
    if ask.function is not None:
        found = iter([admin.statistics(ask.function, over=1)])
    else:
        sort = ask.sort or "function"
        found = admin.statistics_by_function(sort=sort, limit=ask.limit, over=1)
    return [_row(row.function or "", _measured(row)) for row in found]


def _measured(row: StatisticsRow) -> _Row:
    recent = row.recent
    return {
        **row.now,
        "in": row.rate("submitted"),
        "ok": row.rate("succeeded"),
        "err": sum(recent.failures.values()) / row.seconds,
        "wait50": recent.waited.p50,
        "wait95": recent.waited.p95,
        "run50": recent.ran.p50,
        "run95": recent.ran.p95,
    }


def _gauges(row: FunctionRow) -> _Row:
    return {"waiting": row.waiting, "running": row.running, "workers": row.workers}


def _row(function: str, values: _Row) -> _Row:
    row = {**dict.fromkeys(_KEYS), "function": function, **values}
    is_stuck = not row["workers"] and (row["waiting"] or 0) > 0
    row["state"] = "no worker" if is_stuck else _activity(row)
    return row


def _activity(row: _Row) -> str:
    if row["running"]:
        return "busy"
    return "waiting" if row["waiting"] else "idle"


def _with_states(admin: Admin, rows: list[_Row]) -> Iterator[_Row]:
    """Say which functions are held, where that is cheap to ask."""
    held = {}
    if rows and len(rows) <= _MOST_STATES and _count(admin) <= _MOST_STATES:
        held = {each.function: each for each in admin.functions()}
    for row in rows:
        function = held.get(row["function"])
        if function is not None and (function.paused or function.draining):
            both = {"paused": function.paused, "draining": function.draining}
            row["state"] = ", ".join(name for name, is_so in both.items() if is_so)
        yield row


def _count(admin: Admin) -> int:
    return admin.statistics(over=1).functions or 0


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
        server_sorts=frozenset(
            {"function", "waiting", "delayed", "running", "dead", "workers", "oldest"}
        ),
    ),
    find=_find,
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
