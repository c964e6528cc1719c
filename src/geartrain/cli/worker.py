"""``geartrain worker``: run workers in supervised processes."""

from __future__ import annotations

import logging
from typing import Any

import click

from geartrain.cli.common import CONTEXT
from geartrain.cli.flags import (
    Configuration,
    flags_of,
    read_configuration,
    show_configuration,
    usage_errors,
)
from geartrain.errors import OptionError
from geartrain.server.formatters import formatter_for
from geartrain.server.logs import (
    LogTarget,
    PlainFormatter,
    open_logs,
    startup_log,
)
from geartrain.supervisor.options import WorkerOptions
from geartrain.supervisor.status import Status, StatusLine, StatusLog
from geartrain.supervisor.supervisor import Supervisor
from geartrain.supervisor.tracing import check_tracing
from geartrain.transport.connect import connectors
from geartrain.transport.standard import is_terminal

__all__ = ["worker"]


class _TerminalFormatter(PlainFormatter):
    """Logs over the status line, which is drawn again below."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with what clears the line it is written on."""
        return f"\r\x1b[K{super().format(record)}"


def run_workers(**flags: Any) -> None:
    """Run workers in supervised processes.

    NAME is a Worker, an AsyncWorker or a function that returns one; without it the
    only worker of the module is run, or the one called worker. The current
    folder is searched for modules first.

    A process that crashes is started again, and the job server told what its job
    died of. SIGTERM and SIGINT finish the jobs at hand and stop, a second one at
    once; SIGHUP replaces the processes one after another with ones that load the
    code anew.

    Each option is a flag, a variable (GEARTRAIN_WORKER_PROCESSES=4) and a line of
    [worker] in the file of --config (processes = 4). A flag goes before a
    variable, and a variable before the file.
    """
    with usage_errors():
        configuration = read_configuration(WorkerOptions, flags)
        _check(configuration)
        if not (configuration.options.targets or flags["show_config"]):
            raise OptionError("name a module with a worker, or give --exec")
    if flags["show_config"]:
        show_configuration(configuration)
        return
    options = configuration.options
    on_terminal = is_terminal(2)
    formatter = formatter_for(options.log_format, on_terminal=on_terminal)
    status: Status = StatusLog()
    if on_terminal and isinstance(formatter, PlainFormatter):
        status, formatter = StatusLine(2), _TerminalFormatter()
    logs = open_logs(LogTarget(level=options.log_level, formatter=formatter))
    try:
        with logs.telling():
            for notice in configuration.notices:
                startup_log.warning(notice, extra={"action": "configuration"})
            Supervisor(options, status).run()
    finally:
        logs.close()


worker = click.Command(
    "worker",
    params=flags_of(WorkerOptions),
    callback=run_workers,
    help=run_workers.__doc__,
    short_help="Run workers in supervised processes.",
    context_settings=CONTEXT,
)


def _check(configuration: Configuration[WorkerOptions]) -> None:
    """Raise OptionError where options exclude each other or cannot be used."""
    options = configuration.options
    names = [name for name, _ in options.exec]
    for name in names:
        if names.count(name) > 1:
            place = configuration.given["exec"]
            raise OptionError(f"{place} has two commands for {name!r}")
    if options.otel:
        check_tracing()
    # Report a mistake once, here, rather than from every process.
    connectors(options.server or None, options.tls_files, options.token)
