"""Names and texts from elsewhere, as they are shown."""

from __future__ import annotations

import pytest

from geartrain.texts import cut, quoted, visible


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
