"""Options that say which jobs are meant, of all commands that have them."""

from __future__ import annotations

from tests.support.commands import ask, objects
from tests.support.jobs_in_states import fail_all, submit
from tests.support.servers import RunningServer


def left(server: RunningServer) -> set[str]:
    return {row["handle"] for row in objects(server, "jobs")}


def test_jobs_are_found_and_cancelled_by_the_same_options(
    server: RunningServer,
) -> None:
    kept = submit(server, b"f")
    ask(server, "policy", "g", "max_attempts=2", "backoff_delay=3600")
    failed = submit(server, b"g")
    fail_all(server, b"g", b"disk 7 is full")
    for flags in (["--error", "is full"], ["--kind", "disk # is full"]):
        found = [row["handle"] for row in objects(server, "jobs", *flags)]
        assert found == [failed]
    assert ask(server, "cancel", "--older", "1h", "--yes") == (0, "0 cancelled\n", "")
    done = ask(server, "cancel", "--error", "is full", "--newer", "1h", "--yes")
    assert done == (0, "1 cancelled\n", "")
    assert left(server) == {kept}


def test_the_question_says_what_was_given(server: RunningServer) -> None:
    submit(server, b"f", unique=b"{0} @")
    flags = ["--function", "f", "--unique", "{0} @", "--newer", "2h"]
    status, out, err = ask(server, "cancel", *flags)
    assert (status, out) == (2, "")
    question = "Cancel 1 waiting and running jobs of f with unique {0} @, newer 7200.0?"
    assert question in err


def test_names_and_conditions_do_not_go_together(server: RunningServer) -> None:
    handle = submit(server, b"f")
    status, _, err = ask(server, "cancel", handle, "--error", "x")
    assert status == 2
    assert "say which jobs" in err
