"""The benchmarks that are programs of their own run, tiny, and print their figures."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.timeout(240), pytest.mark.slow]


@pytest.mark.parametrize(
    ("arguments", "figures"),
    [
        (
            ["takeover", "--kills", "2", "--backlog", "5"],
            r"backlog 5: 2 kills, median \d+\.\d\d s, worst \d+\.\d\d s",
        ),
        (
            ["steady", "--hold", "--minutes", "0.02", "--rate", "20"],
            r"0\.0 +[2-9]\d +\d+ .*\(load",
        ),
    ],
    ids=["takeover", "steady"],
)
def test_a_program_prints_its_figures(arguments: list[str], figures: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{arguments[0]}", *arguments[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=230,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(figures, done.stdout), done.stdout
