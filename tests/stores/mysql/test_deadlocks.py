"""A store in MariaDB whose rows another session has locked, too."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pymysql
import pytest

from geartrain.errors import StoreError, StoreInUseError
from geartrain.stores.mysql.store import MysqlStore
from tests.support.mariadb_servers import MariadbServer, running_mariadb_server
from tests.support.store_records import batch, keyed, numbers, record
from tests.support.waiting import wait_until

COVERS = ("stores/mysql/connection",)

# Of two in a deadlock the server rolls back the one that has changed fewer rows.
_MANY = (
    "CREATE TABLE many (id INT PRIMARY KEY, value INT)",
    "INSERT INTO many SELECT seq, 0 FROM seq_1_to_1000",
)
_WAITERS = (
    "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
)


@pytest.fixture
def server() -> Iterator[MariadbServer]:
    with running_mariadb_server() as running:
        running.ask(*_MANY)
        yield running


@pytest.fixture
def store(server: MariadbServer) -> Iterator[MysqlStore]:
    with closing(MysqlStore(server.url(), "disk")) as opened:
        opened.open()
        opened.commit(batch(record(1), keyed(2, b"a")))
        yield opened


class Rival:
    """A session that comes into a deadlock with a commit, and wins."""

    def __init__(self, server: MariadbServer) -> None:
        self._connection = pymysql.connect(
            host="127.0.0.1", port=server.port, user="root", database="jobs"
        )
        self._cursor = self._connection.cursor()
        self._cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")

    def lock_queues(self) -> None:
        """Lock what a commit writes last."""
        self._cursor.execute("UPDATE many SET value = value + 1")
        self._cursor.execute("SELECT * FROM geartrain_queues FOR UPDATE")

    def wants_store(self) -> None:
        """Lock what a commit has written first, which the commit pays for."""
        self._cursor.execute("SELECT * FROM geartrain_store FOR UPDATE")

    def let_go(self) -> None:
        """End the transaction."""
        self._connection.rollback()

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()


def test_a_commit_that_ends_a_deadlock_is_made_again(
    server: MariadbServer, store: MysqlStore
) -> None:
    errors: list[StoreError] = []
    added = batch(record(3), keyed(4, b"a", is_tentative=True), ended=[1])

    def commit() -> None:
        try:
            store.commit(added)
        except StoreError as error:
            errors.append(error)

    thread = threading.Thread(target=commit)
    with closing(Rival(server)) as rival:
        rival.lock_queues()
        thread.start()
        wait_until(lambda: server.ask(_WAITERS) == [(1,)])
        rival.wants_store()
        # The commit waits at the fence now, or has given up.
        time.sleep(0.2)
        rival.let_go()
        thread.join(30)
    assert not errors
    assert [job.twin for job in added.added] == [0, 2]
    assert numbers(store) == [2, 3]
    store.close()
    assert store.open().queues[0].ready == 2


_DYING = """
import os, signal, sys
from geartrain.engine.batches import Batch
from geartrain.stores.mysql.store import MysqlStore

store = MysqlStore(sys.argv[1], "disk")
store.open()
signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
print("open", flush=True)
sys.stdin.readline()
signal.setitimer(signal.ITIMER_REAL, 0.5)
batch = Batch(0)
batch.ended[1] = None
store.commit(batch)
"""


def test_what_a_dead_job_server_has_under_way_is_waited_for(
    server: MariadbServer, store: MysqlStore
) -> None:
    store.close()
    command = [sys.executable, "-c", _DYING, server.url()]
    dying = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    assert dying.stdin is not None
    assert dying.stdout is not None
    with dying.stdin, dying.stdout, closing(Rival(server)) as rival:
        assert dying.stdout.readline() == b"open\n"
        with pytest.raises(StoreInUseError, match="process"):
            MysqlStore(server.url(), "disk").open()
        rival.wants_store()
        dying.stdin.write(b"\n")
        assert dying.wait(30) < 0
        assert server.ask(_WAITERS) == [(1,)]
        later = threading.Timer(2.0, rival.let_go)
        later.start()
        with closing(MysqlStore(server.url(), "disk")) as second:
            second.open()
            assert numbers(second) in ([2], [1, 2])
        later.join()
