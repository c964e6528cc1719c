"""Which dead letters a command is to change."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator

import click

from geartrain.admin import Admin
from geartrain.errors import OptionError
from geartrain.texts import visible

__all__ = ["Selection", "agreed"]


class Selection:
    """Dead letters chosen by handle, by function and age, or all of them.

    Attributes:
        handles: the handles given; empty if they are chosen otherwise.
    """

    def __init__(
        self,
        handles: tuple[str, ...],
        function: str | None,
        everything: bool,
        older_than: float | None = None,
    ) -> None:
        """Check what was given.

        Raises:
            OptionError: it is nothing, or it contradicts itself.
        """
        filters = function is not None or older_than is not None
        if bool(handles) + everything + filters != 1:
            raise OptionError(
                "say which dead letters: by their handles, or by --function, or --all"
            )
        if function == "":
            raise OptionError("the function is empty: name one")
        self.handles = handles
        self._function = function
        self._older_than = older_than

    def __str__(self) -> str:
        function = "" if self._function is None else f" of {visible(self._function)}"
        return f"dead letters{function}"

    def find(self, admin: Admin) -> Iterator[str]:
        """Give the handles of those that are chosen."""
        if self.handles:
            yield from self.handles
            return
        latest = time.time() - (self._older_than or 0)
        for row in admin.dead_list(function=self._function):
            if self._older_than is None or (row.died or 0) <= latest:
                yield row.handle


def agreed(
    selection: Selection, admin: Admin, question: str, yes: bool
) -> Iterable[str]:
    """Return the handles that are chosen, once it is certain that they are meant.

    Whoever is at the terminal is asked unless they were named one by one.

    Raises:
        OptionError: there is nobody to ask.
        click.exceptions.Exit: the answer is no.
    """
    if yes or selection.handles:
        return selection.find(admin)
    if not sys.stdin.isatty():
        raise OptionError(f"this may change many {selection}: add --yes if it is meant")
    # What is counted is what will be changed, whatever dies meanwhile.
    handles = list(selection.find(admin))
    if handles:
        asked = question.format(f"{len(handles)} {selection}")
        if not click.confirm(asked, err=True):
            raise click.exceptions.Exit(1)
    return handles
