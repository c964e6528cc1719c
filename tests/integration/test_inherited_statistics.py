"""What job servers on one database have counted outlasts them."""

from __future__ import annotations

from geartrain.admin import Admin
from geartrain.client import Client
from tests.support.postgresql_servers import PostgresqlServer
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
