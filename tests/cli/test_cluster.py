"""``geartrain cluster``: what each job server is doing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from geartrain.admin import Admin, ClusterRow
from geartrain.admin.servers import server_row
from geartrain.cli.cluster import _members, _object
from tests.support.commands import ask, complaint, objects
from tests.support.jobs_in_states import submit
from tests.support.servers import RunningServer, free_port, running_geartrain
from tests.support.waiting import wait_until
from tests.support.wire import Wire

COVERS = ("admin/servers",)


@pytest.fixture
def helping() -> Iterator[tuple[RunningServer, RunningServer]]:
    """Run two job servers with stores of their own, of which one helps the other."""
    with (
        running_geartrain("--node-name", "other") as other,
        running_geartrain("--node-name", "one", "--peer", other.address) as one,
    ):
        wait_until(lambda: is_linked(one))
        yield one, other


def is_linked(server: RunningServer) -> bool:
    with Admin(server.address) as admin:
        return admin.cluster()[-1].state == "connected"


def test_each_tells_what_it_is_doing(
    helping: tuple[RunningServer, RunningServer],
) -> None:
    one, other = helping
    for server, count in ((one, 1), (other, 2)):
        for _ in range(count):
            submit(server, b"mail")
    with Wire(one.connect()) as worker:
        worker.register(b"zip")
        assert worker.echoes()
        own, helped = objects(one, "cluster")
        assert (own["role"], own["waiting"], own["running"]) == ("self", 1, 0)
        assert (own["workers"], helped["workers"]) == (1, 0)
        assert (helped["role"], helped["waiting"]) == ("helped", 2)
        assert own["version"] == helped["version"]
        assert own["started"] > 1e9
        title, line, _ = ask(one, "cluster")[1].splitlines()
    assert title.split()[:9] == [
        "ROLE",
        "NODE",
        "ADDRESS",
        "STATE",
        "VERSION",
        "UP",
        "WAITING",
        "RUNNING",
        "WORKERS",
    ]
    assert re.match(r"self +one +- +- +\d+\.\d+\.\d+\S* +\d+\w+ +1 +0 +1 ", line), line
    alone = objects(one, "cluster", "--local")
    assert [row["waiting"] for row in alone] == [1, None]


def test_what_happened_at_each_names_its_node(
    helping: tuple[RunningServer, RunningServer],
) -> None:
    one, other = helping
    for server, count in ((one, 3), (other, 5)):
        with Admin(server.address) as admin:
            admin.set_policy("mail", {"options_in_names": True})
        for _ in range(count):
            submit(server, b"mail?batch=b2")
    ask(other, "schedule", "add", "nightly", "function=report", "every=3600")
    (row,) = objects(one, "batch", "list", "--all")
    assert (row["name"], row["total"], row["left"]) == ("b2", 8, 8)
    for command in ("marks", "actions", "upcoming", "schedule list"):
        title, *lines = ask(one, *command.split(), "--all")[1].splitlines()
        assert title.endswith(" NODE"), command
        assert any(line.endswith(" other") for line in lines), command
        # Nothing is there where nothing of another is shown.
        assert "NODE" not in ask(one, *command.split(), "--local")[1]
    with Admin(one.address, span="all") as admin:
        assert admin.cancel_all(function="mail") == 8
    latest, *earlier = objects(one, "actions", "--all")
    assert (latest["command"], latest["count"]) == ("cancel jobs", 8)
    assert "cancel jobs" not in {row["command"] for row in earlier}


def test_one_that_is_away_is_told_of_by_its_row() -> None:
    address = f"127.0.0.1:{free_port()}"
    with running_geartrain("--node-name", "one", "--peer", address) as one:
        wait_until(lambda: objects(one, "cluster")[-1]["state"] == "away")
        own, away = objects(one, "cluster")
        assert (own["waiting"], away["waiting"], away["version"]) == (0, None, None)
        assert "refused" in away["error"]


def test_lists_are_of_all_job_servers_where_that_is_asked(
    helping: tuple[RunningServer, RunningServer],
) -> None:
    one, other = helping
    with Admin(other.address) as admin:
        admin.set_policy("sync", {"key_from": "/key", "key_concurrency": 1})
    submit(other, b"sync", b'{"key": "a"}')
    (row,) = objects(one, "keys", "sync", "--all")
    assert (row["key"], row["node"]) == ("a", "other")
    out = ask(one, "keys", "sync", "--all")[1]
    assert out.splitlines()[0].endswith("NODE")
    with Admin(one.address, span="all") as admin:
        assert [(row.key, row.node) for row in admin.keys("sync")] == [("a", "other")]
        assert {row.node for row in admin.options()} == {None, "other"}
        assert [row.node for row in admin.servers()] == ["one", "other"]
        assert [row.node for row in admin.servers(span="local")] == ["one"]
        assert len(admin.servers()) == 2
        assert list(admin.owners()) == []
        found = {(row.problem, row.function, row.node) for row in admin.problems()}
        assert ("no_worker", "sync", "other") in found
    done = ask(one, "keys", "sync", "--all", "--local")
    assert complaint(2, done) == "--local and --all exclude each other"


SERVER = {"version": "2.0.0+geartrain-1.0.0", "connections": {}, "memory": {}}
NODE = {"role": "node", "identity": "b", "node": "two", "address": "b:1"}


class _Told:
    """An ``Admin`` that was told some rows."""

    def __init__(self, rows: list[dict[str, Any]], *servers: dict[str, Any]) -> None:
        self._rows = [ClusterRow(**row) for row in rows]
        self._servers = [server_row({**SERVER, **each}) for each in servers]
        self.unanswered = {"two (b:1)": "it was silent"}

    def cluster(self) -> list[ClusterRow]:
        return self._rows

    def servers(self, *, span: str | None) -> list[Any]:
        assert span == "all"
        return self._servers


SELF = {"role": "self", "identity": "a", "node": "one"}


def shown(told: _Told) -> list[dict[str, Any]]:
    return [
        {**_object(each), "shown": each.version}
        for each in _members(told)  # type: ignore[arg-type]
    ]


def test_versions_that_differ_are_marked() -> None:
    newer = {"version": "2.0.0+geartrain-1.1.0", "identity": "b", "waiting": 7}
    own, other = shown(_Told([SELF, NODE], {"identity": "a"}, newer))
    assert (own["shown"], other["shown"]) == ("1.0.0", "1.1.0 (differs)")
    assert (other["waiting"], other["error"]) == (7, None)
    # An earlier version tells neither its identity nor its jobs.
    earlier = {"version": "2.0.0+geartrain-0.9.0", "node": "two"}
    other = shown(_Told([SELF, NODE], {"identity": "a"}, earlier))[1]
    assert (other["shown"], other["waiting"]) == ("0.9.0 (differs)", None)


def test_one_that_did_not_answer_says_why() -> None:
    helped = {**NODE, "role": "helped", "running": 3}
    _, other, link = shown(_Told([SELF, NODE, helped], {"identity": "a"}))
    assert (other["version"], other["waiting"]) == (None, None)
    assert other["error"] == "did not answer: it was silent"
    # What one does for another is not told again.
    assert (link["running"], link["error"]) == (3, None)


def test_one_that_is_lost_is_asked_nothing() -> None:
    lost = {**NODE, "identity": None, "address": None, "state": "lost", "lease": 0.0}
    earlier = {"node": "two", "waiting": 7}
    # A peer that has not told who it is.
    peer = {"role": "helped", "identity": None, "node": None, "address": "b:1"}
    told = _Told([SELF, lost, peer], {"identity": "a"}, earlier)
    told.unanswered = {"b:1 (b:1)": "it was silent"}
    _, row, helped = shown(told)
    assert (row["state"], row["waiting"], row["error"]) == ("lost", None, None)
    assert helped["error"] == "did not answer: it was silent"
