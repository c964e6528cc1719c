"""The drop-in's flags of persistent queues: the store each names, and refusals."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.cli.gearmand import command
from geartrain.cli.gearmand_queue import QUEUES_TO_COME, queue_notices, queue_options
from geartrain.errors import OptionError
from geartrain.server.options import Options
from geartrain.stores.locations import make_store

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


@pytest.mark.parametrize("name", QUEUES_TO_COME)
def test_the_other_queues_are_refused_with_what_there_is(name: str) -> None:
    said = refusal("-q", name.upper())
    assert said.startswith(
        f"'--queue-type={name}': the persistent queue {name} is not supported yet"
    )
    assert "-q libsqlite3 --libsqlite3-db=FILE" in said
    assert "geartrain import" in said


@pytest.mark.parametrize("name", ["foo", "none", "", "sqlite"])
def test_an_unknown_queue_is_refused_with_the_known_ones(name: str) -> None:
    assert refusal("-q", name) == (
        f"Error while initializing the queue : {name}:"
        " the queue types are builtin and libsqlite3"
    )


def test_a_file_of_the_original_is_refused_with_the_way_to_import_it(
    tmp_path: Path,
) -> None:
    path = database(tmp_path / "queue.db", TABLE.format("gearman_queue"))
    before = path.read_bytes()
    said = refusal("-q", "libsqlite3", "--libsqlite3-db", str(path))
    assert said.startswith(f"{path} is the queue of the original gearmand")
    assert said.endswith(f": geartrain import sqlite://{path}.old --delete")
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["queue.db"]


def test_a_table_of_another_name_is_recognised_by_its_flag(tmp_path: Path) -> None:
    path = database(tmp_path / "a?b#c %.db", TABLE.format("my jobs"))
    flags = ("-q", "libsqlite3", "--libsqlite3-db", str(path))
    assert told(*flags)[0] == f"sqlite://{path}"
    said = refusal(*flags, "--libsqlite3-table", "my jobs")
    assert f"import 'sqlite://{path}.old' --delete --table 'my jobs'" in said


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
