"""Numbers, times and names as pages show them."""

from __future__ import annotations

import doctest
import json
import re
import time
from datetime import timedelta, timezone

import pytest

from geartrain.dashboard import calls, columns, shown
from geartrain.dashboard.charts import Chart, ChartMark, Series, chart_data
from geartrain.dashboard.columns import TableColumn
from geartrain.dashboard.shown import FILTERS, local, shown_value
from geartrain.dashboard.sparks import shares, spark

COVERS = ("dashboard/charts", "dashboard/columns", "dashboard/sparks")


@pytest.mark.parametrize(
    "module", [calls, columns, shown], ids=lambda each: each.__name__
)
def test_the_examples_are_right(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("count", None, "\N{EN DASH}"),
        ("count", 0, "0"),
        ("short", 9999, "9,999"),
        ("short", 999_949, "1 M"),
        ("short", 10**13, "10,000 G"),
        ("rate", 0, "0"),
        ("rate", 0.001, "0.01"),
        ("rate", 99.96, "100.0"),
        ("rate", 12_345, "12.3 k"),
        ("duration", 0, "0 s"),
        ("duration", 0.00004, "0.04 ms"),
        ("duration", 0.9994, "999 ms"),
        ("duration", 59.4, "59 s"),
        ("duration", 60, "1 min"),
        ("duration", 95, "1 min 35 s"),
        ("duration", 3599, "59 min"),
        ("duration", 86_400 * 5.5, "5 d 12 h"),
        ("size", 0, "0 bytes"),
        ("size", 1, "1 byte"),
        ("size", 123_456, "123 kB"),
        ("name", None, "\N{EN DASH}"),
        ("line", "what\nwhere", '<span title="where">what …</span>'),
        ("key", "a/b c", "a_2Fb_20c"),
        ("packed", "caf\udcff", "caf%FF"),
    ],
)
def test_a_value_is_written_so(name: str, value: object, text: str) -> None:
    # A unit stays beside its number.
    assert FILTERS[name](value) == re.sub(r"(\d) (?=[a-zGM])", "\\1\xa0", text)


def test_a_number_and_its_unit_do_not_part() -> None:
    assert FILTERS["duration"](12_000) == "3\xa0h 20\xa0min"
    assert FILTERS["percent"](12, 100) == "12\xa0%"
    assert shown_value(FILTERS["size"](8192)) == "8.2\xa0kB"
    assert ">3\xa0h 20\xa0min ago<" in FILTERS["ago"](1000.0, 13_000.0)


def test_a_text_is_shown_with_all_of_its_characters() -> None:
    assert shown_value("a\u202e\n\udcff") == "a\\u202e\\n\\xff"
    assert FILTERS["name"]("<b>" + "x" * 2000).startswith('<span title="&lt;b&gt;xxx')
    assert FILTERS["block"]("a<\n\tb\x1b") == "a&lt;\n    b\\x1b"


def test_times_have_what_is_exact_in_their_title() -> None:
    assert FILTERS["ago"](1000.0, 1720.0).endswith(">12\xa0min ago</time>")
    assert 'datetime="1970-01-01T' in FILTERS["ago"](1000.0, 1720.0)
    assert FILTERS["until"](1720.0, 1000.0).endswith(">in 12\xa0min</time>")
    assert FILTERS["until"](1000.0, 1720.0).endswith(">now</time>")


def test_a_time_that_no_calendar_has_is_the_last_there_is() -> None:
    assert 'title="9999-12-31 ' in FILTERS["until"](253402343999.0, 1720.0)
    assert 'title="9999-12-31 ' in FILTERS["moment"](1e15)
    there = timezone(timedelta(hours=14))
    assert local(253402300799.0, there).year == 9999


def test_a_cell_says_what_its_column_is() -> None:
    name = TableColumn("Function", is_header=True)
    assert name("<x>") == '<th scope="row">&lt;x&gt;</th>'
    workers = TableColumn("Workers", is_number=True)
    cell = str(workers("0", kind="failed", title='"'))
    assert 'data-label="Workers" class="number failed" title="&#34;"' in cell
    assert 'class="number nothing"' in str(workers("0"))


def test_a_sparkline_stands_on_zero() -> None:
    line = spark([0, 1, 2, None], "failed")
    assert 'points="0.0,23.0 50.0,12.0 100.0,1.0"' in line
    for few in ([], [1.0], [0.0, 0.0]):
        assert "<polyline" in spark(few)


@pytest.mark.parametrize(
    ("zone", "offset"),
    [("UTC", 0), ("Asia/Kolkata", 19_800), ("America/New_York", -14_400)],
)
def test_a_chart_is_in_the_time_zone_of_its_last_time(
    zone: str, offset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        summer = 1_782_907_200.0  # 1 July 2026, 12:00 UTC
        series = [Series(label="ran", kind="running", values=[1, 2])]
        chart = Chart(
            name="a",
            title="A",
            sentence="It is.",
            times=[summer - 200 * 86_400, summer],
            series=series,
        )
        assert json.loads(chart_data(chart))["offset"] == offset
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_chart_has_a_number_for_each_time() -> None:
    series = [Series(label="ran", kind="running", values=[1 / 3, None])]
    chart = Chart(
        name="a",
        title="A",
        sentence="It is.",
        times=[1.0, 2.0],
        series=series,
        marks=[ChartMark(time=1.5, label="started")],
    )
    data = chart_data(chart)
    assert '"values":[0.3333,null]' in data
    assert '"marks":[{"time":1.5,"label":"started"}]' in data
    with pytest.raises(AssertionError):
        Chart(name="a", title="A", sentence="It is.", times=[1.0], series=series)


def test_a_bar_of_shares_says_its_numbers() -> None:
    bar = shares({"succeeded": 1, "failed": 2}, 4)
    assert 'aria-label="1 succeeded, 2 failed of 4"' in bar
    assert 'class="succeeded" x="0.00" width="25.00"' in bar
    assert 'class="failed" x="25.00" width="50.00"' in bar
    # A batch whose total is not known yet has an empty bar.
    assert 'width="0.00"' in shares({"succeeded": 0}, 0)
