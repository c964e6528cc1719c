"""Marks as rows, and back; how many are kept."""

from __future__ import annotations

import json

import pytest

from geartrain.engine.model.marks import Absence, Mark, Marks, read_mark


def test_a_mark_comes_back_as_it_was() -> None:
    mark = Mark(7, 1.5, "worker", b"\xff")
    mark.seconds = 12.5
    assert read_mark(json.dumps(mark.values()).encode()).values() == mark.values()
    plain = Mark(8, 2.0, "started", b"")
    plain.version = "1.2"
    again = read_mark(json.dumps(plain.values()).encode())
    assert (again.function, again.seconds, again.version) == (b"", -1.0, "1.2")


@pytest.mark.parametrize("line", [b"no", b"7", b"{}", b'{"number": "x"}'])
def test_what_is_no_mark_is_refused(line: bytes) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        read_mark(line)


def test_functions_do_not_push_out_the_marks_of_the_server() -> None:
    marks = Marks()
    marks.add(Mark(1, 0.0, "started", b""))
    gone = [marks.add(Mark(n, 0.0, "no_worker", b"f")) for n in range(2, 2004)]
    assert gone == [0] * 2000 + [2, 3]
    kept = [each.number for each in marks.before(0, b"")]
    assert (kept[0], kept[-2:], len(kept)) == (2003, [4, 1], 2001)
    assert marks.next_number() == 2004
    for number in range(2004, 2204):
        marks.add(Mark(number, 0.0, "stopped", b""))
    assert [each.number for each in marks.before(1000, b"x")] == []


def test_a_function_has_its_own_marks_and_those_of_the_server() -> None:
    marks = Marks()
    for number, function in enumerate([b"", b"f", b"g", b"f", b""], 1):
        marks.add(Mark(number, 0.0, "started", function))
    assert [each.number for each in marks.before(0, b"f")] == [5, 4, 2, 1]
    assert [each.number for each in marks.before(4, b"g")] == [3, 1]


def test_marks_of_two_are_in_the_order_of_numbers() -> None:
    marks = Marks()
    for number in (10, 30):
        marks.add(Mark(number, 0.0, "started", b""))
    assert marks.add(Mark(20, 0.0, "stopped", b"")) == 0
    assert marks.take_in([Mark(25, 0.0, "worker", b"f")]) == []
    assert [each.number for each in marks.before(0, b"")] == [30, 25, 20, 10]
    assert marks.next_number() == 31
    assert marks.next_number(1000) == 1000
    many = [Mark(n, 0.0, "started", b"") for n in range(100, 300)]
    assert marks.take_in(many) == [10, 20, 30]


def test_the_latest_mark_of_each_job_server_is_known() -> None:
    marks = Marks()
    for number, node in enumerate(["", "one", "two", "one"], 1):
        mark = Mark(number, 0.0, "started", b"")
        mark.node = node
        marks.add(mark)
    last = marks.last_of_servers()
    assert {name: mark.number for name, mark in last.items()} == {
        "": 1,
        "one": 4,
        "two": 3,
    }
    assert last["two"].values()["node"] == "two"
    assert "node" not in last[""].values()


def test_of_very_many_functions_without_a_worker_the_earliest_is_given_up() -> None:
    marks = Marks()
    absences = [Absence(b"%d" % number, 0.0, 0.0) for number in range(10_001)]
    given_up = [marks.lose(absence) for absence in absences]
    assert given_up[:-1] == [None] * 10_000
    assert given_up[-1] is absences[0]
    assert b"0" not in marks.absences
