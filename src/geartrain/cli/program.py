"""Run a command line: every error is one line on stderr and an exit status."""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from geartrain.errors import GeartrainError, OptionError
from geartrain.server.process import fill_standard_files

__all__ = ["complain", "run_program", "unrecognised"]

RUNTIME_STATUS = 1
INTERRUPTED_STATUS = 130


def run_program(command: click.Command, name: str, usage_status: int = 2) -> NoReturn:
    """Run ``command`` as the program ``name`` and exit with its status.

    A wrong command line or option ends with ``usage_status``, every other failure
    with 1; either is told in one line on stderr.
    """
    fill_standard_files()
    try:
        status = command.main(prog_name=name, standalone_mode=False)
    except click.UsageError as error:
        complain(error.ctx.command_path if error.ctx else name, _explain(error))
        status = usage_status
    except OptionError as error:
        complain(name, str(error))
        status = usage_status
    except (click.ClickException, GeartrainError, OSError) as error:
        complain(name, str(error))
        status = RUNTIME_STATUS
    except (click.Abort, KeyboardInterrupt):
        status = INTERRUPTED_STATUS
    sys.exit(status if isinstance(status, int) else 0)


def complain(name: str, words: str) -> None:
    """Write one line to stderr, under the program's name."""
    click.echo(f"{name}: {' '.join(words.split())}", err=True)


def unrecognised(word: str, nearest: str | None) -> str:
    """Say that a word of the command line means nothing, and what may be meant."""
    hint = f", did you mean {nearest!r}?" if nearest else ""
    return f"unrecognised option {word!r}{hint}"


def _explain(error: click.UsageError) -> str:
    """Return what click found wrong, without its full stop."""
    if isinstance(error, click.NoSuchOption):
        nearest = error.possibilities[0] if error.possibilities else None
        return unrecognised(error.option_name, nearest)
    return error.format_message().rstrip(".")
