"""Where somebody is: a page, what it is searched for, and how it is sorted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from geartrain.top.page import AnyPage
from geartrain.top.sampler import Wanted
from geartrain.top.search import Search

__all__ = ["Position"]


@dataclass(frozen=True, slots=True)
class Position:
    """A page as somebody looks at it.

    Attributes:
        page: the page.
        search: what its rows must be like.
        sort: the name of the column that they are sorted by; None for the page's own.
        is_reverse: whether that is turned round.
    """

    page: AnyPage
    search: Search = field(default_factory=Search)
    sort: str | None = None
    is_reverse: bool = False

    def wanted(self, rows: int, search: Search | None = None) -> Wanted:
        """Return what is asked for it; of another search, if that is given."""
        return Wanted(
            page=self.page,
            search=self.search if search is None else search,
            sort=self.sort,
            is_reverse=self.is_reverse,
            rows=rows,
        )

    def sorted_next(self, step: int) -> Position:
        """Return it sorted by the next column, or the one before."""
        names = [None, *(column.name for column in self.page.listing.columns)]
        name = names[(names.index(self.sort) + step) % len(names)]
        return replace(self, sort=name, is_reverse=False)

    def sorted_by(self, name: str) -> Position:
        """Return it sorted by a column; the second time the other way round."""
        is_same = name == (self.sort or self.page.listing.sort)
        return replace(self, sort=name, is_reverse=is_same and not self.is_reverse)

    def reversed(self) -> Position:
        """Return it in the other order, if it has one."""
        if not (self.sort or self.page.listing.sort):
            return self
        return replace(self, is_reverse=not self.is_reverse)
