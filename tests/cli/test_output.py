"""What commands print, and who may read it."""

from __future__ import annotations

import io
import json
import sys

import pytest

from geartrain.cli.output import write_json, write_lines
from geartrain.texts import visible


def test_what_the_locale_lacks_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="latin-1"))
    write_lines(["größe", "縮"])
    sys.stdout.flush()
    assert written.getvalue() == "größe\n".encode("latin-1") + b"\\u7e2e\n"


def test_no_lines_are_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    write_lines([])
    assert capsys.readouterr().out == ""


def test_every_line_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    write_lines(str(number) for number in range(2500))
    assert capsys.readouterr().out.split() == [str(number) for number in range(2500)]


def test_json_keeps_every_byte(capsys: pytest.CaptureFixture[str]) -> None:
    write_json([{"function": "caf\udce9\n"}, {"function": "größe"}])
    first, second = capsys.readouterr().out.splitlines()
    assert json.loads(first)["function"].encode(errors="surrogateescape") == (
        b"caf\xe9\n"
    )
    assert json.loads(second) == {"function": "größe"}


def test_plain_text_is_visible_as_it_is() -> None:
    assert visible("größe 縮小 -100% \\n") == "größe 縮小 -100% \\n"
