from __future__ import annotations

import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.databases import memcached
from tests.support.gearmand_queues import gearmand_writes, job_server
from tests.support.programs import run
from tests.support.servers import free_port, geartrain_command
from tests.support.suspending import suspend

COVERS = (
    "cli/import_",
    "importing/locations",
)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "queue.db"
    gearmand_writes("-q", "libsqlite3", "--libsqlite3-db", str(path))
    return path


def complaint(status: int, *flags: str) -> str:
    """Run an import that cannot be; return its one line."""
    found, out, err = run("geartrain", "import", *flags)
    assert (found, out) == (status, "")
    assert err.startswith("geartrain: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return err.removeprefix("geartrain: ").rstrip("\n")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "'' names no queue: use sqlite:///path, mysql://"),
        ("queue.db", "'queue.db' names no queue: use sqlite:///path"),
        ("sqlite:/queue.db", "'sqlite:/queue.db' names no queue"),
        ("oracle://me:pw@host/db", "'oracle://me:…@host/db' names no queue"),
        ("sqlite://queue.db", "write sqlite:///full/path/of/the/file"),
        ("mysql://host", "names no database: mysql://user:password@host/database"),
        ("mysql:///jobs", "names no host: write mysql://host:port"),
        ("mysql://me:pw@host:port/db", "'mysql://me:…@host:port/db': Port could not"),
        ("mysql://host/db?ssl=1", "'mysql://host/db' has no option 'ssl'"),
        ("postgresql://host/db?a=1", "postgresql:// cannot be read: "),
        ("redis://host/first", "'first' is no Redis database: use its number"),
        ("redis://host:99999", "Port out of range"),
        ("memcached://me:pw@host", "memcached has no users or databases"),
    ],
)
def test_a_source_that_names_no_queue_is_explained(source: str, words: str) -> None:
    assert words in complaint(2, source)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["redis://h", "--table", "t"], "--table: redis has no tables, use --prefix"),
        (["sqlite:///q", "--prefix", "p"], "--prefix: sqlite has tables, use --table"),
        (["mysql://h/d", "--function", "f"], "--function: mysql has the function in a"),
        (["sqlite:///q", "--dry-run", "--delete"], "exclude each other"),
        (["sqlite:///q", "--server", "host:port"], "'port' is not a port from 0 to"),
    ],
)
def test_flags_that_make_no_sense_are_explained(flags: list[str], words: str) -> None:
    assert words in complaint(2, *flags)


def test_a_missing_source_is_a_usage_error() -> None:
    status, _, err = run("geartrain", "import")
    assert (status, err) == (2, "geartrain import: Missing argument 'SOURCE'\n")


def test_a_missing_file_is_named_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    assert complaint(1, f"sqlite://{path}") == f"{path}: there is no such file"
    assert not path.exists()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("no database at all, only words " * 100)
    assert complaint(1, f"sqlite://{path}") == f"{path}: file is not a database"


def test_a_missing_table_is_named(database: Path) -> None:
    found = complaint(1, f"sqlite://{database}", "--table", 'a"b')
    assert found == f"{database}: no table 'a\"b': name gearmand's with --table"


def test_a_table_of_something_else_is_named(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE users (unique_key TEXT, name TEXT)")
    found = complaint(1, f"sqlite://{database}", "--table", "users")
    assert found == (
        f"table 'users' of {database} is not gearmand's queue: it has no column"
        " function_name"
    )


def test_a_job_server_that_is_not_there_is_named(database: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    found = complaint(1, f"sqlite://{database}", "--server", address)
    assert found == f"no job server answers on {address}: Connection refused"
    missing = f"unix:{database.parent}/none"
    found = complaint(1, f"sqlite://{database}", "--server", missing)
    assert found == f"no job server answers on {missing}: No such file or directory"


def test_what_answers_but_is_no_job_server_is_told(database: Path) -> None:
    with memcached() as other:
        address = f"127.0.0.1:{other.port}"
        done = run("geartrain", "import", f"sqlite://{database}", "--server", address)
    assert done[0] == 1
    assert "job server" in done[2]
    assert "Traceback" not in done[2]


def test_a_driver_that_is_not_installed_is_named() -> None:
    script = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == driver:\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "driver = sys.argv.pop(1)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from geartrain.cli.main import main\n"
        "main()\n"
    )
    for scheme, module in (
        ("mysql", "pymysql"),
        ("postgresql", "psycopg"),
        ("redis", "redis"),
        ("memcached", "pymemcache"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", script, module, "import", f"{scheme}://host/1"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert done.stderr == (
            f"geartrain: {scheme}:// needs the Python package {module}, which is not"
            f" installed: pip install 'geartrain[{scheme}]'\n"
        )


def test_progress_is_told_on_a_terminal(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany(
            "INSERT INTO gearman_queue VALUES (?, 'f', 1, NULL, 0)",
            [(f"n{number}",) for number in range(1000)],
        )
    keyboard, screen = pty.openpty()
    with job_server() as server, open(keyboard, "rb", buffering=0) as read:
        suspend(server.process)
        source = f"sqlite://{database}"
        command = [*geartrain_command("geartrain"), "import"]
        process = subprocess.Popen(
            [*command, source, "--server", server.address],
            stdout=subprocess.DEVNULL,
            stderr=screen,
        )
        os.close(screen)
        # It is a second that has to pass: the job server takes that long.
        time.sleep(1.5)
        server.process.send_signal(signal.SIGCONT)
        said = b""
        try:
            while more := read.read(4096):
                said += more
        except OSError:  # the terminal's other side has been closed
            pass
        assert process.wait(10) == 0
    assert re.search(rb"[\d,]+ jobs, [\d,]+ a second", said), said
    # The bar is erased at the end: the cursor goes up and the line is cleared.
    assert said.endswith(b"\x1b[1A\x1b[2K"), said
