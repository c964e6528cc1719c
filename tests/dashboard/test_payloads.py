"""Payloads as people read them: JSON that is not rounded, text, or hexadecimal."""

from __future__ import annotations

import asyncio
import base64
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.dashboard.payloads import FIRST, hexadecimal, indented, payload
from geartrain.dashboard.redaction import Redaction

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
).filter(lambda each: isinstance(each, list | dict))


def shown(data: bytes, size: int | None = None) -> tuple[str, str, int]:
    text = base64.b64encode(data).decode()
    found = asyncio.run(payload(text, "base64", size or len(data), "f", Redaction()))
    return found.kind, found.text, found.shown


def test_text_is_text() -> None:
    assert shown("grün\n".encode()) == ("text", "grün\n", 6)
    assert shown(b"") == ("", "", 0)


@pytest.mark.parametrize("data", [b"\xff\xfe", b"a\x00b", b"\x1b[31m"])
def test_what_is_no_text_is_hexadecimal(data: bytes) -> None:
    kind, text, size = shown(data)
    assert (kind, size) == ("bytes", len(data))
    assert text == hexadecimal(data)


def test_numbers_are_as_they_were_sent() -> None:
    sent = b'{"id":12345678901234567890123,"rate":1.10,"e":1E400,"of":[-0,2.0]}'
    assert shown(sent)[:2] == (
        "JSON",
        '{\n  "id": 12345678901234567890123,\n  "rate": 1.10,\n  "e": 1E400,\n'
        '  "of": [-0, 2.0]\n}',
    )


@pytest.mark.parametrize(
    "text", ["{", '{"a":}', "[1,]", "{'a': 1}", "[1] 2", "[NaN]", "12", '"a"']
)
def test_what_is_no_json_stays_text(text: str) -> None:
    assert shown(text.encode())[:2] == ("text", text)


@given(DOCUMENTS)
def test_indented_json_means_the_same(document: object) -> None:
    for text in (json.dumps(document), json.dumps(document, indent=7)):
        pretty = indented(text, is_whole=True)
        assert pretty is None or json.loads(pretty) == document


def test_the_beginning_of_a_large_document_is_indented() -> None:
    data = b'{"items": [' + b'{"id": 1, "name": "x"}, ' * 1000
    kind, text, size = shown(data[:FIRST], 10**9)
    assert (kind, size) == ("JSON", FIRST)
    assert text.startswith('{\n  "items": [\n    {\n      "id": 1,')


@pytest.mark.parametrize("opening", ["[", '{"a":', "[{}," * 2])
def test_depth_is_bounded(opening: str) -> None:
    data = (opening * FIRST)[:FIRST].encode()
    kind, text, _ = shown(data, 10**6)
    assert len(text) < 20 * FIRST
    assert kind == "text"


def test_a_cut_character_is_left_out() -> None:
    data = ("x" * (FIRST - 1) + "ä").encode()
    assert shown(data)[2] == FIRST - 1


def test_much_that_is_no_text_is_cut_earlier() -> None:
    assert shown(b"\xff" * FIRST, 10**9)[2] == 2048


# With a hook


def hidden(function: str, data: bytes) -> str:
    return f"{function}: {len(data)} bytes"


def test_a_hook_decides_what_is_shown() -> None:
    found = asyncio.run(payload("secret", "utf-8", 6, "mail", Redaction(hidden)))
    assert (found.text, found.is_redacted, found.size) == ("mail: 6 bytes", True, 6)


def test_what_a_hook_lets_pass_is_not_redacted() -> None:
    found = asyncio.run(
        payload("open", "utf-8", 4, "mail", Redaction(lambda _, data: data))
    )
    assert (found.text, found.is_redacted, found.is_cut) == ("open", False, False)


def test_of_what_a_hook_saw_a_part_of_nothing_more_is_given() -> None:
    found = asyncio.run(
        payload("open", "utf-8", 400, "mail", Redaction(lambda _, data: data))
    )
    assert found.is_redacted


def failing(function: str, data: bytes) -> bytes:
    raise ValueError(data)


def leaving(function: str, data: bytes) -> bytes:
    sys.exit("goodbye")


@pytest.mark.parametrize(
    "hook",
    [
        failing,
        leaving,
        lambda _, data: None,
        lambda _, data: 7.5,
        lambda _, data: 7,
        lambda _, data: "\udcff",
    ],
)
def test_a_hook_that_fails_shows_nothing(hook: object) -> None:
    found = asyncio.run(payload("secret", "utf-8", 6, "mail", Redaction(hook)))  # type: ignore[arg-type]
    assert "secret" not in repr(found)
    assert "the redaction hook has failed" in found.problem
