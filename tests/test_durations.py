"""Durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.durations import read_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("0", 0.0), ("90", 90.0), ("0.5", 0.5), (".5", 0.5), ("5.", 5.0)),
        *(("1e3", 1000.0), ("-1", -1.0), ("+3", 3.0)),
        *(("20m", 1200.0), ("90s", 90.0), ("1h30m", 5400.0), ("2d", 172800.0)),
        *(("500ms", 0.5), ("1m500ms", 60.5), ("1.5h", 5400.0), ("1w", 604800.0)),
        *(("1w2d3h4m5s6ms", 788645.006), ("0s", 0.0), ("007m", 420.0)),
    ],
)
def test_what_a_text_stands_for(text: str, seconds: float) -> None:
    assert read_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "m", "20 m", " 20m", "20m ", "20m\n", "20M", "20min", "1m1h"),
        *("1m1m", "m20", "-20m", "1e3m", ".5h", "5.h", "1,5h", "1_0s", "1h30"),
        *("nan", "inf", "1y", "20\xb5s", "\u0661s", "1" * 41, "1" * 40 + "s"),
    ],
)
def test_what_is_no_duration(text: str) -> None:
    assert read_duration(text) is None


@given(st.text(max_size=50))
def test_any_text_is_a_number_or_none(text: str) -> None:
    found = read_duration(text)
    assert found is None or isinstance(found, float)


@given(st.integers(0, 10**6))
def test_units_add_up(seconds: int) -> None:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    assert read_duration(f"{hours}h{minutes}m{rest}s") == seconds
