"""``geartrain password``: make a line of the file of those who may log in."""

from __future__ import annotations

import re
import sys

import click

from geartrain.cli.common import CONTEXT
from geartrain.cli.output import write_lines
from geartrain.server.passwords import LEAST_PASSWORD, hash_of

__all__ = ["password"]

_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")


@click.command(
    short_help="Make a line of the file of those who may log in.",
    context_settings=CONTEXT,
)
@click.argument("name")
@click.option(
    "--role",
    default="view",
    show_default=True,
    help="What the person may do: view, operate, administer, or a principal of"
    " [access].",
)
def password(name: str, role: str) -> None:
    """Make a line of the file that geartrain server --http-password-file reads.

    The password is asked for, or read from a pipe: its first line. The line that is
    printed has its hash. SIGHUP has a running server read the file again.
    """
    for text, kind in ((name, "name"), (role, "role")):
        if not _NAME.fullmatch(text):
            raise click.BadParameter(
                f"{text!r}: a {kind} has letters, digits and . _ @ -"
            )
    given = _given()
    if len(given) < LEAST_PASSWORD:
        raise click.UsageError(f"a password has {LEAST_PASSWORD} characters or more")
    write_lines([f"{name}:{role}:{hash_of(given)}"])


def _given() -> str:
    if sys.stdin.isatty():
        found: str = click.prompt(
            "Password", hide_input=True, confirmation_prompt=True, err=True
        )
        return found
    return sys.stdin.readline().rstrip("\r\n")
