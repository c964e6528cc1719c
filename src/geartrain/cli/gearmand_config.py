"""The configuration file of ``gearmand``: a command line in a file."""

from __future__ import annotations

from pathlib import Path

import click

from geartrain.cli.program import unrecognised
from geartrain.errors import OptionError

__all__ = ["CONFIG_FILE", "DEFAULT_CONFIG_FILE", "WORDS"]

DEFAULT_CONFIG_FILE = "/etc/gearmand.conf"


def _load(context: click.Context, path: str, *, must_exist: bool) -> None:
    """Add a file's options to those of the command line, which take precedence.

    Its text is split at white space; words that are no options are ignored.

    Raises:
        OptionError: the file cannot be read, or holds an unknown option.
    """
    try:
        words = Path(path).read_text(errors="surrogateescape").split()
    except OSError as error:
        if must_exist:
            raise OptionError(
                f"Could not open configuration file {path}: {error.strerror}"
            ) from None
        return
    try:
        values, _, _ = context.command.make_parser(context).parse_args(words)
    except click.NoSuchOption as error:
        nearest = error.possibilities[0] if error.possibilities else None
        raise OptionError(
            f"{path}: {unrecognised(error.option_name, nearest)}"
        ) from None
    except click.UsageError as error:
        raise OptionError(f"{path}: {error.format_message()}") from None
    known = {option.name for option in context.command.params} - {"words"}
    context.default_map = {
        **(context.default_map or {}),
        **{name: value for name, value in values.items() if name in known},
    }


def _read_words(
    context: click.Context, _: click.Parameter, words: tuple[str, ...]
) -> tuple[str, ...]:
    """Take ``@file`` as a configuration file; no other bare word is allowed."""
    for word in words:
        if not word.startswith("@"):
            raise click.UsageError(unrecognised(word, None), context)
        _load(context, word[1:], must_exist=True)
    return words


def _read_config_file(
    context: click.Context, _: click.Parameter, path: str | None
) -> None:
    """Load the file named by ``--config-file``, or the default one if it is there."""
    if path is not None:
        _load(context, path, must_exist=True)
    elif not context.params.get("words"):
        _load(context, DEFAULT_CONFIG_FILE, must_exist=False)


CONFIG_FILE = click.Option(
    ["--config-file"],
    is_eager=True,
    expose_value=False,
    callback=_read_config_file,
    help="Read flags from this file; the command line wins. @FILE means the same."
    f"  [default: {DEFAULT_CONFIG_FILE}]",
)
WORDS = click.Argument(
    ["words"], nargs=-1, is_eager=True, metavar="[@FILE]", callback=_read_words
)
