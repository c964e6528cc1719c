"""What operators set at one job server holds at all that share its store."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import NamedTuple

import pytest

from geartrain.admin import Admin
from geartrain.protocol.constants import PacketType
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.raw_workers import worker
from tests.support.servers import RunningServer, running_geartrain
from tests.support.waiting import wait_until
from tests.support.wire import Wire

pytestmark = pytest.mark.slow

# Of a rate that is slower than one in 20 ms, one may start at once at each.
BURST = 1


class Cluster(NamedTuple):
    """Two job servers that share a store, and what others are started with."""

    store: tuple[str, str]
    one: RunningServer
    other: RunningServer


@pytest.fixture(scope="module")
def cluster(database: PostgresqlServer) -> Iterator[Cluster]:
    store = ("--store", database.url())
    with (
        running_geartrain(*store, "--node-name", "one") as one,
        running_geartrain(*store, "--node-name", "other") as other,
    ):
        yield Cluster(store, one, other)


def setting(server: RunningServer, name: str, function: str = "work") -> object:
    with Admin(server.address) as admin:
        return admin.policy(function)[name]


def await_setting(
    server: RunningServer, name: str, value: object, function: str = "work"
) -> None:
    wait_until(lambda: setting(server, name, function) == value)


def submit(server: RunningServer, function: str, *workloads: bytes) -> None:
    """Submit background jobs, all at once."""
    with Wire(server.connect()) as wire:
        for each in workloads:
            wire.send(PacketType.SUBMIT_JOB_BG, function.encode(), b"", each)
        for _ in workloads:
            wire.expect(PacketType.JOB_CREATED)


def is_handed_a_job(server: RunningServer) -> bool:
    """Tell whether a worker gets a job; it is lost, and another's again."""
    with Wire(server.connect()) as wire:
        wire.register(b"work")
        wire.send(PacketType.GRAB_JOB)
        return wire.read().type is PacketType.JOB_ASSIGN


def test_settings_hold_for_all_and_outlive_who_was_told(cluster: Cluster) -> None:
    store, one, other = cluster
    with running_geartrain(*store, "--node-name", "mortal") as mortal:
        submit(other, "work", b"w")
        assert is_handed_a_job(other)
        with Admin(mortal.address) as admin:
            admin.pause("work")
            admin.set_policy("w*", {"timeout": 30})
        for each in (one, other):
            await_setting(each, "paused", True)
            await_setting(each, "timeout", 30)
        assert not is_handed_a_job(other)
        with Admin(other.address) as admin:
            admin.set_policy("w*", {"timeout": "", "ttl": 900})
        await_setting(mortal, "timeout", 0)
        await_setting(mortal, "ttl", 900)
        with Admin(mortal.address) as admin:
            admin.set_policy("work", {"max_attempts": 7})
        # It was acknowledged: nothing else may keep it.
        mortal.process.kill()
    for each in (one, other):
        await_setting(each, "max_attempts", 7)
    with running_geartrain(*store, "--node-name", "late") as late:
        names = ("paused", "timeout", "ttl", "max_attempts")
        assert [setting(late, name) for name in names] == [True, 0, 900, 7]
        with Admin(late.address) as admin:
            admin.resume("work")
        wait_until(lambda: is_handed_a_job(other))


def busy(server: RunningServer, started: list[float]) -> AbstractContextManager[None]:
    """Run a worker that tells when its jobs started."""

    def handle(wire: Wire, handle: bytes, unique: bytes, workload: bytes) -> None:
        started.append(time.monotonic())
        wire.send(PacketType.WORK_COMPLETE, handle, b"")

    return worker(server.connect, "mail", handle)


def test_a_rate_is_that_of_all_also_when_one_comes_and_goes(cluster: Cluster) -> None:
    store, one, other = cluster
    started: list[float] = []
    there: list[float] = []
    with Admin(one.address) as admin:
        admin.set_policy("mail", {"rate": "40/s"})
    await_setting(other, "rate", "40/s", "mail")
    for server in (one, other):
        submit(server, "mail", *[b"m"] * 300)
    with busy(one, started), busy(other, started):
        with running_geartrain(*store, "--node-name", "brief") as brief:
            submit(brief, "mail", *[b"m"] * 40)
            with busy(brief, there):
                wait_until(lambda: len(there) > 10)
        count = len(started)
        # What it has left, and the whole rate.
        wait_until(lambda: len(started) > count + 30)
    every = sorted(started + there)
    for place, moment in enumerate(every):
        within = sum(each < moment + 1.0 for each in every[place:])
        # Each of three servers has a burst, and each worker may be told of one late.
        assert within <= 40 + 3 * BURST + 3


class KeyedWork:
    """Jobs of keys at work, by several workers.

    Attributes:
        done: how many have ended.
        most: how many of one key ran at once.
    """

    def __init__(self) -> None:
        self.done = self.most = 0
        self._running: Counter[bytes] = Counter()
        self._lock = threading.Lock()

    def handle(self, wire: Wire, handle: bytes, unique: bytes, workload: bytes) -> None:
        with self._lock:
            self._running[workload] += 1
            self.most = max(self.most, self._running[workload])
        time.sleep(0.005)
        with self._lock:
            self._running[workload] -= 1
            self.done += 1
        wire.send(PacketType.WORK_COMPLETE, handle, b"")


def test_limits_of_keys_hold_for_all_where_the_workers_are_at_one(
    cluster: Cluster,
) -> None:
    _, one, other = cluster
    work = KeyedWork()
    with Admin(one.address) as admin:
        admin.set_policy("sync", {"key_concurrency": 1, "key_from": "/k"})
    await_setting(other, "key_concurrency", 1, "sync")
    for server in (one, other):
        submit(server, "sync", *[b'{"k": 1}', b'{"k": 2}'] * 20)
    with ExitStack() as workers:
        for _ in range(4):
            workers.enter_context(worker(other.connect, "sync", work.handle))
        wait_until(lambda: work.done == 80)
    assert work.most == 1
