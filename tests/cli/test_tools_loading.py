"""What programs load, and how they end: scripts run them once for every job."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.loading import SLOW, loaded_by


def test_gearman_submits_without_what_is_slow_to_load() -> None:
    loaded = loaded_by("from geartrain.cli import gearman, gearman_client")
    assert not loaded & (SLOW - {"signal"})


def test_gearadmin_asks_without_what_is_slow_to_load() -> None:
    loaded = loaded_by("from geartrain.cli import gearadmin")
    assert not loaded & (SLOW | {"re", "threading", "typing"})


CYCLE = """
class Cycle:
    def __init__(self):
        self.itself = self
    def __del__(self):
        print("looked for")
"""
OF_CLICK = """
import click
from geartrain.cli.program import run_program
run_program(click.Command("name", callback=Cycle), "name")
"""
OF_THE_OTHERS = """
from geartrain.cli.drop_in import run_drop_in
run_drop_in(lambda: 0 if Cycle() else 1, "cannot")
"""


@pytest.mark.parametrize("program", [OF_CLICK, OF_THE_OTHERS])
def test_no_program_looks_for_garbage_at_its_end(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CYCLE + program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == ""
