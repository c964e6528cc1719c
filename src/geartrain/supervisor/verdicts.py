"""What the job servers are told about the jobs of a process that is dead.

A process made for that tells them, so that the parent waits for no network. While it
lives it holds the dead process's connections open: the reason comes first, the end of
the connection after it.
"""

from __future__ import annotations

import logging
import os
import signal
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from geartrain.admin.client import Admin
from geartrain.errors import AdminError, OptionError, RefusedError, UnknownJobError
from geartrain.server.logs import flush_logs
from geartrain.supervisor.board import JobAtHand
from geartrain.supervisor.child import reset_signals
from geartrain.supervisor.command import exit_text
from geartrain.supervisor.process import HANDLED, Closable, Connection, Process

__all__ = ["Verdict", "fork_reporter", "verdicts_on"]

# How long a job server may be silent before it is not told at all.
_PATIENCE = 5.0
_log = logging.getLogger("geartrain.supervisor")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What becomes of one job.

    Attributes:
        handle: the job's.
        reason: ``crash`` or ``timeout``; empty if the job goes back to its queue
            without having cost an attempt.
        error: what is kept with the job.
    """

    handle: str
    connection: int
    reason: str = ""
    error: str = ""


def verdicts_on(process: Process, status: int, now: float) -> list[Verdict]:
    """Judge the jobs at hand of a process that ended with ``status``."""
    verdicts = []
    for job in process.board.jobs():
        reason, error = _judge(process, job, status, now)
        handle = os.fsdecode(job.handle)
        verdicts.append(
            Verdict(
                handle=handle, connection=job.connection, reason=reason, error=error
            )
        )
    return verdicts


def _judge(
    process: Process, job: JobAtHand, status: int, now: float
) -> tuple[str, str]:
    """Return the reason and the error; empty for a job that is not to blame."""
    if process.is_killed and job.is_overdue(now):
        return "timeout", f"ran longer than {job.limit:g} s: its process was killed"
    if process.misdeed:
        return "crash", f"its process was killed: {process.misdeed}"
    if process.exit_status:
        # A handler has ended the process; what it left running was killed later.
        return "crash", exit_text(process.exit_status)
    if process.is_killed or (process.leaves and status == 0):
        return "", ""
    return "crash", exit_text(status)


def fork_reporter(
    process: Process, verdicts: list[Verdict], others: Iterable[Closable]
) -> int:
    """Tell the job servers in a process of its own; return its number.

    Raises:
        OSError: the system has no room for another process.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
    try:
        pid = os.fork()
        if pid == 0:
            _be_reporter(process, verdicts, others)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
    return pid


def _be_reporter(
    process: Process, verdicts: list[Verdict], others: Iterable[Closable]
) -> NoReturn:
    try:
        reset_signals()
        # What was begun here is done, even if all are told to end.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for other in others:
            if other is not process:
                other.close()
        _report(process.connections, verdicts)
    finally:
        flush_logs()
        os._exit(0)


def _report(connections: dict[int, Connection], verdicts: list[Verdict]) -> None:
    """Tell each job server about its jobs."""
    parted: dict[int, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.connection in connections:
            parted[verdict.connection].append(verdict)
    for number, given in parted.items():
        connection = connections[number]
        try:
            with _admin(connection) as admin:
                for verdict in given:
                    _tell(admin, verdict)
        except (AdminError, OptionError) as error:
            _log.warning("%s is not told about lost jobs: %s", connection.server, error)


def _admin(connection: Connection) -> Admin:
    if connection.tls is None:
        return Admin(connection.server, _PATIENCE)
    from geartrain.transport.tls import Tls

    return Admin(connection.server, _PATIENCE, tls=Tls(**connection.tls))


def _tell(admin: Admin, verdict: Verdict) -> None:
    """Tell about one job; it may have ended in the last moment."""
    try:
        if verdict.reason:
            admin.fail(verdict.handle, verdict.reason, verdict.error)
        else:
            admin.release(verdict.handle)
    except UnknownJobError:
        _log.debug("%s had ended", verdict.handle)
    except RefusedError as error:
        # A job server without these commands sees the connection end, and does
        # what it does then.
        _log.debug("%s: %s", verdict.handle, error)
