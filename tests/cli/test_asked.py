"""Flags for the options of a submission."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from geartrain.cli.asked import asked_of, asked_options
from geartrain.client.options import JobOptions

FLAGS = [f"--{name.replace('_', '-')}" for name in JobOptions.__annotations__]


@click.command()
@asked_options
def command(**values: Any) -> None:
    click.echo(repr(dict(asked_of(values))))


def test_there_is_one_for_each_option_of_the_client() -> None:
    shown = CliRunner().invoke(command, ["--help"]).output
    assert [flag for flag in FLAGS if f"  {flag} " in shown] == FLAGS
    assert "--dedupe join|drop|replace|again" in shown


def test_those_that_are_given_are_passed_on() -> None:
    found = CliRunner().invoke(
        command, ["--ttl", "1h30m", "--key", "ä", "--max-attempts", "3"]
    )
    expected = {"ttl": 5400.0, "key": "ä".encode(), "max_attempts": 3}
    assert found.output == f"{expected}\n"


@pytest.mark.parametrize(
    ("flag", "text", "reason"),
    [
        ("--ttl", "soon", "'soon': it is a number of seconds from 0"),
        ("--dedupe", "yes", "'yes': it is join or drop or replace or again"),
        ("--max-attempts", "0", "'0': it is a whole number from 1"),
    ],
)
def test_what_is_wrong_is_told(flag: str, text: str, reason: str) -> None:
    found = CliRunner().invoke(command, [flag, text])
    assert found.exit_code == 2
    assert reason in " ".join(found.output.split())
