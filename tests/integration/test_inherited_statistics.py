"""What job servers on one database have counted, and what is known, outlasts them."""

from __future__ import annotations

from geartrain.admin import Admin
from geartrain.client import Client
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.raw_workers import reverse, worker
from tests.support.servers import RunningServer, running_geartrain
from tests.support.waiting import wait_until


def counted(server: RunningServer) -> int:
    """Return how many jobs were submitted in the last hour, anywhere."""
    with Admin(server.address) as admin:
        minutes = admin.statistics_by_time("minute", "counted")
        return sum(each.measures.counts["submitted"] for each in minutes)


def submit(server: RunningServer, count: int) -> None:
    with Client([server.address]) as client:
        for _ in range(count):
            client.submit("counted", b"w", background=True)


def test_each_is_restarted_and_what_was_counted_stays(
    database: PostgresqlServer,
) -> None:
    store = ("--store", database.url())
    with running_geartrain(*store, "--node-name", "one") as one:
        with running_geartrain(*store, "--node-name", "other") as other:
            submit(one, 5)
            submit(other, 3)
            wait_until(lambda: counted(one) == 8, "all are counted")
        wait_until(lambda: counted(one) == 8, "the heir has what was counted")
    with running_geartrain(*store, "--node-name", "other") as other:
        wait_until(lambda: counted(other) == 8, "nothing is lost without any")


def changed(server: RunningServer) -> list[str]:
    """Return for which functions operators changed something, the latest first."""
    with Admin(server.address) as admin:
        return [each.function for each in admin.actions()]


def marked(server: RunningServer) -> list[tuple[str | None, str]]:
    """Return when two job servers started and ended, the earliest first."""
    with Admin(server.address) as admin:
        marks = [(each.node, each.mark) for each in admin.marks()][::-1]
    return [each for each in marks if each[0] in {"mortal", "heir"}]


def ended(server: RunningServer) -> set[str]:
    """Return the handles of jobs that have ended."""
    with Admin(server.address) as admin:
        return {each.handle for each in admin.history(function="kept")}


def finish(server: RunningServer) -> str:
    """Have a job done whose end is kept for longer than a job server lives."""
    with (
        Client([server.address]) as client,
        worker(server.connect, "kept", reverse),
    ):
        handle = client.submit("kept", b"w", background=True).handle
        wait_until(lambda: handle in ended(server), "its end is known")
    return handle


def test_what_was_done_and_became_of_jobs_stays_however_job_servers_end(
    database: PostgresqlServer,
) -> None:
    store = ("--store", database.url(), "--no-http")
    with running_geartrain(*store, "--node-name", "mortal") as mortal:
        with Admin(mortal.address) as admin:
            admin.set_policy("kept", {"history": 86_400})
            admin.set_policy("more", {"timeout": 5})
        handles = {finish(mortal)}
        with running_geartrain(*store, "--node-name", "heir") as heir:
            with Admin(heir.address) as admin:
                wait_until(lambda: admin.policy("kept")["history"] == 86_400)
                admin.set_policy("most", {"timeout": 5})
            handles.add(finish(heir))
            mortal.process.kill()
            mortal.process.wait()
            wait_until(lambda: len(changed(heir)) == 3, "the heir knows what was done")
            assert changed(heir) == ["most", "more", "kept"]
            wait_until(lambda: ended(heir) == handles, "and what became of jobs")
            was = [("mortal", "started"), ("heir", "started"), ("mortal", "crashed")]
            assert marked(heir) == was
        with running_geartrain(*store, "--node-name", "heir") as again:
            wait_until(lambda: len(changed(again)) == 3, "so does who starts then")
            wait_until(lambda: ended(again) == handles)
            assert marked(again) == [*was, ("heir", "stopped"), ("heir", "started")]
            again.process.kill()
            again.process.wait()
            with running_geartrain(*store, "--node-name", "heir") as last:
                wait_until(lambda: len(changed(last)) == 3)
                wait_until(lambda: ("heir", "crashed") in marked(last))
                assert marked(last)[-2:] == [("heir", "crashed"), ("heir", "started")]
