"""A job server whose database server is killed beneath it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import closing

from geartrain.protocol.constants import PacketType
from tests.support.mariadb_servers import running_mariadb_server
from tests.support.redis_servers import DURABLE, running_redis_server
from tests.support.servers import RunningServer, running_geartrain
from tests.support.waiting import wait_until
from tests.support.wire import Wire


class Submitter(threading.Thread):
    """Submits background jobs until it is told to stop.

    Attributes:
        acknowledged: the workloads of those that the job server took.
        refused: how many it did not.
    """

    def __init__(self, server: RunningServer, name: str) -> None:
        super().__init__(name=name)
        self.acknowledged: list[bytes] = []
        self.refused = 0
        self.is_over = threading.Event()
        self._server = server

    def run(self) -> None:
        number = 0
        with closing(Wire(self._server.connect(60.0))) as client:
            while not self.is_over.is_set():
                number += 1
                workload = f"{self.name}-{number}".encode()
                client.send(PacketType.SUBMIT_JOB_BG, b"f", workload, workload)
                if client.read().type == PacketType.JOB_CREATED:
                    self.acknowledged.append(workload)
                else:
                    self.refused += 1
                    time.sleep(0.01)

    def wait_for(self, count: int) -> None:
        """Wait until so many jobs were acknowledged."""
        wait_until(lambda: len(self.acknowledged) >= count, "jobs are taken again")


def drained(server: RunningServer) -> Counter[bytes]:
    """Do all jobs; return how often each workload came."""
    done: Counter[bytes] = Counter()
    with closing(Wire(server.connect())) as worker:
        worker.register(b"f")
        while True:
            worker.send(PacketType.GRAB_JOB)
            received = worker.read()
            if received.type == PacketType.NO_JOB:
                return done
            handle, _, workload = received.split(3)
            done[workload] += 1
            worker.send(PacketType.WORK_COMPLETE, handle, b"")


def test_nothing_acknowledged_is_lost_when_redis_is_killed() -> None:
    with (
        running_redis_server(*DURABLE) as redis,
        running_geartrain("--store", redis.url()) as server,
    ):
        submitters = [Submitter(server, f"s{number}") for number in range(3)]
        for each in submitters:
            each.start()
        for _ in range(3):
            time.sleep(0.3)
            redis.kill()
            redis.start()
        went_on = [len(each.acknowledged) for each in submitters]
        for each, before in zip(submitters, went_on, strict=True):
            each.wait_for(before + 3)
            each.is_over.set()
        for each in submitters:
            each.join()
        # A short absence costs nobody anything.
        assert not any(each.refused for each in submitters)
        acknowledged = [job for each in submitters for job in each.acknowledged]
        assert drained(server) == Counter(acknowledged)


def test_nothing_acknowledged_is_lost_when_the_database_server_is_killed() -> None:
    with running_mariadb_server() as database:
        database.restart()
        with running_geartrain(
            "--store", database.url("?connect_timeout=2s")
        ) as server:
            submitters = [Submitter(server, f"s{number}") for number in range(3)]
            for each in submitters:
                each.start()
            for pause in (0.2, 3.0):
                time.sleep(0.3)
                database.kill()
                time.sleep(pause)
                database.start()
            went_on = [len(each.acknowledged) for each in submitters]
            deadline = time.monotonic() + 20
            for each, before in zip(submitters, went_on, strict=True):
                while len(each.acknowledged) < before + 3:
                    assert time.monotonic() < deadline, "nothing is taken any more"
                    time.sleep(0.05)
                each.is_over.set()
            for each in submitters:
                each.join()
            # An absence that is longer than the time to connect again is told.
            assert all(each.refused for each in submitters)
            acknowledged = [job for each in submitters for job in each.acknowledged]
            assert drained(server) == Counter(acknowledged)
            assert "background jobs are refused" in server.log.read_text()
