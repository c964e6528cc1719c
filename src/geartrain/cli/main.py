"""The ``geartrain`` program."""

from __future__ import annotations

import platform
from importlib import import_module
from typing import Any, NoReturn

import click

from geartrain import __version__, core_build
from geartrain.cli.program import run_program

__all__ = ["cli", "main", "version_text"]

# The module of each command, and its name there.
_COMMANDS = {
    "server": ("server", "server"),
    "worker": ("worker", "worker"),
    "submit": ("submit", "submit"),
    "status": ("status", "status"),
    "workers": ("workers", "workers"),
    "connections": ("workers", "connections"),
    "functions": ("functions", "functions"),
    "jobs": ("jobs", "jobs"),
    "job": ("job", "job"),
    "schedules": ("schedules", "schedules"),
    "result": ("result", "result"),
    "why": ("why", "why"),
    "cancel": ("cancel", "cancel"),
    "pause": ("control", "pause"),
    "resume": ("control", "resume"),
    "drain": ("control", "drain"),
    "purge": ("control", "purge"),
    "move": ("control", "move"),
    "priority": ("control", "priority"),
    "run": ("control", "run"),
    "actions": ("actions", "actions"),
    "dead": ("dead", "dead"),
    "policy": ("policy", "policy"),
    "history": ("history", "history"),
    "statistics": ("statistics", "statistics"),
    "counters": ("counters", "counters"),
    "store": ("store", "store"),
    "doctor": ("doctor", "doctor"),
    "import": ("import_", "import_"),
}


class _Commands(click.Group):
    """The commands, each imported only when it is needed: the job server is large."""

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        # click suggests one of these names for a mistyped one.
        self.commands = {name: click.Command(name) for name in _COMMANDS}

    def list_commands(self, context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, command = _COMMANDS[name]
        found: click.Command = getattr(
            import_module(f"geartrain.cli.{module}"), command
        )
        return found


def version_text() -> str:
    """Return the version, the build of the core, and the Python that runs it."""
    core = f"{core_build()} core"
    return f"{__version__} ({core}, Python {platform.python_version()})"


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"geartrain {version_text()}")
        context.exit()


@click.group(
    cls=_Commands,
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


def main() -> NoReturn:
    """Run the program on this process's command line."""
    run_program(cli, "geartrain")


if __name__ == "__main__":
    main()
