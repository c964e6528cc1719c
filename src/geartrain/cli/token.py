"""``geartrain token``: make a token, and the line by which a job server knows it."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

import click

from geartrain.cli.common import CONTEXT
from geartrain.cli.output import write_lines
from geartrain.errors import StartError
from geartrain.server.access import token_line

__all__ = ["token"]

# Bytes of chance: nobody guesses as many, so a digest without a salt will do.
_SIZE = 32


@click.command(
    short_help="Make a token, and the line by which a job server knows it.",
    context_settings=CONTEXT,
)
@click.option(
    "--file",
    metavar="PATH",
    help="Write the token to this new file, which only its owner can read, instead of"
    " printing it.",
)
def token(file: str | None) -> None:
    """Make a token, and the line of geartrain.toml by which a job server knows it.

    The token is for the client, worker or tool (--token-file). The line, which holds
    only its digest, is for a principal of [access].
    """
    made = secrets.token_urlsafe(_SIZE)
    line = f'token = "{token_line(made.encode())}"'
    if file is None:
        write_lines([made])
        if sys.stdout.isatty():
            write_lines(["", "for its principal, [access.NAME] in geartrain.toml:"])
        write_lines([line])
        return
    _write(Path(file), made)
    write_lines([line])


def _write(path: Path, made: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{made}\n")
    except FileExistsError:
        raise StartError(
            f"{path} is there already: name a new file, so that no token is lost"
        ) from None
    except OSError as error:
        raise StartError(f"cannot write {path}: {error.strerror}") from None
