"""A job that another job server on the database does counts where it was submitted."""

from __future__ import annotations

from functools import partial

from geartrain.admin import Admin
from geartrain.client import Client
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.raw_workers import reverse, worker
from tests.support.servers import RunningServer, running_geartrain
from tests.support.waiting import wait_until

JOBS = 20


def succeeded(server: RunningServer, *, is_local: bool = False) -> int:
    """Return how many jobs have succeeded, as one job server tells it."""
    span = "local" if is_local else None
    with Admin(server.address, span=span) as admin:
        if not any(each.function == "far" for each in admin.functions()):
            return 0
        return admin.statistics("far").recent.counts["succeeded"]


def are_counted(server: RunningServer) -> bool:
    return succeeded(server) == JOBS


def handles(server: RunningServer) -> list[str]:
    with Admin(server.address) as admin:
        return [each.handle for each in admin.history(function="far")]


def test_jobs_that_run_elsewhere_are_told_once(database: PostgresqlServer) -> None:
    store = ("--store", database.url(), "--no-http")
    with (
        running_geartrain(*store, "--node-name", "one") as one,
        running_geartrain(*store, "--node-name", "other") as other,
        worker(other.connect, "far", reverse),
        Client([one.address]) as client,
    ):
        assert client.do("far", b"abc") == b"cba"
        submitted = [*client.submit_many("far", [b"w"] * (JOBS - 1))]
        for server in (one, other):
            wait_until(partial(are_counted, server), "all are counted")
            assert len(set(handles(server))) == len(handles(server)) == JOBS
            assert set(submitted) < set(handles(server))
        assert succeeded(one, is_local=True) == JOBS
        assert succeeded(other, is_local=True) == 0
