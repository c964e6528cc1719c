"""What is measured of other job servers."""

from __future__ import annotations

from typing import Any

from geartrain.http.peers import measured, measured_by_peer


def peer(role: str, node: str | None, jobs: int, **others: Any) -> dict[str, Any]:
    row = {"role": role, "node": node, "address": "b:4730", "state": "connected"}
    return {**row, "jobs": jobs, "returned": None, "failed": None, **others}


def test_one_that_is_alone() -> None:
    row = measured([{"role": "self", "node": "a"}])
    assert (row["lease"], row["lanes"]) == (None, None)
    assert (row["nodes"], row["helped"], row["helper"]) == ({}, {}, {})


def test_nodes_and_links_are_counted_by_state() -> None:
    own = {"role": "self", "state": "leading", "lease": 7.5, "lanes": [1, 4]}
    nodes = [{"role": "node", "state": each} for each in ("alive", "alive", "expired")]
    row = measured([own, *nodes, peer("helped", "b", 1), peer("helper", "b", 1)])
    assert (row["lease"], row["lanes"]) == (7.5, 2)
    assert row["nodes"] == {"leading": 1, "alive": 2, "expired": 1}
    assert (row["helped"], row["helper"]) == ({"connected": 1}, {"connected": 1})


def test_lives_of_one_node_are_one_peer() -> None:
    rows = [
        {"role": "self"},
        peer("helped", 'b"', 5, returned=1),
        peer("helper", 'b"', 3, failed=2),
        peer("helper", 'b"', 4, failed=1, state="away"),
        peer("helped", None, 0, returned=0),
    ]
    assert measured_by_peer(rows) == [
        (
            'peer="b\\""',
            {
                "helped": {"jobs": 5, "returned": 1, "failed": 0},
                "helper": {"jobs": 7, "returned": 0, "failed": 3},
            },
        ),
        ('peer="b:4730"', {"helped": {"jobs": 0, "returned": 0, "failed": 0}}),
    ]


def test_fifty_have_metrics() -> None:
    rows = [peer("helped", f"n{number}", number) for number in range(80)]
    names = [label for label, _ in measured_by_peer(rows)]
    assert (len(names), names[0], names[-1]) == (50, 'peer="n79"', 'peer="n30"')
