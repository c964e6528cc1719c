"""Tables: aligned, cut to the terminal, and as they come."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from operator import itemgetter

import pytest

from geartrain.cli.tables import Column, table, write_table

COLUMNS: tuple[Column[list[str]], ...] = (
    Column("NAME", itemgetter(0), is_elastic=True),
    Column("SIZE", itemgetter(1), is_number=True),
    Column("NOTE", itemgetter(2), is_elastic=True),
)


def lines(*rows: list[str], screen: int | None = None) -> list[str]:
    return list(table(COLUMNS, rows, screen))


def test_columns_are_aligned() -> None:
    assert lines(["resize", "5", "a"], ["mail", "12345", ""]) == [
        "NAME     SIZE  NOTE",
        "resize      5  a",
        "mail    12345",
    ]


def test_titles_stand_alone_where_there_are_no_rows() -> None:
    assert lines() == ["NAME  SIZE  NOTE"]


def test_nothing_is_cut_without_a_screen() -> None:
    assert lines(["n" * 500, "1", "x" * 500])[1] == "n" * 500 + "     1  " + "x" * 500


def test_one_huge_name_does_not_widen_every_row() -> None:
    huge, small = "n" * 60_000, ["mail", "1", "b"]
    title, cut, row = lines([huge, "5", "a"], small)
    assert max(map(len, (title, cut, row))) < 1050
    assert cut.startswith("n" * 200)
    assert "…" in cut


def test_the_widest_columns_are_cut_first() -> None:
    cut = lines(["n" * 10, "1", "x" * 60], screen=40)
    assert cut == [
        "NAME        SIZE  NOTE",
        "n" * 10 + "     1  " + "x" * 21 + "…",
    ]
    assert len(cut[1]) == 40


def test_no_line_is_wider_than_the_screen() -> None:
    cut = lines(["n" * 10, "123456789012", "x" * 60], screen=24)
    assert cut == ["NAME                SIZE", "nnnnnnnnnn  123456789012"]


def test_columns_that_do_not_fit_are_left_out_and_a_mark_says_so() -> None:
    assert lines(["n" * 10, "123456789012", "x" * 60], screen=27) == [
        "NAME                SIZE  …",
        "nnnnnnnnnn  123456789012",
    ]


def test_minor_columns_are_left_out_first() -> None:
    columns = (COLUMNS[0], replace(COLUMNS[1], is_minor=True), COLUMNS[2])
    row = ["n" * 10, "1" * 20, "x" * 10]
    assert list(table(columns, [row], 30)) == [
        "NAME        NOTE        …",
        "n" * 10 + "  " + "x" * 10,
    ]


def test_a_single_column_is_cut_at_the_edge() -> None:
    assert lines(["name", "1" * 90, "x"], screen=6) == ["NAME", "name"]


def test_what_later_rows_leave_no_place_for_is_left_out_from_there_on() -> None:
    rows = [["n", "1", "a"]] * 1000 + [["n", "9" * 16, "b"]]
    given = list(table(COLUMNS, rows, 24))
    assert given[1] == "n        1  a"
    assert given[-1].split() == ["n", "9" * 16]


def test_wide_characters_need_two_places() -> None:
    assert lines(["縮小", "1", "a"], ["resize", "2", "b"]) == [
        "NAME    SIZE  NOTE",
        "縮小       1  a",
        "resize     2  b",
    ]
    assert lines(["縮" * 40, "1", ""], screen=21)[1].startswith("縮縮縮縮…  ")


def test_marks_on_letters_need_no_place() -> None:
    assert lines(["e\u0301e\u0301", "1", ""])[1] == "e\u0301e\u0301       1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines", "two\\nlines"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\udcff", "\\xff"),
        ("a\0b", "a\\x00b"),
        ("\u202egnp", "\\u202egnp"),
        ("\u200bzero", "\\u200bzero"),
        ("[red]a[/]", "[red]a[/]"),
        ("[link=http://x]a", "[link=http://x]a"),
        (":smile:", ":smile:"),
    ],
)
@pytest.mark.parametrize("screen", [None, 80])
def test_a_cell_cannot_steer_the_terminal(
    text: str, shown: str, screen: int | None
) -> None:
    assert lines([text, "1", ""], screen=screen)[1].split()[0] == shown


def test_a_huge_name_fits_the_screen() -> None:
    _, cut, row = lines(["縮" * 60_000, "1", ""], ["mail", "2", "b"], screen=40)
    assert cut.startswith("縮縮縮縮縮")
    assert "…" in cut
    assert row.split() == ["mail", "2", "b"]


def test_rows_are_given_before_all_have_come() -> None:
    def endless() -> Iterator[list[str]]:
        while True:
            yield ["n", "1", ""]

    given = table(COLUMNS, endless(), None)
    assert next(given) == "NAME  SIZE  NOTE"
    assert len([next(given) for _ in range(3000)]) == 3000


def test_columns_grow_with_later_rows() -> None:
    rows = [["n", "1", "a"]] * 1000 + [["longer name", "2", "b"]]
    given = list(table(COLUMNS, rows, None))
    assert given[1] == "n        1  a"
    assert given[-1] == "longer name     2  b"


def test_titles_are_bold_on_a_terminal_and_nothing_is_coloured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    write_table(COLUMNS, [["[red]127.0.0.1", "1", "True"]])
    titles, row = capsys.readouterr().out.splitlines()
    assert set(re.findall("\x1b\\[[^m]*m", titles)) == {"\x1b[1m", "\x1b[0m"}
    assert row.split() == ["[red]127.0.0.1", "1", "True"]


def test_a_pipe_gets_plain_text_whatever_the_environment_wants(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "20", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    write_table(COLUMNS, [["n" * 200, "1", "b"]])
    _, row = capsys.readouterr().out.splitlines()
    assert row == "n" * 200 + "     1  b"


def test_empty_columns_are_left_out_first() -> None:
    columns = (COLUMNS[0], replace(COLUMNS[1], is_minor=True), COLUMNS[2])
    drawn = list(table(columns, [["n" * 30, "5", "x"]], 16))
    assert drawn == ["NAME        NOTE", "nnnnnnnnn…  x"]
    drawn = list(table(columns, [["n" * 30, "5", ""]], 16))
    assert drawn == ["NAME        SIZE", "nnnnnnnnn…     5"]


def test_an_elastic_column_may_need_more_room_than_a_name() -> None:
    row = ["n" * 30, "1" * 10, "x" * 60]
    columns = (*COLUMNS[:2], replace(COLUMNS[2], least=20))
    assert next(table(columns, [row], 42)).split() == ["NAME", "SIZE", "NOTE"]
    assert next(table(columns, [row], 32)).split() == ["NAME", "SIZE", "…"]
    assert next(table(COLUMNS, [row], 32)).split() == ["NAME", "SIZE", "NOTE"]
