"""``geartrain counters``."""

from __future__ import annotations

from tests.support.commands import ask, objects
from tests.support.jobs_in_states import bury, submit
from tests.support.servers import RunningServer
from tests.support.wire import Wire

NAMES = [
    *("submitted", "completed", "failed", "retried", "crashed", "timed_out", "dead"),
    *("cancelled", "expired", "refused_results"),
]


def test_jobs_are_counted_by_function(fresh: RunningServer) -> None:
    bury(fresh, b"mail", [b"1", b"2"])
    submit(fresh, b"two words")
    status, out, err = ask(fresh, "counters")
    assert (status, err) == (0, "")
    title, *lines = out.splitlines()
    assert title.split() == ["FUNCTION", *(name.upper() for name in NAMES)]
    assert len(lines) == 2
    rows = {row.pop("function"): row for row in objects(fresh, "counters")}
    assert [list(row) for row in rows.values()] == [NAMES, NAMES]
    assert (rows["mail"]["submitted"], rows["mail"]["dead"]) == (2, 2)
    assert rows["two words"]["submitted"] == 1


def test_nothing_is_counted_yet(fresh: RunningServer) -> None:
    assert ask(fresh, "counters") == (0, "nothing has been counted yet\n", "")
    assert objects(fresh, "counters") == []


def test_forgotten_functions_are_the_last_row(fresh: RunningServer) -> None:
    submit(fresh, b"mail")
    with Wire(fresh.connect()) as wire:
        assert wire.command(b"create function old") == b"OK\r\n"
        assert wire.command(b"drop function old") == b"OK\r\n"
    status, out, _ = ask(fresh, "counters")
    assert status == 0
    assert out.splitlines()[-1].startswith("(1 forgotten)")
    total = objects(fresh, "counters")[-1]
    assert (total["function"], total["forgotten"], total["submitted"]) == ("", 1, 0)
    assert "forgotten" not in ask(fresh, "status")[1]
