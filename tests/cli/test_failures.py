"""``geartrain failures``."""

from __future__ import annotations

from tests.support.commands import ask, objects
from tests.support.jobs_in_states import bury
from tests.support.servers import RunningServer


def test_kinds_of_failures_are_listed(fresh: RunningServer) -> None:
    _, out, _ = ask(fresh, "failures")
    assert out == "no job has failed lately\n"
    bury(fresh, b"mail", [b"1", b"2"], b"no \x1b route")
    bury(fresh, b"zip", [b"3"], b"no room")
    rows = objects(fresh, "failures")
    assert [(row["function"], row["count"]) for row in rows] == [
        ("mail", 2),
        ("zip", 1),
    ]
    _, out, _ = ask(fresh, "failures", "--function", "mail")
    title, row = out.splitlines()
    assert title.split()[:3] == ["FUNCTION", "COUNT", "STATE"]
    assert "no \\x1b route" in row
    assert objects(fresh, "failures", "--function", "z*")[0]["function"] == "zip"
