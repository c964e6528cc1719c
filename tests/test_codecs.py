"""Values into bytes and back."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.codecs import get_codec
from geartrain.errors import CodecError, OptionError

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.binary())
def test_bytes_pass_as_they_are(data: bytes) -> None:
    codec = get_codec(None)
    assert codec.encode(data) is data
    assert codec.decode(data) is data


@pytest.mark.parametrize(
    "value", ["ä", bytearray("ä", "utf-8"), memoryview(b"\xc3\xa4")]
)
def test_text_and_other_bytes_become_bytes(value: Any) -> None:
    assert get_codec("bytes").encode(value) == b"\xc3\xa4"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_comes_back(value: str) -> None:
    codec = get_codec("text")
    assert codec.decode(codec.encode(value)) == value


@given(plain)
def test_json_comes_back(value: object) -> None:
    codec = get_codec("json")
    try:
        data = codec.encode(value)
    except CodecError:
        # A lone surrogate is no text.
        assert "\\ud" in ascii(value)
    else:
        assert codec.decode(data) == value


def test_json_is_short() -> None:
    assert get_codec("json").encode({"a": [1, "ä"]}) == '{"a":[1,"ä"]}'.encode()


def test_pickled_objects_come_back() -> None:
    codec = get_codec("pickle")
    assert codec.decode(codec.encode({1, 2j})) == {1, 2j}


@pytest.mark.parametrize("name", ["json", "pickle", "msgpack"])
def test_no_bytes_are_none(name: str) -> None:
    assert get_codec(name).decode(b"") is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bytes", 5),
        ("text", b"x"),
        ("text", 5),
        ("json", {1, 2}),
        ("json", "\ud800"),
        ("pickle", lambda: None),
    ],
)
def test_what_cannot_be_encoded_is_refused(name: str, value: object) -> None:
    with pytest.raises(CodecError):
        get_codec(name).encode(value)


@pytest.mark.parametrize(
    ("name", "data"), [("text", b"\xff"), ("json", b"{"), ("pickle", b"nonsense")]
)
def test_what_cannot_be_decoded_is_refused(name: str, data: bytes) -> None:
    with pytest.raises(CodecError):
        get_codec(name).decode(data)


def test_msgpack_says_what_to_install_where_it_is_missing() -> None:
    program = (
        "import sys; sys.modules['msgpack'] = None\n"
        "from geartrain.codecs import get_codec\n"
        "get_codec('msgpack').encode(1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stderr.rstrip().endswith("pip install 'geartrain[msgpack]'")


def test_a_codec_of_ones_own_is_taken() -> None:
    class Reversed:
        name = "reversed"
        joins = False

        def encode(self, value: Any) -> bytes:
            return bytes(value[::-1])

        def decode(self, data: bytes) -> Any:
            return data[::-1]

    own = Reversed()
    assert get_codec(own) is own


def test_an_unknown_codec_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        OptionError, match=r"'yaml': use bytes, text, json, msgpack, pi"
    ):
        get_codec("yaml")
