"""Print lines and JSON objects, in batches, safe for a terminal."""

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
    """Yield items in lists of at most a thousand, as they come."""
    remaining = iter(items)
    while batch := list(islice(remaining, _BATCH)):
        yield batch


def escaped(text: str, encoding: str) -> str:
    """Return a text in which characters that an encoding lacks are escaped."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def write_lines(lines: Iterable[str], *, err: bool = False) -> None:
    """Print lines; characters that the locale lacks are escaped."""
    encoding = (sys.stderr if err else sys.stdout).encoding
    for batch in batches(lines):
        click.echo(escaped("\n".join(batch), encoding), err=err)


def write_json(objects: Iterable[Mapping[str, Any]]) -> None:
    """Print one JSON object a line; bytes that are not UTF-8 are lone surrogates."""
    write_lines(json.dumps(each) for each in objects)


def warn_of_unread(lines: Iterable[str]) -> None:
    """Warn on stderr about lines of a list that belong to no row."""
    write_lines(
        (f"geartrain: not understood: {quoted(line)}" for line in lines), err=True
    )
