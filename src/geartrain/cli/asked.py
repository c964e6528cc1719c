"""Flags for the options of a submission: one for each in ``SUBMISSION_OPTIONS``."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, Final, TypeVar, cast

import click

from geartrain.client.options import JobOptions
from geartrain.engine.model.settings import SETTINGS
from geartrain.engine.model.submission_options import (
    SUBMISSION_OPTIONS,
    SubmissionOption,
)

__all__ = ["asked_of", "asked_options"]

F = TypeVar("F", bound=Callable[..., Any])

# They have flags of their own, which other job servers know, too.
_OWN: Final = ("delay", "at", "priority")


class _Value(click.ParamType[Any]):
    """A value as the job server reads it."""

    def __init__(self, option: SubmissionOption) -> None:
        self._option = option
        self.name = option.name.upper()

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        """Return the value that a text stands for."""
        found = self._option.read(os.fsencode(value))
        if found is None:
            self.fail(f"{value!r}: it is {self._option.allowed}", param, ctx)
        return found


def asked_options(command: F) -> F:
    """Add the flags to a command, which passes on what it gets to ``asked_of``."""
    names = [name for name in reversed(SUBMISSION_OPTIONS) if name not in _OWN]
    return reduce(_with_flag, names, command)


def _with_flag(command: F, name: str) -> F:
    option = SUBMISSION_OPTIONS[name]
    flag = f"--{name.replace('_', '-')}"
    metavar = "|".join(option.choices)
    if name in SETTINGS and not metavar:
        metavar = "D" if SETTINGS[name].kind == "duration" else "N"
    return click.option(
        flag, type=_Value(option), metavar=metavar or None, help=option.meaning
    )(command)


def asked_of(values: Mapping[str, Any]) -> JobOptions:
    """Return the options that were given."""
    given = {name: value for name, value in values.items() if value is not None}
    return cast("JobOptions", given)
