"""``geartrain problems``: what is wrong, wherever it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from geartrain.admin import ProblemRow
from geartrain.client import Client
from tests.support.commands import ask, objects
from tests.support.servers import RunningServer, running_geartrain


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with running_geartrain("--store", "memory:") as running:
        yield running


def test_what_is_wrong_is_listed_with_what_mends_it(server: RunningServer) -> None:
    done = ask(server, "problems")
    assert done == (0, "nothing is wrong\n", "")
    ask(server, "policy", "mail", "alert_no_worker=0.01", "alert_age=0")
    with Client([server.address]) as client:
        client.submit("mail", b"w", background=True)
    rows: list[dict[str, object]] = []
    while not rows:
        rows = objects(server, "problems")
    (row,) = rows
    assert (row["problem"], row["function"], row["node"]) == ("no_worker", "mail", None)
    title, line = ask(server, "problems")[1].splitlines()
    assert (
        " ".join(title.split()) == "PROBLEM SINCE FUNCTION WHAT IS WRONG WHAT MENDS IT"
    )
    assert line.startswith("no worker")


def test_one_of_another_job_server_says_so() -> None:
    row = ProblemRow(
        problem="no_worker",
        function="f",
        text="a job waits",
        value=1,
        since=0.0,
        remedy="start a worker",
        node="other",
    )
    assert row.told == "a job waits, at other"
