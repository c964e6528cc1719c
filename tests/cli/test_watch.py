"""``--watch``: show something again and again."""

from __future__ import annotations

import pytest

from geartrain.cli import watch


def test_once_without_seconds() -> None:
    shown: list[int] = []
    watch.repeat(lambda: shown.append(1), None)
    assert shown == [1]


def test_again_until_ctrl_c() -> None:
    shown: list[int] = []

    def show() -> None:
        shown.append(1)
        if len(shown) == 3:
            raise KeyboardInterrupt

    watch.repeat(show, 0.001)
    assert shown == [1, 1, 1]


def test_a_terminal_is_cleared_each_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[int] = []

    def show() -> None:
        shown.append(1)
        if len(shown) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    watch.repeat(show, 0.001)
    assert capsys.readouterr().out.count("\x1b[2J") == 2


def test_ctrl_c_while_it_is_shown_once_is_an_interruption() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch.repeat(interrupted, None)
