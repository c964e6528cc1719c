"""A blocking client of the text protocol."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar
from urllib.parse import unquote

from geartrain.admin.connection import Connection, handle_word, word
from geartrain.admin.rows import (
    CounterRow,
    FunctionRow,
    JobRow,
    PolicyRow,
    Setting,
    StoreRow,
    WorkerRow,
    connection_row,
    counter_row,
    function_row,
    function_rows,
    job_row,
    policy_row,
    setting,
    setting_text,
    store_row,
    worker_rows,
)
from geartrain.errors import OptionError, RefusedError, UnknownJobError
from geartrain.seconds import FOREVER, Seconds, number, plain
from geartrain.transport.connect import DEFAULT_SERVER, Connector
from geartrain.transport.lines import MOST_LINE
from geartrain.transport.tls import Tls

if TYPE_CHECKING:
    from datetime import timedelta

__all__ = ["DEFAULT_SERVER", "Admin"]

# Rows asked for at a time, and commands sent before their answers are read.
_SLICE: Final = 1000
_WINDOW: Final = 500

_ONE_LINE: Final = frozenset(
    {
        "cancel",
        "create",
        "drop",
        "fail",
        "getpid",
        "maxqueue",
        "policy",
        "release",
        "retry",
        "shutdown",
        "verbose",
        "version",
    }
)

# Bytes of a row with a workload of up to 1 GiB, the default of --max-packet, whose
# bytes may take six characters each. Memory is taken as they come.
_MOST_WORKLOAD: Final = 8 * 1024**3

_UNKNOWN: Final = "UNKNOWN_JOB"

# So much of an error fits into a line of a command, percent-encoded.
_MOST_ERROR: Final = 6000
# Halves of characters that stand for no byte, as ``os.fsdecode`` makes some that do.
_HALVES: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")

_Row = TypeVar("_Row")


class Admin:
    """A connection to a running job server, for its text commands.

    Every method raises AdminError where the job server is lost, falls silent, or is
    none; after that nothing more can be asked. RefusedError, where it answers with an
    error, leaves the connection as it was. Names are text as in ``JobRow``.

    An answer has limits, whatever answers: 16 MiB a row (8 GiB for a workload), 256
    MiB in all, and 30 times the timeout.

    Attributes:
        unread: lines of the last list of functions or workers that could not be read.
    """

    def __init__(
        self,
        server: str | Connector = DEFAULT_SERVER,
        timeout: Seconds | None = 10.0,
        tls: Tls | None = None,
    ) -> None:
        """Connect to ``host:port`` (by TLS, if given), ``unix:/path`` or a connector.

        ``timeout`` is how many seconds connecting may take, and each line of an answer;
        None is without limit. In a child that was forked, the next call connects anew.

        Raises:
            AddressError: the text is no address.
            OptionError: the timeout is none, or a file of ``tls`` is wrong.
            AdminError: no job server answers there.
        """
        self._connection = Connection(server, timeout, tls)
        self.unread: list[str] = []
        self._unknown: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the job server; closing twice does nothing."""
        self._connection.close()

    def command(self, line: str) -> list[str]:
        """Send any text command and return its answer, without the last line's dot.

        Raises:
            OptionError: the text is not one line.
        """
        line = line.strip()
        words = line.lower().split()
        if not words or "\n" in line:
            raise OptionError(f"{line!r} is not one line with a command")
        if words[0] in _ONE_LINE or words[:2] in (["dead", "retry"], ["dead", "drop"]):
            return [self._ask(line)]
        return self._connection.rows(line)

    def jobs(
        self,
        *,
        function: str | None = None,
        state: str | None = None,
        unique: str | None = None,
        limit: int | None = None,
    ) -> Iterator[JobRow]:
        """Give the jobs of a function, state or unique, at most ``limit``.

        They are asked for slice by slice: one that changes its state meanwhile may be
        given twice, or not at all. Follow one such list at a time.

        Raises:
            OptionError: a filter is empty: it would let everything pass.
        """
        filters = {"function": function, "state": state, "unique": unique}
        return self._slices("jobs", filters, limit)

    def job(self, name: str) -> list[JobRow]:
        """Return the jobs with a handle, or else a unique, workloads included.

        Jobs of several functions may have the same unique. A handle may also be that
        of a dead letter.

        Raises:
            UnknownJobError: there is none.
        """
        # No job has a NUL in its name, and a line without its last word is wrong.
        return self._found(f"job {word(name) or '%00'}", name, "job")

    def cancel(self, handle: str) -> None:
        """End a job that waits or runs, or a schedule.

        Raises:
            UnknownJobError: there is none with this handle.
        """
        self._steer("cancel job", handle, "job or schedule")

    def release(self, handle: str) -> None:
        """Make a running job ready again, as if it had not been assigned.

        Raises:
            UnknownJobError: no job with this handle is running.
        """
        self._steer("release job", handle, "running job")

    def retry(self, handle: str, delay: Seconds = 0.0, error: str = "") -> None:
        """End a failed attempt and have another one, whatever the policy says.

        Args:
            handle: of a running job.
            delay: how many seconds it waits for that.
            error: what to keep as the reason; only some thousand bytes are.

        Raises:
            UnknownJobError: no job with this handle is running.
            OptionError: the delay is no number, or without end.
        """
        seconds = number(delay, "delay")
        if seconds >= FOREVER:
            raise OptionError(f"delay={delay!r}: the job would never run again")
        arguments = f" delay={seconds!r}{_error_argument(error)}"
        self._steer("retry job", handle, "running job", arguments)

    def fail(self, handle: str, reason: str, error: str = "") -> None:
        """End an attempt as the policy says.

        Args:
            handle: of a running job.
            reason: ``crash`` or ``timeout``.
            error: what to keep as the reason; only some thousand bytes are.

        Raises:
            UnknownJobError: no job with this handle is running.
        """
        arguments = f" reason={word(reason) or '%00'}{_error_argument(error)}"
        self._steer("fail job", handle, "running job", arguments)

    def dead_list(
        self, *, function: str | None = None, limit: int | None = None
    ) -> Iterator[JobRow]:
        """Give the dead letters of a function, or all, at most ``limit``.

        Raises:
            OptionError: the function is empty: it would let everything pass.
        """
        return self._slices("dead list", {"function": function}, limit)

    def dead_show(self, handle: str) -> JobRow:
        """Return a dead letter, its workload included.

        Raises:
            UnknownJobError: there is none with this handle.
        """
        line = f"dead show {handle_word(handle)}"
        return self._found(line, handle, "dead letter")[0]

    def dead_retry(self, handle: str) -> None:
        """Make a dead letter a job again.

        Raises:
            UnknownJobError: there is none with this handle.
        """
        self._steer("dead retry", handle, "dead letter")

    def dead_drop(self, handle: str) -> None:
        """Delete a dead letter.

        Raises:
            UnknownJobError: there is none with this handle.
        """
        self._steer("dead drop", handle, "dead letter")

    def dead_retry_each(self, handles: Iterable[str]) -> Iterator[tuple[str, bool]]:
        """Retry many, pipelined; give each handle, and False if there was none."""
        return self._steer_each("dead retry", handles)

    def dead_drop_each(self, handles: Iterable[str]) -> Iterator[tuple[str, bool]]:
        """Delete many, pipelined; give each handle, and False if there was none."""
        return self._steer_each("dead drop", handles)

    def policy(self, function: str) -> dict[str, Setting]:
        """Return the settings in force for a function."""
        answer = self._ask(f"policy {word(function)}")
        ok, *pairs = answer.split(" ")
        if ok != "OK" or not all("=" in pair for pair in pairs):
            raise self._connection.not_understood(answer)
        parted = (pair.split("=", 1) for pair in pairs)
        return {name: setting(unquote(value)) for name, value in parted}

    def set_policy(
        self, pattern: str, settings: Mapping[str, Setting | timedelta]
    ) -> None:
        """Set some settings of a function, or of all that a glob matches.

        Times are in seconds, or a ``timedelta``.
        Which settings there are is the job server's to know: it refuses others.
        """
        given = [
            f"{word(name)}={word(setting_text(plain(settings[name])))}"
            for name in settings
        ]
        self._ask(" ".join(["policy", word(pattern), *given]))

    def policies(self) -> list[PolicyRow]:
        """Return what was set, in the order in which it applies."""
        return self._read("show policies", policy_row)

    def counters(self) -> list[CounterRow]:
        """Return what has become of the jobs of each function."""
        return self._read("counters", counter_row)

    def store(self) -> StoreRow:
        """Return how the store is."""
        rows = self._read("store", store_row)
        if len(rows) != 1:
            raise self._connection.not_understood(repr(rows))
        return rows[0]

    def version(self) -> str:
        """Return the job server's version.

        Geartrain's is that of the gearmand it stands for, with its own behind a ``+``:
        ``2.0.0+geartrain-0.1.0``.
        """
        return self._ask("version").removeprefix("OK ")

    def functions(self) -> list[FunctionRow]:
        """Return all functions, with their jobs and workers.

        Of a server that sends names as they are, ``unread`` has the lines that are no
        rows.
        """
        found = self._read_if_known("show functions", function_row)
        if found is not None:
            return found
        status = self._connection.raw_rows("status")
        priorities = self._connection.raw_rows("prioritystatus")
        rows, self.unread = function_rows(status, priorities)
        return rows

    def workers(self) -> list[WorkerRow]:
        """Return all connections that serve a function; ``unread`` as of functions."""
        rows = self._read_if_known("show connections", connection_row)
        if rows is None:
            rows, self.unread = worker_rows(self._connection.raw_rows("workers"))
        return [row for row in rows if row.functions]

    def _read_if_known(
        self, line: str, read: Callable[[dict[str, Any]], _Row]
    ) -> list[_Row] | None:
        """Return the rows of a list; None where the job server does not know it."""
        self.unread = []
        if line in self._unknown:
            return None
        try:
            return self._read(line, read)
        except RefusedError:
            self._unknown.add(line)
            return None

    def _ask(self, line: str) -> str:
        (answer,) = self._connection.ask(line)
        return self._connection.checked(answer)

    def _read(
        self,
        line: str,
        read: Callable[[dict[str, Any]], _Row],
        most: int = MOST_LINE,
    ) -> list[_Row]:
        """Send a command that lists and read its rows."""
        return [self._row(each, read) for each in self._connection.objects(line, most)]

    def _row(
        self, values: dict[str, Any], read: Callable[[dict[str, Any]], _Row]
    ) -> _Row:
        try:
            return read(values)
        except (KeyError, TypeError, ValueError):
            raise self._connection.not_understood(repr(values)) from None

    def _slices(
        self, command: str, filters: Mapping[str, str | None], limit: int | None
    ) -> Iterator[JobRow]:
        """Give the rows of a list that comes in slices."""
        if limit is not None and type(limit) is not int:
            raise OptionError(f"limit={limit!r}: give a number of jobs, or None")
        given = []
        for name, value in filters.items():
            if value == "":
                raise OptionError(f"the {name} is empty: name one, or leave it out")
            if value is not None:
                given.append(f"{name}={word(value)}")
        return self._followed(" ".join([command, *given]), limit)

    def _followed(self, command: str, limit: int | None) -> Iterator[JobRow]:
        """Follow ``after`` from slice to slice."""
        left = limit
        line = command
        after = None
        while left is None or left > 0:
            most = _SLICE if left is None else min(left, _SLICE)
            rows = self._connection.objects(f"{line} limit={most}")
            before = after
            after = rows.pop()["after"] if rows and "after" in rows[-1] else None
            for row in rows:
                yield self._row(row, job_row)
            if after is None:
                return
            if after == before:
                raise self._connection.not_understood("the same slice again and again")
            line = f"{command} after={word(str(after))}"
            if left is not None:
                left -= len(rows)

    def _found(self, line: str, name: str, kind: str) -> list[JobRow]:
        """Look a job up by name."""
        try:
            rows = self._read(line, job_row, _MOST_WORKLOAD)
        except RefusedError as error:
            if error.code != _UNKNOWN:
                raise
            rows = []
        if not rows:
            raise UnknownJobError(name, kind)
        return rows

    def _steer(self, command: str, handle: str, kind: str, arguments: str = "") -> None:
        (answer,) = self._connection.ask(f"{command} {handle_word(handle)}{arguments}")
        if not self._was_there(answer):
            raise UnknownJobError(handle, kind)

    def _steer_each(
        self, command: str, handles: Iterable[str]
    ) -> Iterator[tuple[str, bool]]:
        """Send many commands before their answers are read."""
        remaining = iter(handles)
        while batch := list(islice(remaining, _WINDOW)):
            lines = [f"{command} {handle_word(handle)}" for handle in batch]
            answers = self._connection.ask(*lines)
            for handle, answer in zip(batch, answers, strict=True):
                yield handle, self._was_there(answer)

    def _was_there(self, answer: str) -> bool:
        try:
            self._connection.checked(answer)
        except RefusedError as error:
            if error.code != _UNKNOWN:
                raise
            return False
        return True


def _error_argument(error: str) -> str:
    """Return the argument that tells an error, cut to what a line holds."""
    if not error:
        return ""
    # It is there to be read: half a character in it keeps no attempt from its end.
    whole = _HALVES.sub("?", error[:_MOST_ERROR])
    encoded = word(whole.rstrip("\n"))[:_MOST_ERROR]
    # No escape may be cut in two.
    argument = re.sub(r"%.?$", "", encoded)
    return f" error={argument}" if argument else ""
