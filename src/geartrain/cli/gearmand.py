"""``gearmand``: run the job server under the original's name and flags."""

from __future__ import annotations

import os
from typing import Any, NoReturn

import click

from geartrain.cli.gearmand_config import CONFIG_FILE, WORDS
from geartrain.cli.gearmand_flags import (
    DEFAULT_PID_FILE,
    FLAGS,
    LATER,
    MEANINGLESS,
    given,
    not_yet,
)
from geartrain.cli.gearmand_queue import queue_notices, queue_store
from geartrain.cli.gearmand_tls import tls_files, tls_notices
from geartrain.cli.main import version_text
from geartrain.cli.program import complain, run_program
from geartrain.cli.service import Service
from geartrain.cli.values import gear_port, keepalive
from geartrain.errors import OptionError
from geartrain.server.logs import GearmandFormatter, LogTarget
from geartrain.server.options import Keepalive, Options, default_handle_prefix
from geartrain.transport.address import Address, parse_address

__all__ = ["command", "main", "service_of"]

MAX_RETRIES = 255
PATIENCE = 3.0


def gearmand(**flags: Any) -> int:
    """The Gearman job server, with the flags of the original gearmand."""
    service = service_of(click.get_current_context())
    if flags["check_args"]:
        return 0
    if flags["daemon"] and flags["log_file"] == "stderr":
        complain("gearmand", "a daemon has no stderr: nothing will be logged there")
    return service.run()


def service_of(context: click.Context) -> Service:
    """Turn the flags into a service that can be run.

    Raises:
        OptionError: a flag's value is wrong, or not supported yet.
        click.BadParameter: the same.
    """
    flags = context.params
    _refuse_what_comes_later(context)
    bind_port, notice = gear_port(flags["port"], os.environ.get("GEARMAND_PORT"))
    pid_file = flags["pid_file"]
    return Service(
        options=_options(flags, bind_port, *queue_store(context)),
        log=LogTarget(
            file=flags["log_file"],
            level=flags["verbose"],
            formatter=GearmandFormatter(),
            syslog=flags["syslog"],
            program="gearmand",
            fallback=True,
        ),
        pid_file=DEFAULT_PID_FILE if pid_file is None else pid_file,
        pid_file_wanted=pid_file is not None,
        user=flags["user"],
        daemon=flags["daemon"],
        core_dumps=flags["coredump"],
        patience=PATIENCE,
        store_flag="--libsqlite3-db",
        notices=[*([notice] if notice else []), *_notices(context)],
    )


def _refuse_what_comes_later(context: click.Context) -> None:
    """Stop at what this version cannot do: to go on without would lose jobs.

    Raises:
        OptionError: always names the flag.
    """
    for part, names in LATER.items():
        for name in names:
            if given(context, name):
                raise OptionError(not_yet(name, part))
    protocol = context.params["protocol"]
    if protocol == "http":
        raise OptionError(not_yet("--protocol=http", "HTTP"))
    if protocol is not None:
        raise OptionError(f"Unknown protocol module : {protocol}")


def _options(
    flags: dict[str, Any], bind_port: int, store: str, durability: str
) -> Options:
    """Turn the flags into what the server is told."""
    addresses = dict.fromkeys(
        parse_address(name, bind_port) for name in flags["listen"]
    )
    return Options(
        listen=tuple(addresses) or (Address(port=bind_port),),
        backlog=flags["backlog"],
        store=store,
        durability=durability,
        backoff_delay=0.0,
        job_retries=_job_retries(flags["job_retries"], flags["compat"]),
        handle_prefix=flags["job_handle_prefix"] or default_handle_prefix(),
        exceptions=flags["exceptions"],
        compat=flags["compat"],
        round_robin=flags["round_robin"],
        descriptors=flags["file_descriptors"] or None,
        keepalive=_keepalive(flags),
        tls=tls_files(flags, os.environ),
        log_level=flags["verbose"],
    )


def _job_retries(given_retries: int | None, compat: str) -> int:
    """Return how often a job may lose its worker; -1 is without limit.

    Raises:
        OptionError: the number is none that gearmand takes.
    """
    if given_retries is None:
        return -1
    if not -1 <= given_retries <= MAX_RETRIES:
        raise OptionError(
            "job-retries must be -1 (no limit), 0 (no retries), or between 1 and"
            f" {MAX_RETRIES}"
        )
    return -1 if compat == "1.1" and given_retries == 0 else given_retries


def _keepalive(flags: dict[str, Any]) -> Keepalive:
    """Probe silent peers as the system does, or as ``--keepalive`` says."""
    if not flags["keepalive"]:
        return keepalive(None, None, None)
    return keepalive(
        flags["keepalive_idle"], flags["keepalive_interval"], flags["keepalive_count"]
    )


def _notices(context: click.Context) -> list[str]:
    """Say of every flag that does nothing here that it does nothing."""
    flags = context.params
    said = [
        sentence
        for name, sentence in MEANINGLESS.items()
        if given(context, name)
        and not (name == "round_robin" and flags["compat"] == "1.1")
    ]
    for name in ("idle", "interval", "count"):
        if given(context, f"keepalive_{name}") and not flags["keepalive"]:
            said.append(f"--keepalive-{name} does nothing without --keepalive")
    return said + tls_notices(context) + queue_notices(context)


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"gearmand {version_text()}, Geartrain's drop-in")
        context.exit()


VERSION = click.Option(
    ["-V", "--version"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version and exit.",
)

command = click.Command(
    "gearmand",
    params=[WORDS, *FLAGS, CONFIG_FILE, VERSION],
    callback=gearmand,
    help=gearmand.__doc__,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> NoReturn:
    """Run the program on this process's command line."""
    run_program(command, "gearmand", usage_status=1)


if __name__ == "__main__":
    main()
