"""``geartrain dead``: list, show, retry and drop."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from geartrain.engine.batches import Batch
from geartrain.engine.records import Burial, Failures, JobRecord
from geartrain.protocol.constants import PacketType
from geartrain.stores.locations import make_store
from tests.support.commands import ask, complaint, objects, on_terminal
from tests.support.jobs_in_states import bury, run_next
from tests.support.servers import RunningServer, running_geartrain
from tests.support.wire import Wire

COVERS = ("cli/bulk",)


def dead(server: RunningServer, *flags: str) -> list[str]:
    return [row["handle"] for row in objects(server, "dead", "list", *flags)]


def test_dead_letters_are_a_table(server: RunningServer) -> None:
    (failed,) = bury(server, b"mail", [b"1234567"])
    (thrown,) = bury(server, b"resize", [b"1"], b"no such\x1b\n#0 main")
    status, out, err = ask(server, "dead", "list", TZ="UTC")
    assert (status, err) == (0, "")
    title, first, second = out.splitlines()
    assert title.split() == [
        *("HANDLE", "FUNCTION", "UNIQUE", "DIED", "AGE", "REASON", "FAILED", "LOST"),
        *("SIZE", "ERROR"),
    ]
    died = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
    assert re.fullmatch(rf"{failed} +mail +{died} +\d+s +fail +1 +0 +7 +-", first)
    assert re.fullmatch(
        rf"{thrown} +resize +{died} +\d+s +exception +1 +0 +1 +no such\\x1b",
        second,
    )


def test_help_is_shown_without_a_command(shared: RunningServer) -> None:
    status, out, err = ask(shared, "dead")
    assert (status, err) == (0, "")
    assert out.startswith("Usage: geartrain dead [OPTIONS] [COMMAND] [ARGS]...\n")


def test_dead_letters_are_filtered(server: RunningServer) -> None:
    mail = bury(server, b"mail", [b"1", b"2"])
    (other,) = bury(server, b"two words", [b"3"])
    assert dead(server) == [*mail, other]
    assert dead(server, "--function", "two words") == [other]
    assert dead(server, "--limit", "1") == mail[:1]
    assert dead(server, "--function", "none") == []


def test_one_is_shown(server: RunningServer) -> None:
    (handle,) = bury(server, b"mail", [b"to: me"], b"no route")
    _, out, _ = ask(server, "dead", "show", handle)
    assert "reason      exception\n" in out
    assert out.endswith("error\n  no route\nworkload\n  to: me\n")
    (row,) = objects(server, "dead", "show", handle)
    assert (row["state"], row["workload"]) == ("dead", "to: me")
    assert row["worker"].startswith("gravedigger ")
    assert ask(server, "dead", "show", handle, "--workload") == (0, "to: me", "")
    found = complaint(1, ask(server, "dead", "show", "H:no:1"))
    assert found == "there is no dead letter 'H:no:1'"


def test_some_are_retried_and_complete(fresh: RunningServer) -> None:
    first, second, third = bury(fresh, b"mail", [b"1", b"2", b"3"])
    assert ask(fresh, "dead", "retry", first, third) == (0, "2 retried\n", "")
    assert dead(fresh) == [second]
    with Wire(fresh.connect()) as worker:
        for handle, workload in ((first, b"1"), (third, b"3")):
            assert run_next(worker, b"mail") == (handle, workload)
            worker.send(PacketType.WORK_COMPLETE, handle.encode(), b"")
        assert worker.echoes()
    assert objects(fresh, "jobs") == []
    (row,) = objects(fresh, "counters")
    assert row["completed"] == 2


def test_the_known_are_changed_beside_the_unknown(server: RunningServer) -> None:
    first, second = bury(server, b"mail", [b"1", b"2"])
    status, out, err = ask(server, "dead", "drop", "H:no:1", first)
    assert (status, out) == (1, "1 dropped\n")
    assert err == "geartrain dead drop: there is no dead letter 'H:no:1'\n"
    status, out, _ = ask(server, "dead", "retry", first, second, "--json")
    assert status == 1
    assert [json.loads(line) for line in out.splitlines()] == [
        {
            "handle": first,
            "outcome": None,
            "reason": f"there is no dead letter {first!r}",
        },
        {"handle": second, "outcome": "retried", "reason": None},
    ]


def test_all_of_a_function(fresh: RunningServer) -> None:
    bury(fresh, b"mail", (b"%d" % number for number in range(1300)))
    (other,) = bury(fresh, b"resize", [b"1"])
    done = ask(fresh, "dead", "retry", "--function", "mail", "--yes")
    assert done == (0, "1300 retried\n", "")
    assert dead(fresh) == [other]
    assert ask(fresh, "dead", "drop", "--all", "--yes") == (0, "1 dropped\n", "")
    assert dead(fresh) == []
    assert len(objects(fresh, "jobs")) == 1300


def bury_long_ago(location: str, functions: list[bytes]) -> list[str]:
    """Put dead letters of eight days ago into a store; return their handles."""
    died = time.time() - 8 * 86400
    batch = Batch(1)
    for number, function in enumerate(functions, 1):
        record = JobRecord(number, b"H:old:%d" % number, function)
        record.submitted = died - 60
        failures = Failures()
        failures.attempts = 1
        failures.reason = b"fail"
        batch.added.append(record)
        batch.buried.append(Burial(number, died, failures))
    store = make_store(location, "os")
    store.open()
    store.commit(batch)
    store.close()
    return [record.handle.decode() for record in batch.added]


def test_the_old_are_dropped(tmp_path: Path) -> None:
    location = f"sqlite://{tmp_path}/q.db"
    old = bury_long_ago(location, [b"mail", b"resize"])
    with running_geartrain("--store", location) as server:
        new = bury(server, b"mail", [b"3"])
        assert dead(server) == [*old, *new]

        def drop(*flags: str) -> str:
            return ask(server, "dead", "drop", "--yes", *flags)[1]

        assert drop("--older-than", "9d") == "0 dropped\n"
        assert drop("--older-than", "7d", "--function", "mail") == "1 dropped\n"
        assert dead(server) == [old[1], *new]
        assert drop("--older-than", "1w") == "1 dropped\n"
        assert dead(server) == new


def test_on_a_terminal_it_is_asked(server: RunningServer) -> None:
    handles = bury(server, b"mail", [b"1", b"2"])
    status, lines = on_terminal(server, "dead", "drop", "--all", keys="n\n")
    assert status == 1
    assert "Delete 2 dead letters? [y/N]: " in lines[-1]
    assert dead(server) == handles
    status, lines = on_terminal(
        server, "dead", "retry", "--function", "mail", keys="y\n"
    )
    assert status == 0
    assert "Run 2 dead letters of mail again? [y/N]: " in " ".join(lines)
    assert lines[-1].endswith("2 retried")
    assert dead(server) == []


def test_they_are_chosen_by_reason_and_error(server: RunningServer) -> None:
    failed = bury(server, b"mail", [b"1", b"2"])
    bury(server, b"mail", [b"3"], b"no route to host")
    retry = ["dead", "retry", "--yes"]
    assert ask(server, *retry, "--error", "no route")[1] == "1 retried\n"
    assert ask(server, *retry, "--reason", "crash")[1] == "0 retried\n"
    assert dead(server) == failed
    drop = ["dead", "drop", "--yes", "--function", "mail", "--reason", "fail"]
    assert ask(server, *drop)[1] == "2 dropped\n"


def test_on_a_terminal_handles_and_nothing_are_not_asked_about(
    server: RunningServer,
) -> None:
    (handle,) = bury(server, b"mail", [b"1"])
    assert on_terminal(server, "dead", "drop", handle) == (0, ["1 dropped"])
    assert on_terminal(server, "dead", "drop", "--all") == (0, ["0 dropped"])


@pytest.mark.parametrize("command", ["retry", "drop"])
def test_without_a_terminal_yes_has_to_be_said(
    server: RunningServer, command: str
) -> None:
    handles = bury(server, b"mail", [b"1"])
    found = complaint(2, ask(server, "dead", command, "--all"))
    assert found.endswith("1 dead letters again? Add --yes if it is meant") or (
        found == "Delete 1 dead letters? Add --yes if it is meant"
    )
    assert dead(server) == handles


@pytest.mark.parametrize(
    "flags",
    [
        ["retry"],
        ["drop", "--yes"],
        ["retry", "H:x:1", "--all"],
        ["drop", "--all", "--function", "f"],
        ["drop", "H:x:1", "--older-than", "7d"],
        ["drop", "--all", "--older-than", "7d"],
    ],
)
def test_what_is_chosen_has_to_be_plain(
    shared: RunningServer, flags: list[str]
) -> None:
    found = complaint(2, ask(shared, "dead", *flags))
    assert found.startswith("say which dead letters: by their handles, or by")


def test_an_empty_function_is_not_every_function(server: RunningServer) -> None:
    handles = bury(server, b"mail", [b"1"])
    found = complaint(2, ask(server, "dead", "drop", "--function", "", "--yes"))
    assert found == "the function is empty: name one"
    assert dead(server) == handles


def test_an_age_that_is_none(shared: RunningServer) -> None:
    flags = ("dead", "drop", "--older-than", "x")
    found = complaint(2, ask(shared, *flags), "geartrain dead drop")
    assert "'x' is not a duration: write 45s, 20m, 1h30m, 7d or 2w" in found
