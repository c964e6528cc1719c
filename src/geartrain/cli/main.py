"""The ``geartrain`` program."""

from __future__ import annotations

import platform
from typing import NoReturn

import click

from geartrain import __version__, core_build
from geartrain.cli.cancel import cancel
from geartrain.cli.counters import counters
from geartrain.cli.dead import dead
from geartrain.cli.import_ import import_
from geartrain.cli.job import job
from geartrain.cli.jobs import jobs
from geartrain.cli.policy import policy
from geartrain.cli.program import run_program
from geartrain.cli.server import server
from geartrain.cli.store import store

__all__ = ["cli", "main", "version_text"]


def version_text() -> str:
    """Return the version, the build of the core, and the Python that runs it."""
    core = f"{core_build()} core"
    return f"{__version__} ({core}, Python {platform.python_version()})"


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"geartrain {version_text()}")
        context.exit()


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version and exit.",
)
@click.pass_context
def cli(context: click.Context) -> None:
    """Gearman for Python: a job server that every Gearman client already knows."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for _command in (server, jobs, job, cancel, dead, policy, counters, store, import_):
    cli.add_command(_command)


def main() -> NoReturn:
    """Run the program on this process's command line."""
    run_program(cli, "geartrain")


if __name__ == "__main__":
    main()
