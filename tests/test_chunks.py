"""Workloads cut into chunks and joined again."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.chunks import chunks, is_manifest, join, manifest_for, parse
from geartrain.errors import CodecError


def cut(data: bytes, size: int = 3, unique: str = "") -> tuple[bytes, dict[str, bytes]]:
    """Return a manifest, and the chunks by their uniques."""
    manifest = manifest_for("f", unique, data, size)
    pieces = enumerate(chunks(data, size))
    return manifest.encode(), {manifest.unique(n): piece for n, piece in pieces}


@given(st.binary(max_size=100), st.integers(1, 40), st.randoms())
def test_chunks_are_joined_in_whatever_order_they_come(
    data: bytes, size: int, random: object
) -> None:
    manifest, pieces = cut(data, size)

    def grab(function: str, count: int) -> Iterable[tuple[str, bytes]]:
        assert function == parse(manifest).function
        assert count == len(pieces)
        items = list(pieces.items())
        random.shuffle(items)  # type: ignore[attr-defined]
        return items

    assert is_manifest(manifest)
    assert join(manifest, grab) == data


def test_the_same_unique_and_workload_have_the_same_chunks() -> None:
    assert cut(b"abcdef", unique="u") == cut(b"abcdef", unique="u")
    assert cut(b"abcdef", unique="u")[0] != cut(b"abcdeg", unique="u")[0]
    assert cut(b"abcdef", unique="u")[0] != cut(b"abcdef", unique="v")[0]
    assert cut(b"abcdef")[0] != cut(b"abcdef")[0]


def test_the_uniques_of_chunks_are_short_enough() -> None:
    manifest = manifest_for("f" * 200, "u" * 64, b"x", 1)
    assert len(manifest.unique(10**9)) <= 64


def test_missing_chunks_are_counted() -> None:
    manifest, pieces = cut(b"abcdefgh")
    pieces.popitem()
    with pytest.raises(CodecError, match="1 of the 3 chunks of a workload are missing"):
        join(manifest, lambda function, count: pieces.items())


def test_chunks_of_another_workload_are_refused() -> None:
    manifest, pieces = cut(b"abcdefgh")
    others = dict.fromkeys(pieces, b"xxx")
    with pytest.raises(CodecError, match="not those that were sent"):
        join(manifest, lambda function, count: others.items())


@pytest.mark.parametrize(
    "rest",
    [
        b"",
        b"{",
        b"{}",
        b"[]",
        b'{"function":1,"id":"","count":1,"size":1,"digest":""}',
        b'{"function":"f","id":"","count":-1,"size":1,"digest":""}',
        b'{"function":"f","id":"","count":"1","size":1,"digest":""}',
    ],
)
def test_a_broken_manifest_is_refused(rest: bytes) -> None:
    mark = cut(b"x")[0].partition(b"{")[0]
    with pytest.raises(CodecError, match="manifest"):
        parse(mark + rest)


@pytest.mark.parametrize("workload", [b"", b"{}", b"\0geartrain"])
def test_other_workloads_are_no_manifests(workload: bytes) -> None:
    assert not is_manifest(workload)
    with pytest.raises(CodecError):
        parse(workload)
