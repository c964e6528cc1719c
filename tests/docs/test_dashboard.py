"""The snippets of docs/dashboard.md."""

from __future__ import annotations

from pathlib import Path

from tests.support.documents import run, snippets


def test_the_dashboard_is_served_below_a_path(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (commands,) = snippets("docs/dashboard.md", "sh")
    assert "<title>Overview" in run(commands + "kill $!\n", tmp_path, environment)
