"""``geartrain marks``."""

from __future__ import annotations

from tests.support.commands import ask, objects
from tests.support.servers import RunningServer


def test_the_start_of_the_server_is_listed(fresh: RunningServer) -> None:
    (start,) = objects(fresh, "marks")
    assert (start["mark"], start["function"]) == ("started", None)
    status, out, err = ask(fresh, "marks", TZ="UTC")
    assert (status, err) == (0, "")
    title, line = out.splitlines()
    assert title.split() == ["TIME", "MARK", "FUNCTION", "AFTER", "VERSION"]
    assert start["version"] in line
    assert objects(fresh, "marks", "--function", "f", "--limit", "1") == []
