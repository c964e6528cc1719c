"""A store in MariaDB whose rows another session has locked, too."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pymysql
import pytest

from geartrain.errors import StoreError
from geartrain.stores.mysql.store import MysqlStore
from tests.support.mariadb_servers import MariadbServer, running_mariadb_server
from tests.support.store_records import batch, keyed, numbers, record
from tests.support.waiting import wait_until

COVERS = ("stores/mysql/connection", "stores/mysql/store")

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
