"""Connections handed out and taken back, whatever interrupts that."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from geartrain.client import Client
from geartrain.client.pool import Pool
from geartrain.client.servers import ServerList
from geartrain.errors import JobTimeoutError
from tests.support.client_faces import Place
from tests.support.interruptions import interrupted
from tests.support.raw_workers import reverse, worker

WHERE = ("geartrain.client", "geartrain.transport")
LIMIT = 2
IN_TIME = 20.0
pytestmark = [
    # Of sockets that were made a step before the exception.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.usefixtures("_collected"),
]


def nothing(*_: Any) -> None:
    """Need connections, and do nothing with them."""


def all_served(pool: Pool) -> None:
    """Have as many calls under way as there may be, not one more, and again."""
    both, third = threading.Barrier(LIMIT + 1), threading.Barrier(LIMIT + 1)

    def hold(*_: Any) -> None:
        both.wait(IN_TIME)
        third.wait(IN_TIME)

    def call() -> None:
        pool.use(hold, None, None, "holding")

    for _ in range(2):
        threads = [threading.Thread(target=call) for _ in range(LIMIT)]
        for thread in threads:
            thread.start()
        both.wait(IN_TIME)
        with pytest.raises(JobTimeoutError):
            pool.use(nothing, None, 0.0, "one more")
        waits = threading.Thread(
            target=lambda: pool.use(nothing, None, None, "waiting")
        )
        waits.start()
        third.wait(IN_TIME)
        for thread in [*threads, waits]:
            thread.join(IN_TIME)
            assert not thread.is_alive()


def alone(pool: Pool) -> None:
    pool.use(nothing, None, None, "alone")


def following(pool: Pool) -> None:
    pool.use(nothing, None, None, "following", True)


def beside_others(pool: Pool) -> None:
    """Wait for connections that other threads give back, who wait for them, too."""
    released = [threading.Event() for _ in range(LIMIT)]
    begun = threading.Barrier(LIMIT + 1)

    def hold(event: threading.Event) -> None:
        def work(*_: Any) -> None:
            begun.wait(IN_TIME)
            event.wait(IN_TIME)

        pool.use(work, None, None, "beside")

    holders = [threading.Thread(target=hold, args=(each,)) for each in released]
    others = [threading.Thread(target=alone, args=(pool,)) for _ in range(LIMIT)]
    for each in holders:
        each.start()
    begun.wait(IN_TIME)
    timers = [threading.Timer(0.003, each.set) for each in released]
    for each in [*timers, *others]:
        each.start()
    try:
        alone(pool)
    finally:
        for each in [*holders, *others]:
            each.join(IN_TIME)
            assert not each.is_alive()


@pytest.mark.parametrize(
    ("use", "step"), [(alone, 1), (following, 1), (beside_others, 5)]
)
def test_all_are_served_whatever_was_interrupted(
    use: Callable[[Pool], None], step: int
) -> None:
    servers = ServerList("127.0.0.1:1", None, "order")
    where = (
        "geartrain.client.pool",
        "geartrain.client.sharing",
        "geartrain.client.connections",
    )
    # None ends amid a call that is interrupted: what is raised there goes nowhere.
    pools: list[Pool] = []
    for moment in itertools.count(1, step):
        pool = Pool(servers, 1.0, 30.0, LIMIT)
        pools.append(pool)
        alone(pool)
        was = interrupted(partial(use, pool), moment, where, anywhere=True)
        all_served(pool)
        if not was:
            break
    assert moment > 50


class Calls:
    """Calls of a client whose answers have to be right."""

    def __init__(self, client: Client, function: str) -> None:
        self.client = client
        self.function = function
        self.numbers = itertools.count()

    def text(self) -> bytes:
        return b"%d" % next(self.numbers)

    def do(self) -> None:
        sent = self.text()
        assert self.client.do(self.function, sent) == sent[::-1]

    def submit(self) -> None:
        sent = self.text()
        assert self.client.submit(self.function, sent).result() == sent[::-1]

    def map(self) -> None:
        sent = [self.text() for _ in range(3)]
        results = self.client.map(self.function, sent)
        assert list(results) == [each[::-1] for each in sent]

    def ask(self) -> None:
        assert not self.client.status("H:nobody:1").known

    def run_tasks(self) -> None:
        sent = self.text()
        results: list[Any] = []
        self.client.add_task(
            self.function, sent, on_complete=lambda it, _: results.append(it.result)
        )
        self.client.run_tasks()
        assert results == [sent[::-1]]


@pytest.mark.parametrize("name", ["do", "submit", "map", "ask", "run_tasks"])
def test_the_calls_after_an_interrupted_one_are_right(
    geartrain: Place, name: str
) -> None:
    function = next(geartrain.functions)
    client = Client(geartrain.servers, timeout=IN_TIME, max_connections=LIMIT)
    call = getattr(Calls(client, function), name)
    with worker(geartrain.connect, function, reverse), client:
        for moment in itertools.count(1, 5):
            was = interrupted(call, moment, WHERE)
            # Those whose callbacks the interrupted call would have called.
            client.run_tasks()
            # One thread at a time runs the tasks.
            at_once = 1 if name == "run_tasks" else LIMIT
            threads = [threading.Thread(target=call) for _ in range(at_once)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(IN_TIME)
                assert not thread.is_alive()
            if not was:
                break
    assert moment > 50
