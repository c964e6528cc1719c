"""Tables: aligned, laid out to fit the terminal, and as they come."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from operator import itemgetter

import hypothesis
import pytest
from hypothesis import strategies as st

from geartrain.cli.columns import COUNT, NAME, PROSE, TEXT, Column
from geartrain.cli.tables import table, width, write_table
from geartrain.texts import visible

COLUMNS: tuple[Column[list[str]], ...] = (
    Column("NAME", itemgetter(0), NAME),
    Column("SIZE", itemgetter(1), COUNT),
    Column("NOTE", itemgetter(2), TEXT),
)


def lines(*rows: list[str], screen: int | None = None) -> list[str]:
    given = table(COLUMNS, rows, screen, 0.0)
    return [line.replace("\x1b[1m", "").replace("\x1b[0m", "") for line in given]


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


def test_what_a_beginning_tells_enough_of_is_cut_first() -> None:
    cut = lines(["n" * 10, "1", "x" * 60], screen=40)
    assert cut == [
        "NAME        SIZE  NOTE",
        "n" * 10 + "     1  " + "x" * 21 + "…",
    ]
    assert len(cut[1]) == 40


def test_columns_that_do_not_fit_are_left_out_and_a_mark_says_so() -> None:
    assert lines(["n" * 10, "123456789012", "x" * 60], screen=27) == [
        "NAME                SIZE  …",
        "nnnnnnnnnn  123456789012",
    ]
    without_room = lines(["n" * 10, "123456789012", "x" * 60], screen=24)
    assert without_room == ["NAME                SIZE", "nnnnnnnnnn  123456789012"]


def test_columns_of_least_worth_are_left_out_first() -> None:
    columns = (COLUMNS[0], replace(COLUMNS[1], worth=0), COLUMNS[2])
    row = ["n" * 10, "1" * 20, "x" * 10]
    given = list(table(columns, [row], 30, 0.0))
    assert given[1:] == ["n" * 10 + "  " + "x" * 10]


def test_a_name_is_folded_and_never_cut() -> None:
    given = lines(["n" * 50, "1", "x"], screen=20)
    assert given[0] == "NAME  …"
    assert "".join(given[1:]) == "n" * 50


def test_one_long_name_does_not_push_the_others_apart() -> None:
    given = lines(["n" * 70, "1", "x"], ["mail", "2", "y"], screen=60)
    assert given == [
        "NAME" + " " * 46 + "SIZE  NOTE",
        "n" * 48 + "     1  x",
        "n" * 22,
        "mail" + " " * 49 + "2  y",
    ]


LETTERS: tuple[Column[list[str]], ...] = (
    Column("HANDLE", itemgetter(0), NAME),
    Column("FUNCTION", itemgetter(1), NAME),
    Column("STATE", itemgetter(2), worth=2),
    Column("ERROR", itemgetter(3), PROSE),
)
ERROR = "could not connect to the picture server: connection refused"


@pytest.mark.parametrize(
    ("screen", "wanted"),
    [
        (
            120,
            [
                "HANDLE   FUNCTION    STATE  ERROR",
                f"H:web:1  resize-all  dead   {ERROR}",
            ],
        ),
        (
            62,
            [
                "HANDLE   FUNCTION    STATE  ERROR",
                "H:web:1  resize-all  dead   could not connect to the picture",
                "                            server: connection refused",
            ],
        ),
        (
            40,
            [
                "HANDLE   FUNCTION    STATE",
                "  ERROR",
                "H:web:1  resize-all  dead",
                "  could not connect to the picture",
                "  server: connection refused",
            ],
        ),
        (
            20,
            [
                "HANDLE   STATE",
                "  FUNCTION",
                "  ERROR",
                "H:web:1  dead",
                "  resize-all",
                "  could not connect",
                "  to the picture",
                "  server: connectio…",
            ],
        ),
    ],
)
def test_an_error_is_wrapped_or_below_and_names_are_whole(
    screen: int, wanted: list[str]
) -> None:
    rows = [["H:web:1", "resize-all", "dead", ERROR]]
    given = [
        re.sub("\x1b\\[[01]m", "", line) for line in table(LETTERS, rows, screen, 0.0)
    ]
    assert given == wanted


def test_a_row_without_an_error_has_no_line_for_it() -> None:
    rows = [["H:web:1", "resize-all", "dead", "-"], ["H:web:2", "f", "dead", ERROR]]
    given = list(table(LETTERS, rows, 40, 0.0))
    assert [line.strip() for line in given[2:4]] == [
        "H:web:1  resize-all  dead",
        "H:web:2  f           dead",
    ]


WILD = st.text(min_size=1, max_size=120)


@hypothesis.given(
    st.lists(st.tuples(WILD, WILD, st.integers(0, 10**12), WILD), min_size=1),
    st.integers(40, 200),
)
def test_no_line_is_wider_than_any_terminal(
    rows: list[tuple[str, str, int, str]], screen: int
) -> None:
    columns = (
        Column("HANDLE", itemgetter(0), NAME),
        Column("FUNCTION", itemgetter(1), NAME),
        Column("SIZE", itemgetter(2), COUNT),
        Column("ERROR", itemgetter(3), PROSE),
    )
    given = list(table(columns, rows, screen, 0.0))
    shown = [re.sub("\x1b\\[[01]m", "", line) for line in given]
    assert max(map(width, shown)) <= screen
    # Names are there in full, unless they are long beyond reason.
    for handle, function, _, _ in rows[:1]:
        for name in (visible(handle), visible(function)):
            if width(name) <= 16:
                assert any(name.rstrip() in line for line in shown)


def test_what_later_rows_leave_no_place_for_is_left_out_from_there_on() -> None:
    rows = [["n", "1", "a"]] * 1000 + [["n", "9" * 16, "b"]]
    given = list(table(COLUMNS, rows, 24, 0.0))
    assert given[1] == "n        1  a"
    assert given[-1].split() == ["n", "9" * 16]


def test_wide_characters_need_two_places() -> None:
    assert lines(["縮小", "1", "a"], ["resize", "2", "b"]) == [
        "NAME    SIZE  NOTE",
        "縮小       1  a",
        "resize     2  b",
    ]
    assert lines(["縮" * 20, "1", ""], screen=24)[1:] == [
        "縮" * 12,
        "縮" * 8,
    ]


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
    _, *folded, row = lines(["縮" * 60_000, "1", ""], ["mail", "2", "b"], screen=40)
    assert len(folded) == 8
    assert folded[0] == "縮" * 20
    assert folded[-1] == "縮" * 19 + "…"
    assert row.split() == ["mail"]


def test_rows_are_given_before_all_have_come() -> None:
    def endless() -> Iterator[list[str]]:
        while True:
            yield ["n", "1", ""]

    given = table(COLUMNS, endless(), None, 0.0)
    assert next(given) == "NAME  SIZE  NOTE"
    assert len([next(given) for _ in range(3000)]) == 3000


def test_columns_grow_with_later_rows() -> None:
    rows = [["n", "1", "a"]] * 1000 + [["longer name", "2", "b"]]
    given = list(table(COLUMNS, rows, None, 0.0))
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
