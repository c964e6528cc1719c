"""``geartrain batch``."""

from __future__ import annotations

from tests.support.batches_at_work import submit_batch
from tests.support.commands import ask, objects
from tests.support.servers import RunningServer


def test_a_batch_is_shown_retried_and_cancelled(fresh: RunningServer) -> None:
    *_, report = submit_batch(fresh, "news", failing=1)
    (row,) = objects(fresh, "batch", "list")
    assert (row["name"], row["total"], row["left"], row["dead"]) == ("news", 3, 2, 1)
    status, out, _ = ask(fresh, "batch", "show", "news")
    assert status == 1
    assert out == (
        "news: 1 of 3 jobs ended, 0 of them well; 1 dead letter: geartrain batch retry"
        f" news; {report} waits for it\n"
    )
    assert ask(fresh, "batch", "retry", "news")[1] == "retried 1 dead letter\n"
    status, out, _ = ask(fresh, "batch", "show", "news", "--json")
    assert (status, '"left": 3' in out) == (0, True)
    assert ask(fresh, "batch", "cancel", "news")[1] == "cancelled 3 jobs\n"
    status, out, err = ask(fresh, "batch", "show", "news", "--wait")
    assert status == 1
    assert err.endswith("] 3 of 3\n")
    status, _, err = ask(fresh, "batch", "show", "other")
    assert status == 1
    assert "no job was submitted in it" in err


def test_without_a_command_the_help_is_shown(fresh: RunningServer) -> None:
    status, out, _ = ask(fresh, "batch")
    assert status == 0
    assert "cancel" in out
