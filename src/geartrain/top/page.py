"""A page of the screen: what it lists, and what can be done to a row of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from geartrain.admin import Admin
from geartrain.cli.listing import Ask, RowListing
from geartrain.top.search import Asks

__all__ = [
    "BAD",
    "DIM",
    "GOOD",
    "STATUS_TONES",
    "WARN",
    "Action",
    "ActionTarget",
    "Page",
    "Story",
    "Value",
    "Visit",
]

# How a cell is meant; ``themes`` says how that looks. The text says it, too.
GOOD: Final = "success"
WARN: Final = "warning"
BAD: Final = "error"
DIM: Final = "dim"

STATUS_TONES: Final[Mapping[str, str]] = {
    "running": GOOD,
    "succeeded": GOOD,
    "dead": BAD,
    "failed": BAD,
    "retrying": WARN,
    "expired": WARN,
    "abandoned": WARN,
    "delayed": DIM,
    "scheduled": DIM,
    "blocked": DIM,
}
"""How the status of a job is meant; one that is ready has no tone."""

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Visit:
    """Another page, and what it is searched for."""

    page: str
    search: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """The details of one job."""

    handle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionTarget(Generic[_Row]):
    """What an action is done to.

    Attributes:
        row: the row that it is about; None for all that match.
        given: what these are found by: arguments of the job server, as of ``find``.
        value: what the operator gave, such as a priority.
    """

    row: _Row | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    value: str = ""

    @property
    def one(self) -> _Row:
        """The row that it is about."""
        assert self.row is not None
        return self.row


@dataclass(frozen=True, slots=True)
class Value:
    """Something that an action needs to be given.

    Attributes:
        question: what is asked.
        choices: what may be answered; empty for any name.
    """

    question: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Action(Generic[_Row]):
    """What an operator can do.

    Attributes:
        name: a name that no other action of the page has.
        key: the key for it.
        label: what the key does, in a word or two.
        question: what is to be confirmed; ``{count}`` in it is how many jobs that is.
        act: does it, and returns how many jobs it changed, if it tells.
        done: what has been done, as in ``3 jobs cancelled``.
        count: tells how many jobs it would change; None for a single thing.
        value: what it needs to be given.
        is_possible: whether it can be done to a row.
        bulk: it is done to all that are found, if the job server is asked by these
            arguments alone; None for what is done to one row.
        needs_search: whether it is not to be done to everything there is.
    """

    name: str
    key: str
    label: str
    question: Callable[[ActionTarget[_Row]], str]
    act: Callable[[Admin, ActionTarget[_Row]], int | None]
    done: str
    count: Callable[[Admin, ActionTarget[_Row]], int] | None = None
    value: Value | None = None
    is_possible: Callable[[_Row], bool] = lambda row: True
    bulk: frozenset[str] | None = None
    needs_search: bool = True


@dataclass(frozen=True, kw_only=True)
class Page(Generic[_Row]):
    """A list that is shown live.

    Attributes:
        name: as commands name it, such as ``jobs``.
        title: as people read it.
        listing: its columns, and how they are sorted; its ``key`` recognises a row.
        find: asks for the rows. The mapping has the arguments of ``asks`` that are
            searched for.
        asks: what the job server can be asked by.
        sorts: what it can sort by, by the name of the column: what is asked for the
            order of ``SortOrder``, and for the reverse; empty where it cannot.
        actions: what can be done.
        leads_to: where a row leads to, if anywhere.
        tones: how cells are meant, by the names of their columns.
        detail: returns the text of a row that is shown in full below the table.
        note: a sentence about what is listed; empty for none.
    """

    name: str
    title: str
    listing: RowListing[_Row]
    find: Callable[[Admin, Ask, Mapping[str, Any]], Iterable[_Row]]
    asks: Asks = lambda condition: None
    sorts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    actions: tuple[Action[_Row], ...] = ()
    leads_to: Callable[[_Row], Visit | Story | None] = lambda row: None
    tones: Mapping[str, Callable[[_Row], str]] = field(default_factory=dict)
    detail: Callable[[_Row], str] = lambda row: ""
    note: str = ""

    @property
    def sort(self) -> str:
        """The name of the column that it is sorted by at first; empty for none."""
        return self.listing.sort


AnyPage = Page[Any]
