"""``geartrain pause``, ``purge``, ``move`` and the like, and ``cancel`` by filter."""

from __future__ import annotations

import pytest

from tests.support.commands import ask, complaint, objects, on_terminal
from tests.support.jobs_in_states import bury, submit, submit_later
from tests.support.servers import RunningServer


def states(server: RunningServer) -> dict[str, tuple[bool, bool]]:
    policies = objects(server, "policy")
    return {
        row["pattern"]: (row.get("paused", False), row.get("draining", False))
        for row in policies
    }


def waiting(server: RunningServer) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in objects(server, "jobs"):
        counts[row["function"]] = counts.get(row["function"], 0) + 1
    return counts


def test_functions_are_paused_drained_and_resumed(fresh: RunningServer) -> None:
    submit(fresh, b"mail.send")
    submit(fresh, b"reports")
    assert ask(fresh, "pause", "mail.*", "report") == (
        0,
        "Pause: mail.*, report\n",
        "geartrain: no function has the name 'report' yet: did you mean 'reports'?\n",
    )
    ask(fresh, "drain", "report")
    assert states(fresh) == {"mail.*": (True, False), "report": (True, True)}
    assert ask(fresh, "resume", "*")[0] == 0
    assert states(fresh) == {}


def test_on_a_terminal_a_pause_is_confirmed(fresh: RunningServer) -> None:
    status, lines = on_terminal(fresh, "pause", "*", keys="n\n")
    assert status == 1
    assert "Pause *? [y/N]: " in lines[-1]
    assert states(fresh) == {}
    assert on_terminal(fresh, "pause", "*", "--yes")[0] == 0
    assert states(fresh) == {"*": (True, False)}


def test_waiting_jobs_are_purged_once_that_is_confirmed(fresh: RunningServer) -> None:
    for _ in range(3):
        submit(fresh, b"mail")
    submit_later(fresh, b"mail", 900, b"u")
    submit(fresh, b"report")
    found = complaint(2, ask(fresh, "purge", "mail"))
    assert found == "Cancel 4 waiting jobs of mail? Add --yes if it is meant"
    assert on_terminal(fresh, "purge", "mail", keys="n\n")[0] == 1
    assert waiting(fresh) == {"mail": 4, "report": 1}
    purge = ["purge", "mail", "--yes"]
    assert ask(fresh, *purge, "--state", "scheduled") == (0, "1 purged\n", "")
    assert objects(fresh, *purge) == [{"outcome": "purged", "count": 3}]
    assert waiting(fresh) == {"report": 1}


def test_jobs_are_cancelled_by_function_and_state(fresh: RunningServer) -> None:
    submit(fresh, b"mail")
    submit_later(fresh, b"mail", 900, b"u")
    submit(fresh, b"report")
    cancel = ["cancel", "--yes"]
    assert ask(fresh, *cancel, "--state", "scheduled")[1] == "1 cancelled\n"
    assert ask(fresh, *cancel, "--function", "mail")[1] == "1 cancelled\n"
    assert ask(fresh, *cancel, "--function", "*")[1] == "1 cancelled\n"
    assert waiting(fresh) == {}


def test_jobs_are_moved_and_get_another_priority(fresh: RunningServer) -> None:
    first, second = submit(fresh, b"mail"), submit(fresh, b"mail")
    assert ask(fresh, "move", first, "post") == (0, "1 moved\n", "")
    assert ask(fresh, "priority", first, second, "high")[1] == "2 changed\n"
    assert {row["priority"] for row in objects(fresh, "jobs")} == {"high"}
    move = ["move", "--function", "mail", "post", "--yes"]
    assert ask(fresh, *move)[1] == "1 moved\n"
    assert waiting(fresh) == {"post": 2}
    low = ["priority", "--function", "post", "low", "--yes"]
    assert ask(fresh, *low)[1] == "2 changed\n"
    status, out, err = ask(fresh, "move", "H:no:1", first, "mail")
    assert (status, out) == (1, "1 moved\n")
    assert err == "geartrain move: there is no job 'H:no:1'\n"


def test_dead_letters_are_moved(fresh: RunningServer) -> None:
    bury(fresh, b"mail", [b"1", b"2"])
    move = ["move", "--dead", "--function", "mail", "post", "--yes"]
    assert ask(fresh, *move)[1] == "2 moved\n"
    assert len(objects(fresh, "dead", "list", "--function", "post")) == 2


def test_delayed_jobs_run_now(fresh: RunningServer) -> None:
    first = submit_later(fresh, b"mail", 900, b"u")
    submit_later(fresh, b"mail", 900, b"v")
    assert ask(fresh, "run", first)[1] == "1 due now\n"
    assert ask(fresh, "run", "--function", "mail", "--yes")[1] == "1 due now\n"
    assert {row["state"] for row in objects(fresh, "jobs")} == {"ready"}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["move", "mail"], "say which jobs: by their handles, or by --function"),
        (["move", "H:x:1", "f", "--function", "g"], "say which jobs: by their handles"),
        (["move", "H:x:1", "f", "--state", "ready"], "--state goes with --function"),
        (["move", "f", "--function", "g", "--dead", "--state", "ready"], "--dead goes"),
        (["priority", "H:x:1", "highest"], "'highest' is no priority: end with high,"),
        (["run"], "say which jobs: by their handles, or by --function"),
        (["cancel"], "say which jobs: by handles or uniques, or by --function"),
        (["cancel", "H:x:1", "--function", "f"], "say which jobs: by handles or"),
        (["cancel", "--function", "", "--yes"], "the function is empty: name one"),
    ],
)
def test_what_is_meant_has_to_be_plain(
    shared: RunningServer, words: list[str], found: str
) -> None:
    assert complaint(2, ask(shared, *words)).startswith(found)


def test_a_draining_function_says_so(fresh: RunningServer) -> None:
    ask(fresh, "drain", "mail")
    status, _, err = ask(fresh, "submit", "--background", "mail", "x")
    assert status == 1
    assert "'mail' is draining and takes no new jobs" in err
