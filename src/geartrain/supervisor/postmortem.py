"""Report the jobs of a dead process to the job servers, with the reason of its death.

A process forked for it does the reporting, so that the parent never waits for the
network. It holds the dead process's connections open until it is done: a job server
gets the reason before it sees the connection end.
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
from geartrain.supervisor.child import reset_signals
from geartrain.supervisor.command import exit_text
from geartrain.supervisor.process import HANDLED, Closable, HeldConnection, Process
from geartrain.supervisor.scoreboard import JobAtHand

__all__ = ["Verdict", "fork_reporter", "judge"]

# Seconds that a job server may take to answer.
_PATIENCE = 5.0
_log = logging.getLogger("geartrain.supervisor")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a job server is told about one job.

    Attributes:
        handle: the handle of the job.
        connection: the number of the connection it came on.
        reason: ``crash`` or ``timeout``; empty if the job goes back to its queue
            without having cost an attempt.
        error: the error to keep with the job.
    """

    handle: str
    connection: int
    reason: str = ""
    error: str = ""


def judge(process: Process, status: int, now: float) -> list[Verdict]:
    """Return the verdicts on the jobs of a process that ended with ``status``."""
    verdicts = []
    for job in process.scoreboard.jobs():
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
    """Return reason and error; both are empty for a job that is not to blame."""
    if process.is_killed and job.is_overdue(now):
        return "timeout", f"ran longer than {job.limit:g} s: its process was killed"
    if process.violation:
        return "crash", f"its process was killed: {process.violation}"
    if process.exit_status:
        # A handler has ended the process. What it left running was killed later.
        return "crash", exit_text(process.exit_status)
    if process.is_killed or (process.leaves and status == 0):
        return "", ""
    return "crash", exit_text(status)


def fork_reporter(
    process: Process, verdicts: list[Verdict], others: Iterable[Closable]
) -> int:
    """Report to the job servers from a process of its own; return its number.

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
        # It finishes even if all processes of the service are told to end.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for other in others:
            if other is not process:
                other.close()
        _report(process.connections, verdicts)
    finally:
        flush_logs()
        os._exit(0)


def _report(connections: dict[int, HeldConnection], verdicts: list[Verdict]) -> None:
    """Report to each job server its own jobs."""
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
            _log.warning(
                "cannot report lost jobs to %s: %s",
                connection.server,
                error,
                extra={"action": "report_failed"},
            )


def _admin(connection: HeldConnection) -> Admin:
    token = connection.given_token()
    if connection.tls is None:
        return Admin(connection.server, _PATIENCE, token=token)
    from geartrain.transport.tls import Tls

    tls = Tls(**connection.tls)
    return Admin(connection.server, _PATIENCE, tls=tls, token=token)


def _tell(admin: Admin, verdict: Verdict) -> None:
    """Report one job; it may have ended at the last moment."""
    try:
        if verdict.reason:
            admin.fail(verdict.handle, verdict.reason, verdict.error)
        else:
            admin.release(verdict.handle)
    except UnknownJobError:
        _log.debug("%s had ended", verdict.handle, extra={"action": "report_refused"})
    except RefusedError as error:
        # A job server without these commands treats the end of the connection as
        # gearmand does.
        _log.debug("%s: %s", verdict.handle, error, extra={"action": "report_refused"})
