"""``geartrain cancel``."""

from __future__ import annotations

import json

from geartrain.protocol.constants import PacketType
from tests.support.commands import ask, complaint, objects
from tests.support.jobs_in_states import bury, run_next, schedule, submit, submit_later
from tests.support.servers import RunningServer
from tests.support.wire import Wire


def left(server: RunningServer) -> set[str]:
    return {row["handle"] for row in objects(server, "jobs")}


def test_jobs_are_cancelled_by_handle_and_unique(server: RunningServer) -> None:
    names = [
        submit(server, b"f"),
        submit_later(server, b"f", 900),
        schedule(server, b"f"),
    ]
    submit(server, b"f", unique=b"order 17")
    kept = submit(server, b"f", unique=b"other")
    done = ask(server, "cancel", *names, "order 17")
    assert done == (0, "4 cancelled\n", "")
    assert left(server) == {kept}


def test_a_running_job_is_cancelled(server: RunningServer) -> None:
    with Wire(server.connect()) as client, Wire(server.connect()) as worker:
        handle = client.submit(b"f", b"work")
        run_next(worker, b"f")
        assert ask(server, "cancel", handle.decode()) == (0, "1 cancelled\n", "")
        assert client.expect(PacketType.WORK_FAIL) == [handle]
    assert left(server) == set()


def test_a_unique_of_several_functions_is_not_enough(server: RunningServer) -> None:
    handles = {submit(server, name, unique=b"same") for name in (b"f", b"g")}
    status, out, err = ask(server, "cancel", "same")
    assert (status, out) == (1, "0 cancelled\n")
    assert err.startswith("geartrain cancel: 'same' is the unique of 2 jobs: H:")
    assert all(handle in err for handle in handles)
    assert err.endswith(": name one handle, or use --all\n")
    assert left(server) == handles
    assert ask(server, "cancel", "same", "--all") == (0, "2 cancelled\n", "")
    assert left(server) == set()


def test_the_known_are_cancelled_beside_the_unknown(server: RunningServer) -> None:
    handle = submit(server, b"f")
    status, out, err = ask(server, "cancel", "H:no:1", handle, "", "H:no:2")
    assert (status, out) == (1, "1 cancelled\n")
    assert err.count("\n") == 3
    assert "there is no job or schedule 'H:no:1'" in err
    assert left(server) == set()


def test_each_outcome_as_json(server: RunningServer) -> None:
    handle = submit(server, b"f")
    status, out, _ = ask(server, "cancel", handle, "none", "--json")
    assert status == 1
    assert [json.loads(line) for line in out.splitlines()] == [
        {"handle": handle, "outcome": "cancelled", "reason": None},
        {
            "handle": "none",
            "outcome": None,
            "reason": "there is no job or schedule 'none'",
        },
    ]


def test_a_dead_letter_is_dropped_otherwise(server: RunningServer) -> None:
    (handle,) = bury(server, b"f", [b"1"])
    status, _, err = ask(server, "cancel", handle)
    assert status == 1
    assert handle in err
    assert len(objects(server, "dead", "list")) == 1


def test_a_name_is_needed(server: RunningServer) -> None:
    found = complaint(2, ask(server, "cancel"))
    assert "by handles or uniques" in found
