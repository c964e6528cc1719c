"""Ranges of whole lines: together the file, and no line in two."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geartrain.errors import OptionError
from geartrain.worker import line_ranges
from geartrain.worker.ranges import _BLOCK


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("a\n", max_size=60), st.integers(1, 30))
def test_ranges_are_the_file_cut_behind_ends_of_lines(
    tmp_path: Path, text: str, size: int
) -> None:
    content = text.encode()
    path = tmp_path / "log"
    path.write_bytes(content)
    ranges = line_ranges(path, size)
    pieces = [content[start : start + length] for start, length in ranges]
    assert b"".join(pieces) == content
    for piece in pieces[:-1]:
        assert piece.endswith(b"\n")
        assert len(piece) >= size
    for piece in pieces:
        # No more than the last line goes beyond the size.
        assert b"\n" not in piece[size - 1 : -1]


def test_a_line_longer_than_all_that_is_read_at_once_is_in_one_range(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log"
    long = b"x" * (2 * _BLOCK + 5) + b"\n"
    path.write_bytes(b"a\n" + long + b"b\n")
    assert line_ranges(path, 2) == [(0, 2), (2, len(long)), (2 + len(long), 2)]


@pytest.mark.parametrize("size", [0, -1, 2.5, True, "8"])
def test_a_size_is_a_whole_number_above_0(tmp_path: Path, size: int) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"a\n")
    with pytest.raises(OptionError, match="number of bytes"):
        line_ranges(path, size)
