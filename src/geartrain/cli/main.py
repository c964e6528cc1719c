"""The ``geartrain`` program."""

from __future__ import annotations

import platform
from importlib import import_module
from typing import Any, NoReturn

import click

from geartrain import __version__, core_build
from geartrain.cli.program import run_program

__all__ = ["cli", "main", "version_text"]

# The commands as the help lists them. Of each, its module and its name there; one with
# a dot is not of this package.
_SECTIONS = {
    "Run": {
        "server": ("server", "server"),
        "worker": ("worker", "worker"),
        "top": (".top.command", "top"),
        "doctor": ("doctor", "doctor"),
    },
    "Jobs": {
        "submit": ("submit", "submit"),
        "jobs": ("jobs", "jobs"),
        "job": ("job", "job"),
        "schedule": ("schedule", "schedule"),
        "why": ("why", "why"),
        "result": ("result", "result"),
        "history": ("history", "history"),
        "dead": ("dead", "dead"),
        "run": ("control", "run"),
        "priority": ("control", "priority"),
        "move": ("control", "move"),
        "cancel": ("cancel", "cancel"),
        "batch": ("batch", "batch"),
        "upcoming": ("upcoming", "upcoming"),
        "purge": ("control", "purge"),
    },
    "Functions and workers": {
        "status": ("status", "status"),
        "statistics": ("statistics", "statistics"),
        "counters": ("counters", "counters"),
        "functions": ("functions", "functions"),
        "keys": ("keys", "keys"),
        "workers": ("workers", "workers"),
        "connections": ("workers", "connections"),
        "processes": ("processes", "processes"),
        "cluster": ("cluster", "cluster"),
        "owners": ("owners", "owners"),
        "problems": ("problems", "problems"),
        "failures": ("failures", "failures"),
        "policy": ("policy", "policy"),
        "pause": ("control", "pause"),
        "drain": ("control", "drain"),
        "resume": ("control", "resume"),
        "actions": ("actions", "actions"),
        "options": ("options", "options"),
        "marks": ("marks", "marks"),
        "trace": ("trace", "trace"),
    },
    "Access": {
        "token": ("token", "token"),
        "password": ("password", "password"),
    },
    "Job store": {
        "store": ("store", "store"),
        "import": ("import_", "import_"),
    },
}
_COMMANDS = {
    name: place for section in _SECTIONS.values() for name, place in section.items()
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
            import_module(f".{module}", "geartrain.cli"), command
        )
        return found

    def format_commands(
        self, context: click.Context, formatter: click.HelpFormatter
    ) -> None:
        width = max(map(len, _COMMANDS))
        for title, section in _SECTIONS.items():
            rows = []
            for name in section:
                command = self.get_command(context, name)
                assert command is not None
                rows.append((name.ljust(width), command.get_short_help_str()))
            with formatter.section(title):
                formatter.write_dl(rows)


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
