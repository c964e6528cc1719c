"""A store in MariaDB: lost connections, and servers that are not fit."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.engine.model.health import Health
from geartrain.engine.queries import FindJob
from geartrain.errors import StoreError
from geartrain.stores.base import ServerAwayError
from geartrain.stores.mysql import ownership
from geartrain.stores.mysql.store import MysqlStore, look_at
from tests.support.certificates import Authority
from tests.support.cut_connections import CuttingProxy, cutting_proxy
from tests.support.mariadb_servers import MariadbServer, running_mariadb_server
from tests.support.store_records import (
    batch,
    counts,
    keyed,
    numbers,
    record,
    value,
    values,
)

COVERS = (
    "stores/mysql/connection",
    "stores/mysql/ownership",
    "stores/mysql/schema",
    "stores/mysql/session",
)


@pytest.fixture(scope="module")
def running() -> Iterator[MariadbServer]:
    with running_mariadb_server("--max-allowed-packet=1M") as server:
        yield server


@pytest.fixture
def server(running: MariadbServer) -> MariadbServer:
    if running.ask("SHOW TABLES"):
        running.empty()
    return running


@pytest.fixture
def store(server: MariadbServer) -> Iterator[MysqlStore]:
    url = server.url("?connect_timeout=1s")
    with closing(MysqlStore(url, "disk")) as opened:
        opened.open()
        yield opened


@pytest.fixture
def proxy(server: MariadbServer) -> Iterator[CuttingProxy]:
    with cutting_proxy(server.port) as running:
        yield running


def url_of(proxy: CuttingProxy) -> str:
    return (
        f"mysql://root@127.0.0.1:{proxy.port}/jobs?ssl_disabled=yes&connect_timeout=1s"
    )


def end_connections(server: MariadbServer) -> None:
    """Have the server end all connections of stores."""
    for (number,) in server.ask(
        "SELECT id FROM information_schema.processlist"
        " WHERE db = 'jobs' AND id <> CONNECTION_ID()"
    ):
        server.ask(f"KILL CONNECTION {number}")


def test_a_batch_larger_than_a_packet_is_kept(store: MysqlStore) -> None:
    jobs = [record(number, bytes([number % 256]) * 30_000) for number in range(1, 120)]
    jobs.append(record(200, b"x" * 3_000_000))
    store.commit(batch(*jobs))
    assert values(store) == [value(job) for job in jobs]


def test_a_lost_connection_is_made_again_by_the_next_commit(
    server: MariadbServer, store: MysqlStore
) -> None:
    store.commit(batch(record(1)))
    end_connections(server)
    store.commit(batch(record(2)))
    assert numbers(store) == [1, 2]


def test_a_query_after_a_lost_connection_is_answered(
    server: MariadbServer, store: MysqlStore
) -> None:
    store.commit(batch(record(1)))
    end_connections(server)
    query = FindJob(1)
    store.answer(query)
    assert not query.error
    assert query.record is not None


@pytest.mark.parametrize("is_before", [True, False])
def test_a_commit_whose_answer_is_lost_is_made_once(
    proxy: CuttingProxy, is_before: bool
) -> None:
    with closing(MysqlStore(url_of(proxy), "disk")) as store:
        store.open()
        store.commit(batch(record(1), keyed(2, b"a")))
        proxy.word, proxy.is_before = b"COMMIT", is_before
        added = batch(record(3), keyed(4, b"a", is_tentative=True), ended=[1])
        store.commit(added)
        assert proxy.cuts == 1
        assert [job.twin for job in added.added] == [0, 2]
        store.commit(batch(record(5)))
        store.close()
        assert counts(store.open()) == {(b"resize", 1): (3, 0, 0.0, 0.0, 0)}
        assert numbers(store) == [2, 3, 5]


def test_what_was_refused_is_gone_although_the_server_had_committed_it(
    proxy: CuttingProxy,
) -> None:
    with closing(MysqlStore(url_of(proxy), "disk")) as store:
        store.open()
        store.commit(batch(record(1)))
        proxy.word = b"COMMIT"
        port, proxy.target = proxy.target, 1
        with pytest.raises(StoreError):
            store.commit(batch(record(2)))
        proxy.target = port
        store.commit(batch(record(3)))
        assert numbers(store) == [1, 3]
        store.close()
        assert counts(store.open()) == {(b"resize", 1): (2, 0, 0.0, 0.0, 0)}


def test_a_connection_lost_in_the_middle_leaves_nothing_half_done(
    proxy: CuttingProxy,
) -> None:
    with closing(MysqlStore(url_of(proxy), "disk")) as store:
        store.open()
        jobs = [record(number, b"x" * 1000) for number in range(1, 2000)]
        proxy.word, proxy.is_before = b"COMMIT", True
        store.commit(batch(*jobs))
        assert numbers(store) == list(range(1, 2000))
        store.close()
        assert counts(store.open()) == {(b"resize", 1): (1999, 0, 0.0, 0.0, 0)}


def test_a_server_that_is_killed_and_started_again_is_waited_for() -> None:
    with (
        running_mariadb_server() as server,
        closing(MysqlStore(server.url(), "disk")) as store,
    ):
        server.restart()
        store.open()
        store.commit(batch(record(1)))
        server.kill()
        for _ in range(2):
            with pytest.raises(ServerAwayError, match="the store mysql://"):
                store.probe(Health())
        again = threading.Timer(0.5, server.start)
        again.start()
        store.commit(batch(record(2)))
        again.join()
        store.probe(Health())
        assert numbers(store) == [1, 2]


def test_two_servers_cannot_have_one_store(
    server: MariadbServer, store: MysqlStore
) -> None:
    with pytest.raises(StoreError, match=r"in use by another job server: .* process"):
        MysqlStore(server.url(), "disk").open()
    other = server.url("?prefix=other_")
    with closing(MysqlStore(other, "disk")) as second:
        second.open()
        second.commit(batch(record(7)))
        assert numbers(store) == []
        assert numbers(second) == [7]


def test_a_connection_that_the_server_still_takes_for_alive_is_ended(
    proxy: CuttingProxy,
) -> None:
    with closing(MysqlStore(url_of(proxy), "disk")) as store:
        store.open()
        store.commit(batch(record(1)))
        # The former connection stays open at the server's side, with its lock.
        assert store._session is not None
        former, store._session = store._session, None
        store.commit(batch(record(2)))
        assert numbers(store) == [1, 2]
        with pytest.raises(StoreError):
            former.connection.rows("SELECT 1")


def test_who_lost_the_store_to_another_writes_no_more(
    server: MariadbServer, store: MysqlStore
) -> None:
    store.commit(batch(record(1)))
    end_connections(server)
    with closing(MysqlStore(server.url(), "disk")) as second:
        second.open()
        second.commit(batch(ended=[1]))
        with pytest.raises(StoreError, match="in use by another job server"):
            store.commit(batch(record(2)))
        assert not store.is_lost
    for _ in range(2):
        with pytest.raises(StoreError, match="another job server has taken it over"):
            store.commit(batch(record(2)))
        assert store.is_lost
    with pytest.raises(StoreError, match="taken it over"):
        store.probe(Health())
    with closing(MysqlStore(server.url(), "disk")) as third:
        third.open()
        assert numbers(third) == []


def test_the_fence_holds_where_the_lock_does_not(
    server: MariadbServer, store: MysqlStore
) -> None:
    server.ask("UPDATE geartrain_store SET epoch = epoch + 1")
    with pytest.raises(StoreError, match="taken it over"):
        store.commit(batch(record(1)))
    assert server.ask("SELECT COUNT(*) FROM geartrain_jobs") == [(0,)]


def test_another_job_server_is_noticed_where_each_server_has_locks_of_its_own(
    server: MariadbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As by two servers of a Galera cluster.
    monkeypatch.setattr(ownership, "_is_one_of_several", lambda connection: True)
    monkeypatch.setattr(ownership.Ownership, "lock", lambda self, connection: None)
    monkeypatch.setattr(ownership, "_STILL", 0.5)
    with (
        closing(MysqlStore(server.url(), "disk")) as first,
        closing(MysqlStore(server.url(), "disk")) as second,
    ):
        first.open()
        is_over = threading.Event()

        def look() -> None:
            while not is_over.wait(0.05):
                first.probe(Health())

        thread = threading.Thread(target=look)
        thread.start()
        try:
            with pytest.raises(StoreError, match=r"in use by another .*: .* process"):
                second.open()
        finally:
            is_over.set()
            thread.join()
        first.commit(batch(record(1)))
        second.open()
        assert numbers(second) == [1]


def test_a_store_that_was_put_back_is_not_written_to(
    server: MariadbServer, store: MysqlStore
) -> None:
    store.commit(batch(record(1)))
    server.ask("UPDATE geartrain_store SET commits = commits - 1")
    with pytest.raises(StoreError, match="put back to an earlier state"):
        store.commit(batch(record(2)))


def test_health_tells_size_and_durability_and_no_password(
    server: MariadbServer,
) -> None:
    url = server.url().replace("root@", "root:s3cret@")
    with closing(MysqlStore(url, "disk")) as store:
        store.open()
        health = Health()
        store.probe(health)
    assert health.location == server.url().replace("root@", "root:…@")
    assert health.durability == "innodb_flush_log_at_trx_commit=1"
    assert health.size
    with pytest.raises(StoreError) as raised:
        MysqlStore("mysql://root:s3cret@127.0.0.1:1/jobs", "disk").open()
    assert "127.0.0.1:1" in str(raised.value)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("flush", "durability", "is_enough"),
    [(2, "disk", False), (2, "os", True), (0, "os", False), (0, "memory", True)],
)
def test_less_durability_than_is_asked_for_is_refused(
    server: MariadbServer, flush: int, durability: str, is_enough: bool
) -> None:
    server.ask(f"SET GLOBAL innodb_flush_log_at_trx_commit = {flush}")
    try:
        with closing(MysqlStore(server.url(), durability)) as store:
            if is_enough:
                store.open()
                assert f"commit={flush}" in look_at(server.url(), durability)
                return
            for refused in (store.open, lambda: look_at(server.url(), durability)):
                with pytest.raises(StoreError, match=f"at_trx_commit={flush}"):
                    refused()
    finally:
        server.ask("SET GLOBAL innodb_flush_log_at_trx_commit = 1")


def test_durability_that_is_lowered_meanwhile_is_noticed(
    server: MariadbServer, store: MysqlStore
) -> None:
    server.ask("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
    try:
        with pytest.raises(StoreError, match="--durability=os"):
            store.probe(Health())
    finally:
        server.ask("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    store.probe(Health())


def test_a_server_that_is_read_only_is_refused(server: MariadbServer) -> None:
    server.ask("SET GLOBAL read_only = 1")
    try:
        with pytest.raises(StoreError, match="read-only: name the one that is not"):
            MysqlStore(server.url(), "disk").open()
    finally:
        server.ask("SET GLOBAL read_only = 0")


def test_the_server_s_defaults_are_not_ours(server: MariadbServer) -> None:
    others = {"sql_safe_updates": "1", "max_statement_time": "0.001"}
    others |= {"sql_mode": "'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'", "autocommit": "0"}
    names = ", ".join(f"@@global.{name}" for name in others)
    ((*before,),) = server.ask(f"SELECT {names}")
    for name, other in others.items():
        server.ask(f"SET GLOBAL {name} = {other}")
    try:
        with closing(MysqlStore(server.url(), "disk")) as store:
            store.open()
            added = record(1, b"'\\\0\"")
            store.commit(batch(added, keyed(2, b"\\'")))
            assert values(store)[0] == value(added)
    finally:
        for name, former in zip(others, before, strict=True):
            server.ask(f"SET GLOBAL {name} = {former!r}")


def test_a_connection_that_takes_no_writes_any_more_is_left(store: MysqlStore) -> None:
    session = store._session
    assert session is not None
    session.connection.run(("SET SESSION TRANSACTION READ ONLY",))
    store.commit(batch(record(1)))
    assert numbers(store) == [1]


def test_packets_that_are_too_small_are_refused(server: MariadbServer) -> None:
    server.ask("SET GLOBAL max_allowed_packet = 65536")
    try:
        with pytest.raises(StoreError, match="max_allowed_packet is 65536 bytes"):
            MysqlStore(server.url(), "disk").open()
    finally:
        server.ask("SET GLOBAL max_allowed_packet = 1048576")


def test_tables_of_something_else_are_left_alone(server: MariadbServer) -> None:
    server.ask("CREATE OR REPLACE TABLE mine_jobs (a INT)")
    with pytest.raises(StoreError, match=r"mine_jobs is not Geartrain's.*\?prefix="):
        MysqlStore(server.url("?prefix=mine_"), "disk").open()
    assert server.ask("SHOW TABLES LIKE 'mine%'") == [("mine_jobs",)]


def test_a_store_of_a_newer_format_is_refused(server: MariadbServer) -> None:
    url = server.url("?prefix=newer_")
    with closing(MysqlStore(url, "disk")) as store:
        store.open()
    server.ask("UPDATE newer_store SET version = 99")
    with pytest.raises(StoreError, match="format 99"):
        MysqlStore(url, "disk").open()


def test_tables_that_were_half_made_are_completed(server: MariadbServer) -> None:
    url = server.url("?prefix=half_")
    with closing(MysqlStore(url, "disk")) as store:
        store.open()
    server.ask("DELETE FROM half_store", "DROP TABLE half_entries")
    with closing(MysqlStore(url, "disk")) as store:
        store.open()
        store.commit(batch(record(1), entries={(b"a", b"b"): b"c"}))


def test_a_socket_of_the_system_is_used(server: MariadbServer) -> None:
    url = f"mysql://root@localhost:1/jobs?unix_socket={server.socket}"
    with closing(MysqlStore(url, "disk")) as store:
        store.open()
        store.commit(batch(record(1)))
        assert numbers(store) == [1]


def test_a_certificate_is_checked(tmp_path: Path) -> None:
    other = Authority(tmp_path / "other")
    with running_mariadb_server() as server:
        authority = Authority(server.folder / "certificates")
        issued = authority.issue("server")
        server.stop_process()
        for file in (authority.folder, *authority.folder.iterdir()):
            server.give(file)
        server.start(
            f"--ssl-ca={authority.ca}",
            f"--ssl-cert={issued.cert}",
            f"--ssl-key={issued.key}",
        )
        url = server.url(f"?ssl_ca={authority.ca}")
        with closing(MysqlStore(url, "disk")) as store:
            store.open()
            store.commit(batch(record(1)))
            assert numbers(store) == [1]
        with pytest.raises(StoreError, match="certificate"):
            MysqlStore(server.url(f"?ssl_ca={other.ca}"), "disk").open()
