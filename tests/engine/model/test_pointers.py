"""JSON pointers: which part of a workload is its flow key."""

from __future__ import annotations

import pytest

from geartrain.engine.model.pointers import check_pointer, key_at

LARGE = b'{"id": 7, "rest": "' + b"x" * 65_536 + b'"}'


@pytest.mark.parametrize(
    ("pointer", "workload", "key"),
    [
        ("/account/id", b'{"account": {"id": 7}}', b"7"),
        ("/account/id", b'{"account": {"id": "a b"}}', b"a b"),
        ("/id", b' \n{"id": true}', b"true"),
        ("/id", '{"id": "zoë"}'.encode(), "zoë".encode()),
        ("/0/id", b'[{"id": -1}]', b"-1"),
        ("/a~1b/c~0d", b'{"a/b": {"c~d": "x"}}', b"x"),
        ("/", b'{"": "empty"}', b"empty"),
        # Half characters of two accounts are two keys.
        ("/id", rb'{"id": "\ud800"}', b"\xed\xa0\x80"),
    ],
)
def test_a_text_a_whole_number_or_a_flag_is_a_key(
    pointer: str, workload: bytes, key: bytes
) -> None:
    assert key_at(pointer, workload) == key


@pytest.mark.parametrize(
    "workload",
    [
        b"",
        b"no JSON",
        b"\xff\xfe{",
        b'{"id": null}',
        b'{"id": 1.5}',
        b'{"id": {}}',
        b'{"id": [1]}',
        b'{"other": 1}',
        b'"id"',
        b"[1]",
        b'{"id": "' + b"x" * 256 + b'"}',
        b'{"id": ' + b"1" * 5000 + b"}",
        b'{"id":' * 20_000,
        b"[" * 60_000,
        LARGE,
    ],
)
def test_any_other_workload_has_no_key(workload: bytes) -> None:
    assert key_at("/id", workload) == b""


@pytest.mark.parametrize("text", ["/", "/a", "/a/0/b", "/~0/~1"])
def test_a_pointer_begins_with_a_slash(text: str) -> None:
    assert check_pointer(text)


@pytest.mark.parametrize("text", ["", "a", "#/a", "/~", "/~2", "/" + "a" * 255])
def test_no_other_text_is_a_pointer(text: str) -> None:
    assert not check_pointer(text)
