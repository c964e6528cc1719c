"""What commands print: lines and JSON objects, in batches, safe for a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

import click

from geartrain.texts import quoted

__all__ = [
    "batches",
    "escaped",
    "warn_of_unread",
    "write_json",
    "write_lines",
]

_BATCH = 1000

_Item = TypeVar("_Item")


def batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """Part items into lists of at most a thousand, as they come."""
    remaining = iter(items)
    while batch := list(islice(remaining, _BATCH)):
        yield batch


def escaped(text: str, encoding: str) -> str:
    """Return text with escapes for characters that an encoding lacks."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def write_lines(lines: Iterable[str], *, err: bool = False) -> None:
    """Print lines; a character that the locale lacks is printed escaped."""
    encoding = (sys.stderr if err else sys.stdout).encoding
    for batch in batches(lines):
        click.echo(escaped("\n".join(batch), encoding), err=err)


def write_json(objects: Iterable[Mapping[str, Any]]) -> None:
    """Print a JSON object a line; bytes that are not UTF-8 are lone surrogates."""
    write_lines(json.dumps(each) for each in objects)


def warn_of_unread(command: str, lines: Iterable[str]) -> None:
    """Tell on stderr of lines of a list that are no rows of it."""
    write_lines(
        (f"geartrain {command}: not understood: {quoted(line)}" for line in lines),
        err=True,
    )
