"""From samples to medians, spreads, ratios, tables and a JSON document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.plan import Plan, Result
from benchmarks.scenario import GENERATOR_SHARE, Figure, Scenario
from benchmarks.suites import Suite

SATURATED = 90.0
"""Percent of a core from which the generator, not the server, sets the rate."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The median of some values with the least and the greatest."""

    median: float
    least: float
    greatest: float
    values: tuple[float, ...]

    def text(self, digits: int) -> str:
        """Return ``median (least to greatest)``, or the one value there is."""
        middle = f"{self.median:,.{digits}f}"
        if len(self.values) == 1:
            return middle
        return f"{middle} ({self.least:,.{digits}f} to {self.greatest:,.{digits}f})"


def spread(values: Sequence[float]) -> Spread:
    """Return median, least and greatest of at least one value."""
    return Spread(
        median=median(values),
        least=min(values),
        greatest=max(values),
        values=tuple(values),
    )


@dataclass(frozen=True, kw_only=True)
class Report:
    """The results of a plan with what they were measured on."""

    plan: Plan
    results: Sequence[Result]
    machine: dict[str, str]
    seconds: float

    def values(self, scenario: Scenario, peer: str, key: str) -> dict[int, float]:
        """Return the figure by run; ``key`` is ``placement.key``."""
        return {
            result.step.number: result.samples[key]
            for result in self.results
            if result.step.scenario is scenario and result.step.peer.name == peer
        }

    def spread(self, scenario: Scenario, peer: str, figure: Figure) -> Spread | None:
        """Return a figure's spread over the runs; None if the peer took no part."""
        values = self.values(scenario, peer, _sample_key(figure)).values()
        return spread(list(values)) if values else None

    def ratio(self, scenario: Scenario, against: str, figure: Figure) -> Spread | None:
        """Return Geartrain's figure over the other's, each pair from one run.

        None where one of them took no part, where a ratio says nothing about the
        figure, or where it would divide by nothing.
        """
        key = _sample_key(figure)
        ours = self.values(scenario, scenario.suite.ours.name, key)
        theirs = self.values(scenario, against, key)
        both = sorted(ours.keys() & theirs.keys())
        if not figure.compare or not both or not all(theirs[run] for run in both):
            return None
        return spread([ours[run] / theirs[run] for run in both])

    def is_lower_bound(self, scenario: Scenario, peer: str, figure: Figure) -> bool:
        """Return whether the generator had no free moment while a rate was taken."""
        key = f"{figure.placement}.{GENERATOR_SHARE.key}"
        shares = self.values(scenario, peer, key) if figure.is_rate else {}
        return bool(shares) and median(shares.values()) >= SATURATED


def _sample_key(figure: Figure) -> str:
    return f"{figure.placement}.{figure.key}"


def markdown(report: Report) -> str:
    """Return the report as a Markdown table a suite, with the machine below them."""
    suites = dict.fromkeys(scenario.suite for scenario in report.plan.scenarios)
    lines: list[str] = []
    for suite in suites:
        lines += [f"{suite.title}:", "", *_table(report, suite), ""]
    return "\n".join([*lines, *_footnotes(report)])


def _table(report: Report, suite: Suite) -> list[str]:
    scenarios = [each for each in report.plan.scenarios if each.suite is suite]
    part = {peer.name for each in scenarios for peer in report.plan.peers(each)}
    peers = [each.name for each in (suite.ours, *suite.references) if each.name in part]
    ratios = peers[1:] if suite.ours.name in part else []
    heads = ["scenario", "figure", *peers, *(f"÷ {name}" for name in ratios)]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for scenario in scenarios:
        for number, figure in enumerate(scenario.figures):
            cells = [_peer_cell(report, scenario, name, figure) for name in peers]
            cells += [_ratio_cell(report, scenario, name, figure) for name in ratios]
            title = scenario.title if number == 0 else ""
            unit = f" ({figure.unit})" if figure.unit else ""
            lines.append(_row([title, figure.title + unit, *cells]))
    return lines


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _peer_cell(report: Report, scenario: Scenario, peer: str, figure: Figure) -> str:
    found = report.spread(scenario, peer, figure)
    if found is None:
        return ""
    mark = "≥ " if report.is_lower_bound(scenario, peer, figure) else ""
    return mark + found.text(figure.digits)


def _ratio_cell(report: Report, scenario: Scenario, peer: str, figure: Figure) -> str:
    found = report.ratio(scenario, peer, figure)
    if found is None:
        return ""
    return found.text(2 if found.median >= 0.1 else 4)


def _footnotes(report: Report) -> list[str]:
    plan = report.plan
    return [
        f"{plan.runs} runs, peers interleaved; median (least to greatest). "
        f"A ratio pairs figures of one run. Took {report.seconds:.0f} s"
        + ("." if plan.scale == 1 else f", at {plan.scale:g} of the full size."),
        "≥: the load generator was saturated, the rate is a lower bound.",
        "",
        *(f"- {name}: {value}" for name, value in report.machine.items()),
    ]


def document(report: Report) -> dict[str, Any]:
    """Return the report as what JSON can hold."""
    plan = report.plan
    return {
        "runs": plan.runs,
        "scale": plan.scale,
        "seconds": round(report.seconds, 1),
        "machine": report.machine,
        "scenarios": {
            scenario.name: {
                "title": scenario.title,
                "suite": scenario.suite.name,
                "figures": {
                    _sample_key(figure): _figure_document(report, scenario, figure)
                    for figure in scenario.figures
                },
                "samples": [
                    {
                        "run": result.step.number + 1,
                        "peer": result.step.peer.name,
                        **result.samples,
                    }
                    for result in report.results
                    if result.step.scenario is scenario
                ],
            }
            for scenario in plan.scenarios
        },
    }


def _figure_document(
    report: Report, scenario: Scenario, figure: Figure
) -> dict[str, Any]:
    names = [peer.name for peer in report.plan.peers(scenario)]
    return {
        "title": figure.title,
        "unit": figure.unit,
        "peers": {
            name: asdict(found)
            for name in names
            if (found := report.spread(scenario, name, figure)) is not None
        },
        "lower_bound": [
            name for name in names if report.is_lower_bound(scenario, name, figure)
        ],
        "ratio_of_geartrain_to": {
            peer.name: asdict(found)
            for peer in scenario.references
            if (found := report.ratio(scenario, peer.name, figure)) is not None
        },
    }


def write(report: Report, path: Path) -> None:
    """Write the report as JSON, in one step so that no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(path.suffix + ".new")
    text = json.dumps(document(report), indent=2, ensure_ascii=False)
    draft.write_text(text + "\n")
    draft.replace(path)
