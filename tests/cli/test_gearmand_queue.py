"""The drop-in's flags of persistent queues: the store each names, and refusals."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.cli.gearmand import command
from geartrain.cli.gearmand_queue import (
    ABANDONED_QUEUES,
    queue_notices,
    queue_options,
    queue_preparations,
    store_flag,
)
from geartrain.cli.gearmand_queue_types import QUEUE_TYPES
from geartrain.errors import OptionError, StoreError
from geartrain.server.options import Options
from geartrain.stores.locations import make_store

COVERS = ("cli/gearmand_queue_types",)

TABLE = (
    'CREATE TABLE "{}"(unique_key TEXT, function_name TEXT, priority INTEGER,'
    " data BLOB, when_to_run INTEGER, PRIMARY KEY (unique_key, function_name))"
)


def told(*flags: str) -> tuple[str, str]:
    """Return the store and the durability a command line asks for."""
    context = command.make_context("gearmand", list(flags))
    options = Options(**queue_options(context))
    return options.store, options.durability


def refusal(*flags: str) -> str:
    with pytest.raises(OptionError) as caught:
        told(*flags)
    return str(caught.value)


def database(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return path


@pytest.mark.parametrize("flags", [[], ["-q", "builtin"], ["-q", "BuiltIn"]])
def test_jobs_are_in_memory_by_default(flags: list[str]) -> None:
    assert told(*flags) == ("memory:", "disk")


@pytest.mark.parametrize("name", ["libsqlite3", "libSQLite3"])
def test_libsqlite3_is_a_file_that_survives_a_power_cut(name: str) -> None:
    flags = ("-q", name, "--libsqlite3-db=/srv/queue.db")
    assert told(*flags) == ("sqlite:///srv/queue.db", "disk")


def test_a_queue_stored_on_shutdown_survives_a_stop_in_order() -> None:
    flags = ("-q", "libsqlite3", "--libsqlite3-db", "/q", "--store-queue-on-shutdown")
    assert told(*flags) == ("sqlite:///q", "memory")


def test_a_relative_file_is_below_the_working_folder(tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        store, _ = told("-q", "libsqlite3", "--libsqlite3-db", "a/../queue.db")
    assert store == f"sqlite://{tmp_path}/queue.db"


@pytest.mark.parametrize("flags", [[], ["--libsqlite3-db="]])
def test_a_queue_without_its_file_is_refused_in_the_originals_words(
    flags: list[str],
) -> None:
    assert refusal("-q", "libsqlite3", *flags) == (
        "Error while initializing the queue : libsqlite3:"
        " missing required --libsqlite3-db=<dbfile> argument"
    )


@pytest.mark.parametrize("name", ABANDONED_QUEUES)
def test_abandoned_queues_are_refused_with_what_there_is(name: str) -> None:
    said = refusal("-q", name.upper())
    assert said.startswith(f"'--queue-type={name}': Tokyo Cabinet and Drizzle are")
    assert "have the original's workers empty its queue" in said
    assert "-q libsqlite3 --libsqlite3-db=FILE" in said


@pytest.mark.parametrize(
    ("flags", "store"),
    [
        ([], "redis://127.0.0.1:6379?prefix=_gear_%3A"),
        (
            [
                *("--redis-server", "::1", "--redis-port", "7000"),
                *("--redis-password", "p@ss", "--redis-prefix", "jobs"),
            ],
            "redis://:p%40ss@[::1]:7000?prefix=jobs%3A",
        ),
    ],
)
def test_redis_keeps_jobs_beside_the_originals_keys(
    flags: list[str], store: str
) -> None:
    assert told("-q", "Redis", *flags) == (store, "disk")


def test_memcached_is_no_more_than_a_cache() -> None:
    flags = ("-q", "libmemcached", "--libmemcached-servers")
    servers = "--SERVER=a,b:11212/?3"
    store = "memcached://a,b:11212/geartrain.gear_"
    assert told(*flags, servers) == (store, "memory")
    assert told(*flags, "a b:11212", "--libmemcached-prefix", "x")[0].endswith("n.x")
    assert "missing required --libmemcached-servers" in refusal("-q", "libmemcached")
    said = refusal(*flags, "a", "--libmemcached-prefix", "gear")
    assert "the store's own keys would begin with it" in said


@pytest.mark.parametrize("name", ["foo", "none", "", "sqlite"])
def test_an_unknown_queue_is_refused_with_the_known_ones(name: str) -> None:
    assert refusal("-q", name) == (
        f"Error while initializing the queue : {name}:"
        " the queue types are builtin, libsqlite3, MySQL, Postgres, redis and"
        " libmemcached"
    )


def prepare(*flags: str) -> None:
    """Do what comes before the store is opened."""
    context = command.make_context("gearmand", ["-p", "0", *flags])
    options = Options(**{**queue_options(context), "port": 0})
    for preparation in queue_preparations(context, options):
        preparation(make_store(options.store, options.durability))


def test_a_file_of_the_original_is_set_aside(tmp_path: Path) -> None:
    row = "INSERT INTO gearman_queue VALUES('u', 'f', 1, 'w', 0)"
    path = database(tmp_path / "queue.db", TABLE.format("gearman_queue"), row)
    assert told("-q", "libsqlite3", "--libsqlite3-db", str(path))[0].endswith(
        "/queue.db"
    )
    assert os.listdir(tmp_path) == ["queue.db"]
    prepare("-q", "libsqlite3", "--libsqlite3-db", str(path))
    assert (tmp_path / "queue.db.gearmand").is_file()
    store = make_store(f"sqlite://{path}", "disk")
    with closing(store):
        (queue,) = store.open().queues
    assert (queue.function, queue.priority, queue.ready) == (b"f", 1, 1)
    # Once more there is nothing to do.
    prepare("-q", "libsqlite3", "--libsqlite3-db", str(path))
    with closing(store):
        assert store.open().queues[0].ready == 1


def test_a_file_that_was_set_aside_and_has_jobs_is_not_overwritten(
    tmp_path: Path,
) -> None:
    row = "INSERT INTO gearman_queue VALUES('u', 'f', 7, 'w', 0)"
    for name in ("queue.db", "queue.db.gearmand"):
        database(tmp_path / name, TABLE.format("gearman_queue"), row)
    with pytest.raises(StoreError, match="has jobs: import one of both"):
        prepare("-q", "libsqlite3", "--libsqlite3-db", str(tmp_path / "queue.db"))


def test_a_table_of_another_name_is_recognised_by_its_flag(tmp_path: Path) -> None:
    path = database(tmp_path / "a?b#c %.db", TABLE.format("my jobs"))
    flags = ("-q", "libsqlite3", "--libsqlite3-db", str(path))
    assert told(*flags)[0] == f"sqlite://{path}"
    prepare(*flags, "--libsqlite3-table", "my jobs")
    assert Path(f"{path}.gearmand").is_file()


@pytest.mark.parametrize("content", [b"", b"SQLite", b"SQLite format 3\0", b"x" * 999])
def test_a_file_that_is_no_database_is_left_to_the_store(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "queue.db"
    path.write_bytes(content)
    flags = ("-q", "libsqlite3", "--libsqlite3-db", str(path))
    assert told(*flags)[0] == f"sqlite://{path}"


def test_what_is_no_file_is_left_to_the_store(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo"):
        flags = ("-q", "libsqlite3", "--libsqlite3-db", str(path))
        assert told(*flags)[0] == f"sqlite://{path}"


def test_another_programs_database_is_left_to_the_store(tmp_path: Path) -> None:
    path = database(tmp_path / "other.db", "CREATE TABLE gearman_queue(x)")
    flags = ("-q", "libsqlite3", "--libsqlite3-db", str(path))
    assert told(*flags)[0] == f"sqlite://{path}"


def test_a_store_is_taken_and_not_even_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    store = make_store(f"sqlite://{path}", "disk")
    assert store is not None
    store.open()
    store.close()
    files = {file: file.read_bytes() for file in tmp_path.iterdir()}
    flags = ("-q", "libsqlite3", "--libsqlite3-db", str(path))
    assert told(*flags) == (f"sqlite://{path}", "disk")
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == files


def test_flags_of_a_queue_that_is_not_used_are_said_to_do_nothing() -> None:
    unused = ("--libsqlite3-db=/q", "--store-queue-on-shutdown")
    context = command.make_context("gearmand", list(unused))
    assert [notice.split()[0] for notice in queue_notices(context)] == [
        "--libsqlite3-db",
        "--store-queue-on-shutdown",
    ]
    context = command.make_context("gearmand", ["-q", "libsqlite3", *unused])
    assert queue_notices(context) == []


@pytest.mark.parametrize(
    ("flags", "store"),
    [
        (
            ["--mysql-host=db", "--mysql-user=me", "--mysql-password=a@b/c"],
            "mysql://me:a%40b%2Fc@db:3306/jobs",
        ),
        (["--mysql-host=::1", "--mysql-port=3307"], "mysql://[::1]:3307/jobs"),
        (["--mysql-host", "127.0.0.1"], "mysql://127.0.0.1:3306/jobs"),
    ],
)
def test_mysql_is_a_store_in_the_same_database(flags: list[str], store: str) -> None:
    assert told("-q", "mysql", "--mysql-db=jobs", *flags) == (store, "disk")


def test_the_host_localhost_is_the_servers_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "socket").touch()
    monkeypatch.setenv("MYSQL_UNIX_PORT", str(tmp_path / "socket"))
    store, _ = told("-q", "MySQL", "--mysql-db", "jobs")
    path = str(tmp_path / "socket").replace("/", "%2F")
    assert store == f"mysql://localhost:3306/jobs?unix_socket={path}"


def test_mysql_without_a_database_is_refused() -> None:
    assert refusal("-q", "MySQL") == (
        "Error while initializing the queue : MySQL:"
        " missing required --mysql-db argument"
    )


def test_more_or_less_durability_can_be_asked_for() -> None:
    context = command.make_context("gearmand", ["--durability", "os"])
    assert context.params["durability"] == "os"


def test_errors_name_the_flag_of_the_queue() -> None:
    flags = {
        queue.name: store_flag(command.make_context("gearmand", ["-q", queue.name]))
        for queue in QUEUE_TYPES
    }
    assert flags["MySQL"] == "--mysql-db"
    assert flags["Postgres"] == "--libpq-conninfo"
    assert flags["libsqlite3"] == "--libsqlite3-db"
