"""What a job server can be asked: each command, and how its answer is read."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, TypeVar

from geartrain.admin.connection import AdminConnection, handle_word, word
from geartrain.admin.job_rows import JobRow, job_row
from geartrain.admin.results import UNENDED, ResultRow, result_row
from geartrain.errors import OptionError, RefusedError, UnknownJobError
from geartrain.transport.lines import MOST_LINE

__all__ = ["Requests", "error_argument"]

# Rows of a list that one command asks for.
_SLICE: Final = 1000
# Jobs of the store that one command about many looks at: it takes about a second.
_SWEPT: Final = 20_000
# Commands sent before their answers are read.
_PIPELINED: Final = 500
# Bytes of a row with a workload of 1 GiB, the default of --max-packet: in JSON a byte
# may take six characters. Memory is taken only as they arrive.
_MAX_ROW_WITH_WORKLOAD: Final = 8 * 1024**3
# Bytes of an error, percent-encoded, that fit into a command's line.
_MAX_ERROR: Final = 6000
# Lone surrogates that stand for no byte, unlike those of ``os.fsdecode``.
_HALVES: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")

_UNKNOWN_JOB: Final = "UNKNOWN_JOB"

_Row = TypeVar("_Row")


class Requests:
    """The requests of an ``Admin``, one at a time on its connection.

    Every method raises what ``Admin`` raises.

    Attributes:
        on_count: called by ``count`` between slices, with the jobs so far.
    """

    def __init__(self, connection: AdminConnection) -> None:
        self.on_count: Callable[[int], None] | None = None
        self._connection = connection
        self._unknown: set[str] = set()

    def line(self, command: str) -> str:
        """Send a command with an answer of one line; return it."""
        (answer,) = self._connection.ask(command)
        return self._connection.checked(answer)

    def rows(
        self,
        command: str,
        read: Callable[[dict[str, Any]], _Row],
        max_row: int = MOST_LINE,
    ) -> list[_Row]:
        """Send a command that lists; return its rows as ``read`` reads them."""
        objects = self._connection.objects(command, max_row)
        return [self._row(each, read) for each in objects]

    def one(
        self,
        command: str,
        read: Callable[[dict[str, Any]], _Row],
        max_row: int = MOST_LINE,
    ) -> _Row:
        """Send a command that lists one row; return it."""
        rows = self.rows(command, read, max_row)
        if len(rows) != 1:
            raise self._connection.not_understood(repr(rows))
        return rows[0]

    def rows_if_known(
        self, command: str, read: Callable[[dict[str, Any]], _Row]
    ) -> list[_Row] | None:
        """Return the rows of a list; None where the job server does not know it."""
        if command in self._unknown:
            return None
        try:
            return self.rows(command, read)
        except RefusedError:
            self._unknown.add(command)
            return None

    def found(self, command: str, name: str, kind: str) -> list[JobRow]:
        """Return jobs, workloads included; raise UnknownJobError if there is none."""
        try:
            rows = self.rows(command, job_row, _MAX_ROW_WITH_WORKLOAD)
        except RefusedError as error:
            if error.code != _UNKNOWN_JOB:
                raise
            rows = []
        if not rows:
            raise UnknownJobError(name, kind)
        return rows

    def result(self, handle: str, seconds: float) -> ResultRow:
        """Ask how a job ended; wait up to some seconds for that.

        It is asked again before the job server would seem to be silent.
        """
        patience = self._connection.patience
        end = time.monotonic() + seconds
        while True:
            left = min(max(0.0, end - time.monotonic()), patience)
            line = f"result {handle_word(handle)} timeout={left:.3f}"
            row = self.one(line, result_row, _MAX_ROW_WITH_WORKLOAD)
            if row.state not in UNENDED or time.monotonic() >= end:
                return row

    def slices(
        self,
        command: str,
        filters: Mapping[str, str | None],
        limit: int | None,
        read: Callable[[dict[str, Any]], _Row | None],
    ) -> Iterator[_Row]:
        """Yield the rows of a list that is asked for slice by slice, as ``read`` does.

        What it reads as None is left out.
        """
        if limit is not None and type(limit) is not int:
            raise OptionError(f"limit={limit!r}: give a number of jobs, or None")
        return self._sliced(_filtered(command, filters), limit, read)

    def count(
        self, command: str, filters: Mapping[str, str | None], is_counting: bool
    ) -> int:
        """Send a command about many jobs, slice by slice; return how many these were.

        Where the job server says where to go on, it is asked to.
        """
        line = _filtered(command, filters) + " count=yes" * is_counting
        total, after = 0, ""
        while True:
            answer = self.line(f"{line} limit={_SWEPT}{after}")
            ok, count, *following = answer.split(" ")
            if ok != "OK" or not count.isdigit() or len(following) > 1:
                raise self._connection.not_understood(answer)
            total += int(count)
            if not following:
                return total
            if self.on_count is not None:
                self.on_count(total)
            after = f" after={following[0]}"

    def change(self, command: str, handle: str, kind: str, arguments: str = "") -> None:
        """Send a command about one job; raise UnknownJobError if there is none."""
        line = f"{command} {handle_word(handle)}{arguments}"
        (answer,) = self._connection.ask(line)
        if not self._was_known(answer):
            raise UnknownJobError(handle, kind)

    def change_each(
        self, command: str, handles: Iterable[str]
    ) -> Iterator[tuple[str, bool]]:
        """Send a command about many jobs; yield each handle and whether it was known.

        Many are sent before the first answer is read.
        """
        remaining = iter(handles)
        while batch := list(islice(remaining, _PIPELINED)):
            lines = [f"{command} {handle_word(handle)}" for handle in batch]
            answers = self._connection.ask(*lines)
            for handle, answer in zip(batch, answers, strict=True):
                yield handle, self._was_known(answer)

    def _sliced(
        self,
        command: str,
        limit: int | None,
        read: Callable[[dict[str, Any]], _Row | None],
    ) -> Iterator[_Row]:
        """Follow ``after``, which ends each slice but the last."""
        left = limit
        line = command
        after = None
        while left is None or left > 0:
            size = _SLICE if left is None else min(left, _SLICE)
            rows = self._connection.objects(f"{line} limit={size}")
            before = after
            after = rows.pop()["after"] if rows and "after" in rows[-1] else None
            found = [row for each in rows if (row := self._row(each, read)) is not None]
            yield from found
            if after is None:
                return
            if after == before:
                raise self._connection.not_understood("the same slice again and again")
            line = f"{command} after={word(str(after))}"
            if left is not None:
                left -= len(found)

    def _row(
        self, values: dict[str, Any], read: Callable[[dict[str, Any]], _Row]
    ) -> _Row:
        try:
            return read(values)
        except (KeyError, TypeError, ValueError):
            raise self._connection.not_understood(repr(values)) from None

    def _was_known(self, answer: str) -> bool:
        try:
            self._connection.checked(answer)
        except RefusedError as error:
            if error.code != _UNKNOWN_JOB:
                raise
            return False
        return True


def _filtered(command: str, filters: Mapping[str, str | None]) -> str:
    """Return a command with those filters that are given.

    Raises:
        OptionError: one is empty, and would let everything pass.
    """
    given = []
    for name, value in filters.items():
        if value == "":
            raise OptionError(f"the {name} is empty: name one, or leave it out")
        if value is not None:
            given.append(f"{name}={word(value)}")
    return " ".join([command, *given])


def error_argument(error: str) -> str:
    """Return a command's argument with an error, cut to what a line holds."""
    if not error:
        return ""
    # People read it. A lone surrogate must not keep the attempt from ending.
    whole = _HALVES.sub("?", error[:_MAX_ERROR])
    encoded = word(whole.rstrip("\n"))[:_MAX_ERROR]
    # No escape may be cut in two.
    argument = re.sub(r"%.?$", "", encoded)
    return f" error={argument}" if argument else ""
