"""``geartrain worker``: run workers in supervised processes."""

from __future__ import annotations

import logging
import math
import sys
from typing import Any

import click

from geartrain.cli.common import CONTEXT
from geartrain.cli.values import Whole, port, size
from geartrain.errors import AddressError
from geartrain.server.logs import LEVELS, LogTarget, PlainFormatter, open_logs
from geartrain.supervisor.options import Limits, Options
from geartrain.supervisor.status import Status, StatusLine, StatusLog
from geartrain.supervisor.supervisor import Supervisor
from geartrain.supervisor.targets import CommandTarget, Target, module_target
from geartrain.transport.address import Address, parse_address
from geartrain.transport.connect import connectors
from geartrain.transport.tls import Tls

__all__ = ["worker"]


class _TerminalFormatter(PlainFormatter):
    """Logs over the status line, which is drawn again below."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with what clears the line it is written on."""
        return f"\r\x1b[K{super().format(record)}"


class _Seconds(click.ParamType[float]):
    """A number of seconds: ``30`` or ``0.5``."""

    name = "seconds"

    def __init__(self, *, zero: bool = False) -> None:
        self._zero = zero

    def convert(
        self, value: Any, param: click.Parameter | None, context: click.Context | None
    ) -> float:
        """Return the number; fail with what it has to be."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = -1.0
        if math.isfinite(seconds) and (seconds > 0 or (self._zero and seconds == 0)):
            return seconds
        self.fail(f"{value!r} is not a number of seconds: write 30 or 0.5", param)


def _address(text: str) -> Address:
    """Read a port, or a host and a port.

    Raises:
        click.BadParameter: it is neither.
    """
    if ":" not in text:
        return Address(port=port(text))
    try:
        address = parse_address(text, -1)
    except AddressError as error:
        raise click.BadParameter(str(error)) from None
    if address.port < 0 or address.path:
        raise click.BadParameter(f"{text!r} is not a port or host:port")
    return address


_FLAGS = (
    click.Argument(["modules"], nargs=-1, metavar="[MODULE[:NAME]]..."),
    click.Option(
        ["--exec", "commands"],
        multiple=True,
        metavar="NAME=COMMAND",
        help="Run a shell command for each job of a function: the workload on its"
        " stdin, the result from its stdout. May be repeated.",
    ),
    click.Option(
        ["--server", "servers"],
        multiple=True,
        metavar="ADDRESS",
        help="A job server: host:port or unix:/path. May be repeated.  [default: the"
        " worker's own, GEARMAN_SERVERS, 127.0.0.1:4730]",
    ),
    click.Option(
        ["--processes"],
        type=Whole(1, 1024),
        default=1,
        show_default=True,
        help="How many processes run each worker.",
    ),
    click.Option(
        ["--concurrency"],
        type=Whole(1, 1024),
        help="Jobs at once in each process.  [default: the worker's own, 1]",
    ),
    click.Option(
        ["--prefetch"],
        type=Whole(0, 1024),
        help="Jobs each process takes ahead: for short jobs.  [default: the worker's"
        " own, 0]",
    ),
    click.Option(
        ["--job-timeout"],
        type=_Seconds(),
        help="Kill the process of a job that runs longer; the job fails.",
    ),
    click.Option(
        ["--max-jobs"],
        type=Whole(1),
        help="Replace a process after this number of jobs.",
    ),
    click.Option(
        ["--max-seconds"],
        type=_Seconds(),
        help="Replace a process of this age, between jobs.",
    ),
    click.Option(
        ["--max-memory"],
        type=size,
        metavar="SIZE",
        help="Replace a process that has grown larger, between jobs: 200M, 1G.",
    ),
    click.Option(
        ["--grace"],
        type=_Seconds(zero=True),
        default="25",
        show_default=True,
        help="How long jobs at hand may take at a stop; then they go back.",
    ),
    click.Option(
        ["--watch"],
        is_flag=True,
        help="Reload when a loaded module's file changes, for development.",
    ),
    click.Option(
        ["--liveness-file"],
        default="",
        metavar="PATH",
        help="Touch this file every second while all is well.",
    ),
    click.Option(
        ["--liveness-port"],
        type=_address,
        metavar="[HOST:]PORT",
        help="Answer HTTP requests with 200 while all is well, else with 503; of"
        " /ready, while each worker has a connection to a job server.",
    ),
    click.Option(
        ["--tls"],
        is_flag=True,
        envvar="GEARTRAIN_TLS",
        show_envvar=True,
        help="Speak TLS with the job servers; so do the next three.",
    ),
    click.Option(
        ["--tls-ca"],
        default="",
        envvar="GEARTRAIN_TLS_CA",
        show_envvar=True,
        metavar="PATH",
        help="Authorities that sign their certificates (PEM).  [default: the system's]",
    ),
    click.Option(
        ["--tls-cert"],
        default="",
        envvar="GEARTRAIN_TLS_CERT",
        show_envvar=True,
        metavar="PATH",
        help="The certificate to show them (PEM), if they demand one.",
    ),
    click.Option(
        ["--tls-key"],
        default="",
        envvar="GEARTRAIN_TLS_KEY",
        show_envvar=True,
        metavar="PATH",
        help="The private key of --tls-cert.  [default: in the same file]",
    ),
    click.Option(
        ["--log-level"],
        type=click.Choice(list(LEVELS), case_sensitive=False),
        default="INFO",
        show_default=True,
        help="Minimum level to log.",
    ),
)


def run_workers(**flags: Any) -> None:
    """Run workers in supervised processes.

    NAME is a Worker, an AsyncWorker or a function that returns one; without it the
    only worker of the module is run, or the one called worker. The current
    folder is searched for modules first.

    A process that crashes is started again, and the job server told what its job
    died of. SIGTERM and SIGINT finish the jobs at hand and stop, a second one at
    once; SIGHUP replaces the processes one after another with ones that load the
    code anew.
    """
    options = _options(flags)
    # It is None where the parent has closed it.
    on_terminal = sys.stderr is not None and sys.stderr.isatty()
    status: Status = StatusLine(2) if on_terminal else StatusLog()
    formatter = _TerminalFormatter() if on_terminal else PlainFormatter()
    logs = open_logs(LogTarget(level=flags["log_level"], formatter=formatter))
    try:
        with logs.telling():
            Supervisor(options, status).run()
    finally:
        logs.close()


worker = click.Command(
    "worker",
    params=list(_FLAGS),
    callback=run_workers,
    help=run_workers.__doc__,
    short_help="Run workers in supervised processes.",
    context_settings=CONTEXT,
)


def _options(flags: dict[str, Any]) -> Options:
    """Turn the flags into what the supervisor is told."""
    tls = _tls(flags)
    # One that is wrong is told once and here, not by every process.
    connectors(flags["servers"] or None, tls)
    return Options(
        targets=_targets(flags),
        processes=flags["processes"],
        servers=flags["servers"],
        tls=tls,
        concurrency=flags["concurrency"],
        prefetch=flags["prefetch"],
        limits=Limits(
            jobs=flags["max_jobs"],
            seconds=flags["max_seconds"],
            memory=flags["max_memory"],
            job_seconds=flags["job_timeout"],
        ),
        grace=flags["grace"],
        watch=flags["watch"],
        liveness_file=flags["liveness_file"],
        liveness=flags["liveness_port"],
    )


def _targets(flags: dict[str, Any]) -> tuple[Target, ...]:
    """Read what to run; there has to be something."""
    targets: list[Target] = [module_target(text) for text in flags["modules"]]
    commands: dict[str, str] = {}
    for text in flags["commands"]:
        name, equals, command = text.partition("=")
        if not (name and equals and command.strip()):
            raise click.UsageError(f"--exec {text!r} is not NAME=COMMAND")
        if name in commands:
            raise click.UsageError(f"--exec has two commands for {name!r}")
        commands[name] = command
    if commands:
        targets.append(CommandTarget(commands))
    if not targets:
        raise click.UsageError("name a module with a worker, or give --exec")
    return tuple(targets)


def _tls(flags: dict[str, Any]) -> Tls | None:
    files = Tls(ca=flags["tls_ca"], cert=flags["tls_cert"], key=flags["tls_key"])
    return files if flags["tls"] or files != Tls() else None
