"""Prometheus' text format."""

from __future__ import annotations

import pytest

from geartrain.http.exposition import Family, Histogram, at, escaped, lines


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("plain", "plain"),
        ('a"b', r"a\"b"),
        ("a\\b", r"a\\b"),
        ("a\nb", r"a\nb"),
        ('\\"\n', r"\\\"\n"),
        ("ü\r\t}", "ü\r\t}"),
    ],
)
def test_labels_are_escaped(name: str, written: str) -> None:
    assert escaped(name) == written


def test_a_family_has_the_values_of_each_row() -> None:
    family = Family(
        name="jobs",
        kind="gauge",
        help="Jobs.",
        samples={'state="a"': at("now", "a"), 'state="b"': at("now", "b")},
    )
    rows = [
        ('function="x"', family.values({"now": {"a": 1, "b": None}})),
        ("", family.values({"now": {"a": True, "b": 0.5}})),
    ]
    assert "".join(lines(family, rows)).splitlines() == [
        "# HELP jobs Jobs.",
        "# TYPE jobs gauge",
        'jobs{function="x",state="a"} 1',
        'jobs{state="a"} 1',
        'jobs{state="b"} 0.5',
    ]


def test_the_buckets_of_a_histogram_add_up() -> None:
    family = Histogram(name="t", help="T.", path=("h",), bounds={1: 0.5, 3: 2.0})
    values = family.values({"h": {"buckets": [1, 2, 0, 4, 8], "seconds": 9.5}})
    assert "".join(lines(family, [("", values)])).splitlines()[2:] == [
        't_bucket{le="0.5"} 3',
        't_bucket{le="2"} 7',
        't_bucket{le="+Inf"} 15',
        "t_sum 9.5",
        "t_count 15",
    ]


def test_a_histogram_with_few_buckets_has_all_bounds() -> None:
    family = Histogram(name="t", help="T.", path=(), bounds={1: 0.5, 3: 2.0})
    for buckets, counts in (([], [0, 0, 0]), ([5], [5, 5, 5]), ([1, 1], [2, 2, 2])):
        values = family.values({"buckets": buckets, "seconds": 0.0})
        assert values == [*counts, 0.0, counts[-1]]
