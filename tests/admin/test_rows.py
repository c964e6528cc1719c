"""Rows that a job server writes in JSON, and the values of settings."""

from __future__ import annotations

from typing import Any

import pytest

from geartrain.admin.job_rows import JobRow, job_row
from geartrain.admin.lines import function_rows, worker_rows
from geartrain.admin.rows import (
    CounterRow,
    FunctionRow,
    PolicyRow,
    Setting,
    counter_row,
    function_row,
    policy_row,
    setting,
    setting_text,
)
from geartrain.admin.worker_rows import WorkerRow

COVERS = ("admin/job_rows", "admin/lines")

JOB: dict[str, Any] = {
    "handle": "H:here:1",
    "function": "resize",
    "unique": "",
    "priority": "high",
    "state": "ready",
    "background": True,
    "submitted": 1700000000.5,
    "due": None,
    "started": None,
    "died": None,
    "worker": None,
    "attempts": 2,
    "crashes": 1,
    "reason": "fail",
    "error": None,
    "size": 4,
}


def test_a_row_without_its_workload() -> None:
    row = job_row(JOB)
    assert row == JobRow(**JOB, workload=None)


@pytest.mark.parametrize(
    ("text", "encoding", "workload"),
    [
        ("größe", "utf-8", "größe".encode()),
        ("", "utf-8", b""),
        ("//4=", "base64", b"\xff\xfe"),
        ("", "base64", b""),
    ],
)
def test_a_workload_is_bytes(text: str, encoding: str, workload: bytes) -> None:
    row = job_row({**JOB, "workload": text, "encoding": encoding})
    assert row.workload == workload


def test_what_a_later_version_tells_more_is_left_out() -> None:
    assert job_row({**JOB, "colour": "blue"}) == job_row(JOB)


@pytest.mark.parametrize("name", JOB)
def test_a_row_that_lacks_something_is_none(name: str) -> None:
    with pytest.raises(KeyError):
        job_row({key: JOB[key] for key in JOB if key != name})


def test_a_workload_that_is_not_what_it_says() -> None:
    with pytest.raises(ValueError, match="base64"):
        job_row({**JOB, "workload": "*", "encoding": "base64"})


def test_the_total_of_forgotten_functions_is_told_apart() -> None:
    found = counter_row({"function": "", "forgotten": 3, "dead": 2})
    assert found == CounterRow(function="", counts={"dead": 2}, forgotten=3)


def test_policies_and_counters() -> None:
    given = {
        "pattern": "mail*",
        "source": "file",
        "max_attempts": 3,
        "backoff": "fixed",
    }
    assert policy_row(given) == PolicyRow(
        pattern="mail*", source="file", settings={"max_attempts": 3, "backoff": "fixed"}
    )
    assert counter_row({"function": "f", "dead": 2}) == CounterRow(
        function="f", counts={"dead": 2}
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("0.1", 0.1),
        ("true", True),
        ("false", False),
        ("exponential", "exponential"),
        ("null", "null"),
        ("[1]", "[1]"),
    ],
)
def test_settings_are_read_and_written(text: str, value: Setting) -> None:
    assert setting(text) == value
    assert type(setting(text)) is type(value)
    assert setting_text(value) == text


def test_a_whole_number_has_no_fraction() -> None:
    assert setting_text(60.0) == "60"
    assert setting_text(1e9) == "1000000000"


def test_functions_are_put_together_of_two_lists() -> None:
    status = ["tab\there\t6\t1\t2", "new\t1\t1\t0"]
    rows, unread = function_rows(status, ["tab\there\t1\t0\t4\t2"])
    assert rows == [
        FunctionRow(
            function="tab\there", high=1, normal=0, low=4, running=1, workers=2
        ),
        FunctionRow(function="new", high=0, normal=0, low=0, running=1, workers=0),
    ]
    assert rows[0].waiting == 5
    assert unread == []


def test_names_with_line_breaks_are_put_together_again() -> None:
    names = ["a\nb", "c\n.\nd", "plain", "\n", ".", "", "e\n\n"]
    status = [f"{name}\t3\t0\t0" for name in names]
    priorities = [f"{name}\t1\t2\t0\t0" for name in names]
    rows, unread = function_rows(
        "\n".join(status).split("\n"), "\n".join(priorities).split("\n")
    )
    assert [(row.function, row.high, row.normal) for row in rows] == [
        (name, 1, 2) for name in names
    ]
    assert unread == []


@pytest.mark.parametrize("line", ["", "f", "f\t1\t2", "f\t1\t2\tx"])
def test_what_is_no_function_is_left_over(line: str) -> None:
    rows, unread = function_rows(["good\t0\t0\t1", line], [])
    assert [row.function for row in rows] == ["good"]
    assert unread == [line]


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("9 127.0.0.1 ann : b a", (9, "127.0.0.1", "ann", ("b", "a"))),
        ("9 ::1 - :", (9, "::1", "-", ())),
        ("9 ::1  : a", (9, "::1", "", ("a",))),
        ("9 unix two words : a", (9, "unix", "two words", ("a",))),
        ("9 unix x\n.\ny : a", (9, "unix", "x\n.\ny", ("a",))),
    ],
)
def test_a_worker(line: str, row: tuple[int, str, str, tuple[str, ...]]) -> None:
    descriptor, address, name, functions = row
    worker = WorkerRow(
        descriptor=descriptor, address=address, id=name, functions=functions
    )
    assert worker_rows(line.split("\n")) == ([worker], [])


@pytest.mark.parametrize("line", ["", "ERR", "9 ::1 -", "x ::1 - : a"])
def test_what_is_no_worker_is_left_over(line: str) -> None:
    rows, unread = worker_rows([line, "9 ::1 zz : a", line])
    assert [row.id for row in rows] == ["zz"]
    assert unread == [line, line]


def test_lines_that_are_no_rows_cost_no_time_without_end() -> None:
    rows, unread = worker_rows(["x"] * 20_000 + ["9 ::1 zz : a"])
    assert len(rows) == 1
    assert len(unread) == 20_000


def test_rows_in_json_have_any_bytes() -> None:
    values: dict[str, Any] = {"function": "a\n.\t\udcff", "high": 1, "normal": 2}
    values |= {"low": 3, "running": 4, "workers": 5}
    assert function_row({**values, "total": 10}) == FunctionRow(**values)
    for name in values:
        with pytest.raises(KeyError):
            function_row({key: values[key] for key in values if key != name})
