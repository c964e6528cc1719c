"""The figures that README.md shows are those of the results that it names."""

from __future__ import annotations

import json

import pytest

from tests.support.documents import ROOT

# The row of README.md by its beginning, and the figure; a latency is better when less.
ROWS = [
    ("background submits, each with a unique", "submit", "free.rate", False),
    ("the same without uniques", "submit-plain", "free.rate", False),
    ("draining a backlog", "drain", "free.rate", False),
    ("foreground, 8 clients", "in-flight", "free.rate", False),
    ("round trip", "round-trip", "free.p50_us", True),
    ("last tenth of 1,000,000", "waiting", "free.last_rate", False),
]


@pytest.mark.parametrize(("row", "scenario", "figure", "less_is_better"), ROWS)
def test_a_row_shows_what_was_measured(
    row: str, scenario: str, figure: str, less_is_better: bool
) -> None:
    results = json.loads((ROOT / "benchmarks/results/readme.json").read_text())
    found = results["scenarios"][scenario]["figures"][figure]
    lines = (ROOT / "README.md").read_text().splitlines()
    (line,) = [each for each in lines if each.startswith(f"| {row}")]
    ours, *times = (cell.strip() for cell in line.split("|")[2:5])
    median = found["peers"]["geartrain"]["median"]
    shown = float(ours.split()[0].replace(",", ""))
    assert shown == pytest.approx(median, rel=0.01)
    for cell, peer in zip(times, ("gearmand", "gearmand -t 0"), strict=True):
        ratio = found["ratio_of_geartrain_to"][peer]["median"]
        if less_is_better:
            ratio = 1 / ratio
        assert float(cell) == pytest.approx(ratio, rel=0.02), peer
