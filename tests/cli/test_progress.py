"""The progress bar: on a terminal only, and erased before other output."""

from __future__ import annotations

import sys

import pytest

from geartrain.cli.progress import ProgressBar


def test_nothing_is_shown_where_stderr_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with ProgressBar() as bar:
        bar.show("1 job")
    assert capsys.readouterr().err == ""


def test_a_bar_that_is_not_wanted_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with ProgressBar(is_wanted=False) as bar:
        bar.show("1 job")
    assert capsys.readouterr().err == ""


def test_it_is_erased_and_may_be_shown_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with ProgressBar() as bar:
        bar.show("[red]1 of 2", 1, 2)
        bar.hide()
        said = capsys.readouterr().err
        assert "[red]1 of 2" in said
        assert said.endswith("\x1b[1A\x1b[2K")
        bar.show("2 of 2", 2, 2)
    assert "2 of 2" in capsys.readouterr().err
