"""Lines of the text protocol."""

from __future__ import annotations

import pytest

from geartrain.protocol.admin import END_OF_LIST, OK, error, ok, parse_command


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"status", [b"status"]),
        (b"status\r", [b"status"]),
        (b"STATUS", [b"STATUS"]),
        (b"show unique jobs", [b"show", b"unique", b"jobs"]),
        (b"show   jobs  ", [b"show", b"jobs"]),
        (b"maxqueue f 1 2 3\r", [b"maxqueue", b"f", b"1", b"2", b"3"]),
        (b"create function \xc3\xa4\xff", [b"create", b"function", b"\xc3\xa4\xff"]),
    ],
)
def test_a_line_is_parted_at_spaces(line: bytes, words: list[bytes]) -> None:
    assert parse_command(line).words == words


@pytest.mark.parametrize("line", [b"", b"\r", b" ", b" status", b"   \r"])
def test_a_blank_line_or_a_leading_space_is_an_empty_command(line: bytes) -> None:
    assert parse_command(line).words == [b""]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"\t", [b"\t"]),
        (b"\x0b", [b"\x0b"]),
        (b"\r\r", [b"\r"]),
        (b"status\t", [b"status\t"]),
        (b"create function a\tb", [b"create", b"function", b"a\tb"]),
    ],
)
def test_only_spaces_part_words(line: bytes, words: list[bytes]) -> None:
    assert parse_command(line).words == words


def test_answers_end_as_gearmand_ends_them() -> None:
    assert OK == b"OK\r\n"
    assert END_OF_LIST == b".\n"
    assert ok(b"1.2") == b"OK 1.2\n"


def test_an_error_has_plus_signs_for_spaces() -> None:
    assert error(b"CODE", "what is wrong") == b"ERR CODE what+is+wrong\r\n"


def test_an_error_may_be_a_code_alone() -> None:
    assert error(b"UNKNOWN_JOB") == b"ERR UNKNOWN_JOB\r\n"
