"""The client of the text protocol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, Self, Unpack
from urllib.parse import unquote

from geartrain.admin.conditions import Conditions, LetterConditions, filters_of
from geartrain.admin.connection import AdminConnection, handle_word, word
from geartrain.admin.control import Control
from geartrain.admin.insight import Insight
from geartrain.admin.job_rows import JobRow, job_row
from geartrain.admin.lines import function_rows, worker_rows
from geartrain.admin.requests import error_argument
from geartrain.admin.rows import (
    FunctionRow,
    PolicyRow,
    ProblemRow,
    Setting,
    StoreRow,
    function_row,
    policy_row,
    problem_row,
    setting,
    setting_text,
    store_row,
)
from geartrain.admin.schedules import Schedules
from geartrain.admin.worker_rows import WorkerRow, connection_row
from geartrain.errors import OptionError
from geartrain.seconds import FOREVER, Seconds, number, plain
from geartrain.transport.connect import DEFAULT_SERVER, Connector
from geartrain.transport.tls import Tls
from geartrain.transport.tokens import GivenToken

if TYPE_CHECKING:
    from datetime import timedelta

__all__ = ["DEFAULT_SERVER", "Admin"]

# The first words of commands whose answer is one line and no list.
_ONE_LINE: Final = frozenset(
    {
        "cancel",
        "create",
        "drain",
        "drop",
        "fail",
        "getpid",
        "maxqueue",
        "move",
        "pause",
        "policy",
        "priority",
        "purge",
        "release",
        "resume",
        "retry",
        "run",
        "shutdown",
        "verbose",
        "version",
    }
)

# Of these the second word says so.
_VERBS: Final = {
    "dead": ("retry", "drop"),
    "schedule": ("add", "change", "run", "skip", "pause", "resume", "remove"),
}


class Admin(Insight, Control, Schedules):
    """A connection to a running job server, for its text commands.

    Every method raises AdminError if the job server is lost, falls silent, or turns
    out not to be one; after that nothing more can be asked. It raises RefusedError if
    the job server answers with an error; the connection stays usable. Names are text
    as in ``JobRow``.

    Answers are limited, so that no peer can fill memory: to 16 MiB a row (8 GiB with a
    workload), 256 MiB in all, and 30 times the timeout.

    Attributes:
        address: the address of the job server.
        unread: lines of the last list of functions or workers that could not be read.
    """

    def __init__(
        self,
        server: str | Connector = DEFAULT_SERVER,
        timeout: Seconds | None = 10.0,
        tls: Tls | None = None,
        token: GivenToken = None,
        *,
        span: str | None = None,
    ) -> None:
        """Connect to ``host:port`` (by TLS, if given), ``unix:/path`` or a connector.

        ``timeout`` is the maximum number of seconds for connecting, and for each line
        of an answer; None is no limit. After a fork the child connects anew at its
        next call. ``token`` is what the job server knows it by: a text, or the
        ``Path`` of a file; None is the file that GEARTRAIN_TOKEN_FILE names, if it
        does.

        Job servers that share a store answer for all of them. With ``span="local"`` the
        one alone is asked; ``span="all"`` is about all that it has links to, also where
        each has a store of its own.

        Raises:
            AddressError: the text is not an address.
            OptionError: the timeout is not a number, a file of ``tls`` is wrong, or
                ``span`` is none.
            AdminError: no job server answers there.
        """
        super().__init__(AdminConnection(server, timeout, tls, token, span))
        self.address = self._connection.address
        self.unread: list[str] = []

    @property
    def unanswered(self) -> Mapping[str, str]:
        """Return which job servers' rows are missing in the last list, and why."""
        return self._connection.unanswered

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
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
        if words[0] in _ONE_LINE or (
            words[1:2] and words[1] in _VERBS.get(words[0], ())
        ):
            return [self._requests.line(line)]
        return self._connection.rows(line)

    def jobs(
        self, *, limit: int | None = None, **conditions: Unpack[Conditions]
    ) -> Iterator[JobRow]:
        """Yield the jobs that meet some conditions, at most ``limit``.

        They are those that have not ended, unless ``state`` says otherwise.

        They are asked for slice by slice: a job that changes its state meanwhile may
        come twice, or not at all. Follow one such list at a time.

        Raises:
            OptionError: a filter is empty, and would let everything pass.
        """
        return self._requests.slices("jobs", filters_of(conditions), limit, job_row)

    def job(
        self, name: str, *, first: int | None = None, tail: bool = False
    ) -> list[JobRow]:
        """Return the jobs with a handle, or else a unique, workloads included.

        Jobs of several functions may have the same unique. The handle of a dead letter
        finds that, and that of a job which has ended what became of it.

        Args:
            name: the handle or the unique.
            first: bytes of the workload to return at most; all if it is None.
            tail: return the last of the data that it streams, too. The job server
                begins to keep them when they are first asked for, and stops some
                seconds after the last time.

        Raises:
            UnknownJobError: there is no such job.
        """
        # No job has a NUL in its name, and a line without its last word is wrong.
        line = f"job {word(name) or '%00'}"
        if first is not None:
            line += f" first={first}" if first else " workload=no"
        return self._requests.found(line + " tail=yes" * tail, name, "job")

    def cancel(self, handle: str) -> None:
        """Cancel a job that waits or runs, or a schedule.

        Raises:
            UnknownJobError: no job or schedule has this handle.
        """
        self._requests.change("cancel job", handle, "job or schedule")

    def release(self, handle: str) -> None:
        """Make a running job ready again, as if it had not been assigned.

        Raises:
            UnknownJobError: no job with this handle is running.
        """
        self._requests.change("release job", handle, "running job")

    def retry(self, handle: str, delay: Seconds = 0.0, error: str = "") -> None:
        """End a failed attempt, and run the job again whatever its policy says.

        Args:
            handle: of a running job.
            delay: seconds until it may run.
            error: the error to keep with the job; cut to some thousand bytes.

        Raises:
            UnknownJobError: no job with this handle is running.
            OptionError: the delay is not a number, or infinite.
        """
        seconds = number(delay, "delay")
        if seconds >= FOREVER:
            raise OptionError(f"delay={delay!r}: the job would never run again")
        arguments = f" delay={seconds!r}{error_argument(error)}"
        self._requests.change("retry job", handle, "running job", arguments)

    def fail(self, handle: str, reason: str, error: str = "") -> None:
        """Fail an attempt; the policy decides what follows.

        Args:
            handle: of a running job.
            reason: ``crash`` or ``timeout``.
            error: the error to keep with the job; cut to some thousand bytes.

        Raises:
            UnknownJobError: no job with this handle is running.
        """
        arguments = f" reason={word(reason) or '%00'}{error_argument(error)}"
        self._requests.change("fail job", handle, "running job", arguments)

    def dead_list(
        self,
        *,
        order: str | None = None,
        limit: int | None = None,
        **conditions: Unpack[LetterConditions],
    ) -> Iterator[JobRow]:
        """Yield the dead letters that meet some conditions, at most ``limit``.

        They come in the order of their numbers, or with ``order="newest"`` the other
        way round.

        Raises:
            OptionError: a condition is empty, and would let everything pass.
        """
        filters = {**filters_of(conditions), "order": order}
        return self._requests.slices("dead list", filters, limit, job_row)

    def dead_show(self, handle: str) -> JobRow:
        """Return a dead letter, its workload included.

        Raises:
            UnknownJobError: no dead letter has this handle.
        """
        line = f"dead show {handle_word(handle)}"
        return self._requests.found(line, handle, "dead letter")[0]

    def dead_retry(self, handle: str) -> None:
        """Run a dead letter again.

        Raises:
            UnknownJobError: no dead letter has this handle.
        """
        self._requests.change("dead retry", handle, "dead letter")

    def dead_drop(self, handle: str) -> None:
        """Delete a dead letter.

        Raises:
            UnknownJobError: no dead letter has this handle.
        """
        self._requests.change("dead drop", handle, "dead letter")

    def dead_retry_each(self, handles: Iterable[str]) -> Iterator[tuple[str, bool]]:
        """Run many again, pipelined; yield each handle and whether it was known."""
        return self._requests.change_each("dead retry", handles)

    def dead_drop_each(self, handles: Iterable[str]) -> Iterator[tuple[str, bool]]:
        """Delete many, pipelined; yield each handle and whether it was known."""
        return self._requests.change_each("dead drop", handles)

    def policy(self, function: str) -> dict[str, Setting]:
        """Return the settings in force for a function."""
        answer = self._requests.line(f"policy {word(function)}")
        ok, *pairs = answer.split(" ")
        if ok != "OK" or not all("=" in pair for pair in pairs):
            raise self._connection.not_understood(answer)
        parted = (pair.split("=", 1) for pair in pairs)
        return {name: setting(unquote(value)) for name, value in parted}

    def set_policy(
        self, pattern: str, settings: Mapping[str, Setting | timedelta]
    ) -> None:
        """Change settings of a function, or of all functions that a glob matches.

        Times are in seconds, or a ``timedelta``. An empty text takes back what was
        changed, so that the value in the job server's file holds again. The job server
        refuses settings that it does not know.
        """
        given = [
            f"{word(name)}={word(setting_text(plain(settings[name])))}"
            for name in settings
        ]
        self._requests.line(" ".join(["policy", word(pattern), *given]))

    def policies(self, function: str | None = None) -> list[PolicyRow]:
        """Return the settings of each pattern, in the order in which they apply.

        With ``function``, only those that apply to it.
        """
        of = "" if function is None else f" {word(function)}"
        return self._requests.rows(f"show policies{of}", policy_row)

    def store(self) -> StoreRow:
        """Return the state of the store."""
        return self._requests.one("store", store_row)

    def problems(self, limit: int | None = None) -> list[ProblemRow]:
        """Return what is wrong now, with all job servers that share a store.

        ``limit`` is how many functions are told of for each problem: those that have
        most of it, at each job server.
        """
        most = "" if limit is None else f" limit={limit}"
        return self._requests.rows(f"problems{most}", problem_row)

    def backup(self) -> None:
        """Have the job server copy its store into the store's folder.

        It goes on in the background; ``store`` tells the file and how it is.

        Raises:
            RefusedError: the job server was asked over the network, keeps jobs in
                memory, or is at it already.
        """
        self._requests.line("store backup")

    def version(self) -> str:
        """Return the job server's version.

        Geartrain answers with the version of gearmand that it replaces, and its own
        after a ``+``: ``2.0.0+geartrain-0.1.0``.
        """
        return self._requests.line("version").removeprefix("OK ")

    def functions(self) -> list[FunctionRow]:
        """Return all functions, with their jobs and workers.

        gearmand does not escape names: where one has a line break, ``unread`` may have
        lines that are part of no row.
        """
        self.unread = []
        found = self._requests.rows_if_known("show functions", function_row)
        if found is not None:
            return found
        status = self._connection.raw_rows("status")
        priorities = self._connection.raw_rows("prioritystatus")
        rows, self.unread = function_rows(status, priorities)
        return rows

    def function(self, name: str) -> FunctionRow:
        """Return one function, with its jobs and workers.

        Raises:
            RefusedError: there is no such function, or the job server is gearmand.
        """
        return self._requests.one(f"show functions {word(name)}", function_row)

    def workers(self) -> list[WorkerRow]:
        """Return the connections that serve a function.

        ``unread`` is filled as by ``functions``.
        """
        return [row for row in self.connections() if row.functions]

    def connections(self) -> list[WorkerRow]:
        """Return all connections, those of clients included.

        ``unread`` is filled as by ``functions``; ``find_connections`` asks for some.
        """
        self.unread = []
        rows = self._requests.rows_if_known("show connections", connection_row)
        if rows is None:
            rows, self.unread = worker_rows(self._connection.raw_rows("workers"))
        return rows
