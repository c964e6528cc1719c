"""Every command in docs/import.md is run here."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support.databases import (
    Database,
    mariadb,
    memcached,
    postgresql,
    redis,
)
from tests.support.documents import snippets
from tests.support.gearmand_queues import (
    SUBMISSIONS,
    expected,
    gearmand_writes,
    grab_all,
)
from tests.support.programs import run
from tests.support.servers import RunningServer, geartrain_command, run_server

COMMANDS = snippets("docs/import.md", "sh")
TOTAL = len(SUBMISSIONS)
DONE = f"{TOTAL} read: {TOTAL} submitted, 0 coalesced, 0 skipped, {TOTAL} deleted\n"

DATABASES: dict[str, Callable[[], AbstractContextManager[Database]]] = {
    "mysql": mariadb,
    "postgresql": postgresql,
    "redis": redis,
    "memcached": memcached,
}


def words(command: str, source: str) -> list[str]:
    """Part a command of the document, with a source that is there in place of its."""
    program, name, _, *flags = shlex.split(command)
    assert (program, name) == ("geartrain", "import")
    return [program, name, source, *flags]


@pytest.fixture
def server() -> Iterator[RunningServer]:
    """Run a job server on the port that is the default."""
    command = [*geartrain_command("geartrain"), "server", "--store", "memory:"]
    with run_server(command, 4730) as running:
        yield running


def test_a_sqlite_queue_is_looked_at_and_imported(
    tmp_path: Path, server: RunningServer
) -> None:
    look, do = COMMANDS[:2]
    database = tmp_path / "queue.db"
    gearmand_writes("-q", "libsqlite3", "--libsqlite3-db", str(database))
    source = f"sqlite://{database}"
    status, out, _ = run(*words(look, source))
    assert (status, out) == (0, f"{TOTAL} read, 0 to skip, nothing submitted\n")
    assert run(*words(do, source)) == (0, DONE, "")
    assert Counter(grab_all(server)) == expected()


@pytest.mark.parametrize("number", range(len(DATABASES)), ids=DATABASES)
def test_the_other_queues_are_imported(number: int, server: RunningServer) -> None:
    command = COMMANDS[2].splitlines()[number]
    scheme = command.split()[2].partition(":")[0]
    with DATABASES[scheme]() as database:
        gearmand_writes(*database.flags)
        assert run(*words(command, database.url)) == (0, DONE, "")
    assert Counter(grab_all(server)) == expected()


def test_there_are_no_other_commands() -> None:
    counts = [len(snippet.splitlines()) for snippet in COMMANDS]
    assert counts == [1, 1, len(DATABASES)]
