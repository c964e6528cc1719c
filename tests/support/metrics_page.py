"""The table of docs/metrics.md, made of the metrics themselves.

``python -m tests.support.metrics_page`` writes it anew.
"""

from __future__ import annotations

import re
from pathlib import Path

from geartrain.http.exposition import Family, Histogram
from geartrain.http.families import (
    CLUSTER_FAMILIES,
    FUNCTION_FAMILIES,
    PEER_FAMILIES,
    SCHEDULE_FAMILIES,
    SERVER_FAMILIES,
    STORE_FAMILIES,
    Families,
)

__all__ = ["PAGE", "with_metrics"]

PAGE = Path(__file__).parents[2] / "docs/metrics.md"
_BEGIN, _END = "<!-- metrics -->\n", "<!-- end -->"


def with_metrics(text: str) -> str:
    """Return the page with the table as the metrics are."""
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    rows = ["| metric | kind | labels | what |", "|---|---|---|---|"]
    rows += _rows(FUNCTION_FAMILIES, "function")
    rows += _rows(SCHEDULE_FAMILIES, "schedule")
    rows += _rows(CLUSTER_FAMILIES) + _rows(PEER_FAMILIES, "peer")
    rows += _rows(STORE_FAMILIES) + _rows(SERVER_FAMILIES)
    table = "".join(f"{row}\n" for row in rows)
    return f"{before}{_BEGIN}{table}{_END}{after}"


def _rows(families: Families, *labels: str) -> list[str]:
    return [
        f"| `{each.name}` | {each.kind} | {_labels(each, labels)} | {each.help} |"
        for each in families
    ]


def _labels(family: Family | Histogram, labels: tuple[str, ...]) -> str:
    names = [*labels, *family.labels]
    values: dict[str, list[str]] = {}
    if isinstance(family, Family):
        for sample in family.samples:
            for name, value in re.findall(r'(\w+)="(.*?)"', sample):
                values.setdefault(name, []).append(value)
    told = [f"`{name}`" for name in names]
    for name, found in values.items():
        told.append(f"`{name}`: {', '.join(dict.fromkeys(found))}")
    return "; ".join(told)


if __name__ == "__main__":
    PAGE.write_text(with_metrics(PAGE.read_text()))
