"""``geartrain upcoming``."""

from __future__ import annotations

from tests.support.commands import ask, objects
from tests.support.jobs_in_states import schedule, submit_later
from tests.support.servers import RunningServer


def test_what_comes_is_listed_in_order(fresh: RunningServer) -> None:
    assert objects(fresh, "upcoming") == []
    later = submit_later(fresh, b"mail", 900_000)
    soon = submit_later(fresh, b"mail", 60)
    recurring = schedule(fresh, b"report")
    found = objects(fresh, "upcoming")
    assert {row["handle"] for row in found} == {later, soon, recurring}
    assert [row["when"] for row in found] == sorted(row["when"] for row in found)
    (row,) = objects(fresh, "upcoming", "--function", "report")
    assert (row["kind"], row["fields"]) == ("schedule", "30 7 * * mon")
    status, out, err = ask(fresh, "upcoming")
    assert (status, err) == (0, "")
    assert out.splitlines()[0].split()[0] == "WHEN"
    assert "30 7 * * mon" in out
