"""The page of failures: jobs that failed lately, grouped by function and error."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from geartrain.admin import Admin, DeadGroupRow, FailureRow
from geartrain.cli.columns import AGE, COUNT, NAME, PROSE, WORD, Column
from geartrain.cli.listing import Ask, RowListing
from geartrain.texts import quoted
from geartrain.top.page import BAD, Action, ActionTarget, Page, Visit
from geartrain.top.search import asking_by, equal

__all__ = ["FAILURES"]

# Kinds of failures that are asked for, of dead letters and of others.
_MOST_KINDS: Final = 500
_Key = tuple[str, str, str]


@dataclass(slots=True)
class FailureGroup:
    """Jobs of a function that failed for good by errors of one kind.

    Attributes:
        function: its name.
        reason: how their last attempt ended.
        kind: what their errors have in common; empty if nothing was said.
        error: the line of the latest that says what went wrong.
        dead: how many dead letters these are.
        failed: how many failed, and are kept in the history alone.
        latest: when the last of them failed.
    """

    function: str
    reason: str
    kind: str
    error: str = ""
    dead: int = 0
    failed: int = 0
    latest: float = 0.0


def _find(admin: Admin, ask: Ask, given: Mapping[str, Any]) -> Iterable[FailureGroup]:
    function = given.get("function")
    groups: dict[_Key, FailureGroup] = {}
    for row in admin.dead_groups(function=function, limit=_MOST_KINDS):
        group = _group(groups, row)
        group.dead = row.count
    for failed in admin.failures(function=function, limit=_MOST_KINDS):
        if failed.state == "failed":
            group = _group(groups, failed)
            group.failed += failed.count
    return sorted(groups.values(), key=lambda group: -group.latest)


def _group(
    groups: dict[_Key, FailureGroup], row: DeadGroupRow | FailureRow
) -> FailureGroup:
    """Return the group that a row belongs to, with what is the latest of both."""
    key = (row.function, row.reason or "fail", row.kind or "")
    group = groups.setdefault(key, FailureGroup(*key))
    if row.last >= group.latest:
        group.latest, group.error = row.last, row.error or ""
    return group


def _filters(target: ActionTarget[FailureGroup]) -> dict[str, Any]:
    """Return what the job server finds the dead letters of a group by."""
    group = target.one
    return {
        "function": group.function,
        "reason": group.reason,
        "kind": group.kind or None,
    }


def _leads_to(group: FailureGroup) -> Visit:
    page = "dead" if group.dead else "history"
    conditions = [equal("function", group.function)]
    if group.kind:
        conditions.append(shlex.quote(f"kind={group.kind}"))
    if not group.dead:
        conditions.append("state=failed")
    return Visit(page, " ".join(conditions))


def _text(target: ActionTarget[FailureGroup]) -> str:
    group = target.one
    why = quoted(group.kind) if group.kind else group.reason
    return f"of {quoted(group.function)} with {why}"


def _has_dead(group: FailureGroup) -> bool:
    return group.dead > 0


def _object(group: FailureGroup) -> dict[str, Any]:
    return {name: getattr(group, name) for name in FailureGroup.__slots__}


FAILURES: Page[FailureGroup] = Page(
    name="failures",
    title="Failures",
    listing=RowListing(
        columns=(
            Column("FUNCTION", lambda row: row.function, NAME, worth=9),
            Column("DEAD", lambda row: row.dead, COUNT, worth=8),
            Column("FAILED", lambda row: row.failed, COUNT, worth=5),
            Column("LATEST", lambda row: row.latest, AGE, worth=6),
            Column("REASON", lambda row: row.reason, WORD, worth=4),
            Column("KIND", lambda row: row.kind or None, PROSE, worth=8),
        ),
        to_json=_object,
        nothing="nothing has failed",
        key=lambda row: (row.function, row.reason, row.kind),
    ),
    find=_find,
    asks=asking_by("function"),
    detail=lambda group: group.error,
    leads_to=_leads_to,
    note="of the latest 5,000 dead letters, and 20,000 jobs that ended",
    tones={
        "dead": lambda row: BAD if row.dead else "",
        "failed": lambda row: BAD if row.failed else "",
    },
    actions=(
        Action(
            name="retry",
            key="R",
            label="Retry all",
            question=lambda target: f"Run {{count}} {_text(target)} again?",
            act=lambda admin, target: admin.dead_retry_all(**_filters(target)),
            count=lambda admin, target: admin.dead_retry_all(
                **_filters(target), count=True
            ),
            done="run again",
            is_possible=_has_dead,
        ),
        Action(
            name="drop",
            key="x",
            label="Drop all",
            question=lambda target: (
                f"Delete {{count}} {_text(target)}? They are gone then."
            ),
            act=lambda admin, target: admin.dead_drop_all(**_filters(target)),
            count=lambda admin, target: admin.dead_drop_all(
                **_filters(target), count=True
            ),
            done="deleted",
            is_possible=_has_dead,
        ),
    ),
)
