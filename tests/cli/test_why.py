"""``geartrain why``."""

from __future__ import annotations

import re

from tests.support.commands import ask, objects
from tests.support.jobs_in_states import bury, submit
from tests.support.servers import RunningServer


def test_why_in_a_sentence(server: RunningServer) -> None:
    handle = submit(server, b"f\n\x1b", b"x")
    assert ask(server, "why", handle) == (
        0,
        f"{handle} is waiting: no worker has the function 'f\\n\\x1b'\n",
        "",
    )
    (dead,) = bury(server, b"mail", [b"x"], b"no route")
    status, out, _ = ask(server, "why", dead)
    assert status == 0
    assert out.startswith(f"{dead}: it failed for good and became a dead letter")


def test_why_in_fields(server: RunningServer) -> None:
    handle = submit(server, b"nobody", b"x")
    (row,) = objects(server, "why", handle, "--json")
    assert (row["handle"], row["code"], row["workers"]) == (handle, "no_worker", 0)


def test_why_by_unique(server: RunningServer) -> None:
    handles = [submit(server, name, b"x", unique=b"order 17") for name in (b"a", b"b")]
    rows = objects(server, "why", "order 17", "--json")
    assert [(row["handle"], row["code"]) for row in rows] == [
        (handle, "no_worker") for handle in handles
    ]


def test_what_nobody_knows(server: RunningServer) -> None:
    status, out, _ = ask(server, "why", "H:no:9")
    assert status == 1
    assert out.startswith("H:no:9 is unknown: there is no such job")
    assert ask(server, "why", "order 18")[1].startswith("order 18 is unknown: ")


def test_the_name_of_a_function_leads_to_its_jobs(server: RunningServer) -> None:
    submit(server, b"report.monthly", b"x")
    status, out, err = ask(server, "why", "report.monthly")
    assert status == 1
    assert out.startswith("report.monthly is unknown: ")
    lists = "geartrain jobs --function report.monthly lists its jobs"
    assert err == f"geartrain: 'report.monthly' is a function: {lists}\n"


def test_a_worker_without_a_name_is_its_address(server: RunningServer) -> None:
    (dead,) = bury(server, b"mail", [b"x"], b"no route")
    said = ask(server, "why", dead)[1]
    assert re.search(r" ago on (gravedigger )?127\.0\.0\.1: no route", said)
