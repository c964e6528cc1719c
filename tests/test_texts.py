"""Names and texts from elsewhere, as they are shown."""

from __future__ import annotations

import pytest

from geartrain.texts import counted, cut, error_line, quoted, span_of, visible

_TRACEBACK = """Traceback (most recent call last):
  File "mail.py", line 16, in send
    connect(host)
OSError: no route
"""
_OTHER = """Traceback (most recent call last):
  File "mail.py", line 20, in recover
    found[7]
KeyError: 7
"""


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"resize", "'resize'"),
        ("grüße".encode(), "'grüße'"),
        (b"a\nb\tc\x00", r"'a\nb\tc\x00'"),
        (b"\x1b[2J\x7f\x9b", r"'\x1b[2J\x7f\x9b'"),
        ("a\u202eb\u2028c\u0085".encode(), r"'a\u202eb\u2028c\x85'"),
        (b"it's \\x00", r"'it\'s \\x00'"),
        ("caf\udce9", r"'caf\xe9'"),
        (b"", "''"),
    ],
)
def test_a_name_is_quoted_and_escaped(name: bytes | str, shown: str) -> None:
    assert quoted(name) == shown


def test_a_long_name_is_cut_and_says_so() -> None:
    assert quoted(b"f" * 200) == f"'{'f' * 200}'"
    assert quoted(b"f" * 60_000) == f"'{'f' * 200}'… (59800 more)"
    assert quoted("é" * 300, 10) == f"'{'é' * 10}'… (290 more)"
    # However many bytes a character has, and wherever the cut falls.
    assert len(quoted("😀".encode() * 60_000)) < 240
    assert len(quoted(b"\xff" * 60_000)) < 1100


def test_text_is_visible_on_one_line() -> None:
    assert visible("plain") == "plain"
    assert "\n" not in visible("a\nb")
    assert "\x1b" not in visible("\x1b]0;x\x07")


def test_text_is_cut_by_characters() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcdef", 3) == "abc… (3 more)"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        ("", ""),
        ("\n \n", ""),
        ("no such picture\nStack trace:\n#0 resize.php(7): main()", "no such picture"),
        (_TRACEBACK, "OSError: no route"),
        (_TRACEBACK.encode() + b"while sending\n", "OSError: no route"),
        (f"ValueError: it quotes\n{_TRACEBACK}", "ValueError: it quotes"),
        (f"{_TRACEBACK}\nDuring it, another one:\n\n{_OTHER}", "KeyError: 7"),
        ("  + Exception Group Traceback:\n  |   a\n  | Group: 2", "| Group: 2"),
        (
            _TRACEBACK.replace("  File", "  File\n" * 50_000).encode(),
            "OSError: no route",
        ),
        (b"caf\xe9\nmore", "caf\udce9"),
    ],
)
def test_the_line_of_an_error_that_says_what_went_wrong(
    error: bytes | str, line: str
) -> None:
    assert error_line(error) == line


def test_a_noun_follows_its_number() -> None:
    found = [counted(number, "dead letter") for number in (0, 1, 2)]
    assert found == ["0 dead letters", "1 dead letter", "2 dead letters"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0.0 s"),
        (9.94, "9.9 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7200, "2 h"),
        (172800, "2 d"),
    ],
)
def test_a_length_of_time_is_said_for_people(seconds: float, said: str) -> None:
    assert span_of(seconds) == said
