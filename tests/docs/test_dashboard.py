"""The snippets of docs/dashboard.md."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from geartrain.dashboard.redaction import load_redaction
from tests.support.documents import run, snippets


def test_the_dashboard_is_served_below_a_path(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (commands,) = snippets("docs/dashboard.md", "sh")
    assert "<title>Overview" in run(commands + "kill $!\n", tmp_path, environment)


def test_a_function_decides_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source,) = snippets("docs/dashboard.md", "python")
    (settings,) = snippets("docs/dashboard.md", "toml")
    (tmp_path / "hiding.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    redaction = load_redaction(tomllib.loads(settings)["server"]["dashboard_redact"])
    sent = b'{"user": "ann", "password": "secret"}'
    assert redaction.shown("mail", sent) == b'{"user": "ann", "password": "..."}'
    assert redaction.shown("payroll.pay", sent) == b"hidden"
