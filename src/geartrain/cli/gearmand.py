"""``gearmand``: run the job server under the original's name and flags."""

from __future__ import annotations

import os
from typing import Any, NoReturn

import click

from geartrain.cli.gearmand_config import CONFIG_FILE, WORDS
from geartrain.cli.gearmand_flags import (
    ABANDONED,
    DEFAULTS,
    FLAGS,
    MEANINGLESS,
    abandoned,
    given,
)
from geartrain.cli.gearmand_queue import (
    queue_notices,
    queue_options,
    queue_preparations,
    store_flag,
)
from geartrain.cli.gearmand_tls import tls_notices, tls_options
from geartrain.cli.main import version_text
from geartrain.cli.program import complain, run_program
from geartrain.cli.service import Service
from geartrain.configuration.kinds import port
from geartrain.configuration.option import options_of
from geartrain.errors import OptionError
from geartrain.server.logs import GearmandFormatter, LogTarget
from geartrain.server.options import Options
from geartrain.transport.address import DEFAULT_PORT

__all__ = ["command", "gear_port", "main", "service_of"]

MAX_RETRIES = 255
PATIENCE = 3.0


def gearmand(**flags: Any) -> int:
    """The Gearman job server, with the flags of the original gearmand."""
    service = service_of(click.get_current_context())
    if flags["check_args"]:
        return 0
    if flags["daemon"] and service.log.file == "stderr":
        complain("gearmand", "a daemon has no stderr: nothing will be logged there")
    return service.run()


def service_of(context: click.Context) -> Service:
    """Turn the flags into a service that can be run.

    Raises:
        OptionError: a flag's value is wrong, or not supported yet.
        click.BadParameter: the same.
    """
    flags = context.params
    _refuse_what_there_is_not(context)
    bind_port, notice = gear_port(flags["port"], os.environ.get("GEARMAND_PORT"))
    options = _options(context, bind_port)
    return Service(
        options=options,
        log=LogTarget(
            file=options.log_file,
            level=options.log_level,
            formatter=GearmandFormatter(),
            syslog=flags["syslog"],
            program="gearmand",
            fallback=True,
        ),
        pid_file_wanted=given(context, "pid_file"),
        daemon=flags["daemon"],
        core_dumps=flags["coredump"],
        patience=PATIENCE,
        store_flag=store_flag(context),
        preparations=queue_preparations(context, options),
        listen_flags="--listen, --port or --http-port",
        notices=[*([notice] if notice else []), *_notices(context)],
    )


def gear_port(given: int | None, environment: str | None) -> tuple[int, str | None]:
    """Choose gearmand's port: the option, else ``GEARMAND_PORT``, else 4730.

    Returns the port, and a warning about the environment's value, empty for none.

    Raises:
        OptionError: the environment's value is used and is no port.
    """
    if given is not None:
        return given, None
    if not environment:
        return DEFAULT_PORT, None
    if "://" in environment:
        return DEFAULT_PORT, (
            f"GEARMAND_PORT={environment} is what Kubernetes sets for a service named"
            f" gearmand, not a port: listening on {DEFAULT_PORT}"
        )
    try:
        return port(environment), None
    except OptionError as error:
        raise OptionError(f"GEARMAND_PORT: {error}") from None


def _refuse_what_there_is_not(context: click.Context) -> None:
    """Stop at what this server cannot do: to go on without would lose jobs.

    Raises:
        OptionError: always names the flag.
    """
    for name in ABANDONED:
        if given(context, name):
            raise OptionError(abandoned(name))
    protocol = context.params["protocol"]
    if protocol not in (None, "http"):
        raise OptionError(f"Unknown protocol module : {protocol}")


def _options(context: click.Context, bind_port: int) -> Options:
    """Translate gearmand's flags into the server's options."""
    flags = context.params
    values = {
        name: flags[name]
        for name in options_of(Options)
        if flags.get(name) is not None and flags[name] != ()
    }
    values |= queue_options(context) | tls_options(flags, os.environ)
    values["port"] = bind_port
    if flags["protocol"] == "http":
        values["web_port"] = flags["http_port"]
    if "job_retries" in values:
        values["job_retries"] = _job_retries(flags["job_retries"], flags["compat"])
    # 0 is all it may have.
    values["descriptors"] = flags["descriptors"] or None
    if not flags["tunes_keepalive"]:
        values = {k: v for k, v in values.items() if not k.startswith("keepalive_")}
    return Options(**{**DEFAULTS, **values})


def _job_retries(retries: int, compat: str | None) -> int:
    """Return how often a job may lose its worker; -1 is without limit.

    Raises:
        OptionError: gearmand does not take this number.
    """
    if not -1 <= retries <= MAX_RETRIES:
        raise OptionError(
            "job-retries must be -1 (no limit), 0 (no retries), or between 1 and"
            f" {MAX_RETRIES}"
        )
    return -1 if compat == "1.1" and retries == 0 else retries


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
        if given(context, f"keepalive_{name}") and not flags["tunes_keepalive"]:
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
