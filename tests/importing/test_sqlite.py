from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from geartrain.protocol.constants import PacketType
from tests.support.gearmand_queues import (
    BG,
    SUBMISSIONS,
    Job,
    expected,
    gearmand_writes,
    grab_all,
    import_,
    in_a_moment,
    job_server,
    priorities,
)
from tests.support.programs import run
from tests.support.servers import RunningServer
from tests.support.waiting import wait_until
from tests.support.wire import Wire

COVERS = ("importing/importer",)

CREATE = (
    "CREATE TABLE gearman_queue (unique_key TEXT, function_name TEXT,"
    " priority INTEGER, data BLOB, when_to_run INTEGER,"
    " PRIMARY KEY (unique_key, function_name))"
)
Row = tuple[object, object, object, object, object]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with job_server() as running:
        yield running


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "queue with space?.db"


def written(database: Path, *rows: Row, create: str = CREATE) -> str:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(create)
        count = len(create.split("(", 1)[1].split("PRIMARY")[0].strip(", ").split(","))
        marks = ", ".join("?" * count)
        connection.executemany(
            f"INSERT INTO gearman_queue VALUES ({marks})",
            [row[:count] for row in rows],
        )
    return f"sqlite://{database}"


def left(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM gearman_queue").fetchone()
        return int(count)


def test_jobs_kept_by_gearmand_run_with_all_they_had(
    database: Path, server: RunningServer
) -> None:
    gearmand_writes("-q", "libsqlite3", "--libsqlite3-db", str(database))
    total = len(SUBMISSIONS)
    status, counts, err = import_(f"sqlite://{database}", server)
    assert (status, counts, err) == (0, (total, total, 0, 0, 0), "")
    assert priorities(server, b"resize") == (1, 5, 1)
    assert priorities(server, b"send-mail") == (0, 1, 0)
    jobs = grab_all(server, b"resize")
    assert jobs[0] == (b"resize", b"u2", b"high \0 \xff bytes")
    assert jobs[-1] == (b"resize", b"u3", b"low")
    assert Counter(jobs + grab_all(server)) == expected()
    assert left(database) == total


def test_a_second_import_adds_nothing_while_the_first_waits(
    database: Path, server: RunningServer
) -> None:
    gearmand_writes("-q", "libsqlite3", "--libsqlite3-db", str(database))
    total = len(SUBMISSIONS)
    source = f"sqlite://{database}"
    assert import_(str(database), server)[:2] == (0, (total, total, 0, 0, 0))
    assert import_(source, server)[:2] == (0, (total, 0, total, 0, 0))
    assert Counter(grab_all(server)) == expected()
    # Now that they were done, nothing tells them from new ones.
    assert import_(source, server)[:2] == (0, (total, total, 0, 0, 0))
    assert Counter(grab_all(server)) == expected()


def test_delete_empties_the_table_and_the_file_can_be_imported_again(
    database: Path, server: RunningServer
) -> None:
    gearmand_writes("-q", "libsqlite3", "--libsqlite3-db", str(database))
    total = len(SUBMISSIONS)
    source = f"sqlite://{database}"
    status, counts, _ = import_(source, server, "--delete")
    assert (status, counts) == (0, (total, total, 0, 0, total))
    assert left(database) == 0
    assert import_(source, server, "--delete")[:2] == (0, (0, 0, 0, 0, 0))
    assert Counter(grab_all(server)) == expected()


def test_a_delayed_job_runs_when_it_is_due(
    database: Path, server: RunningServer
) -> None:
    due = in_a_moment()
    source = written(
        database,
        ("now", "f", 1, b"past", due - 100),
        ("later", "f", 1, b"future", due),
    )
    assert import_(source, server)[:2] == (0, (2, 2, 0, 0, 0))
    jobs: list[Job] = []

    def are_there() -> bool:
        jobs.extend(grab_all(server, b"f"))
        # The import may have taken longer than that.
        assert len(jobs) < 2 or time.time() >= due
        return len(jobs) == 2

    wait_until(are_there)
    assert jobs == [(b"f", b"now", b"past"), (b"f", b"later", b"future")]


def test_delayed_jobs_of_high_and_low_priority_become_normal_and_it_is_said_once(
    database: Path, server: RunningServer
) -> None:
    due = int(time.time()) + 1000
    rows = [(f"late{number}", "leveled", number % 3, b"", due) for number in range(9)]
    status, counts, err = import_(written(database, *rows), server)
    assert (status, counts) == (0, (9, 9, 0, 0, 0))
    assert err == (
        "geartrain import: 6 jobs of high or low priority that have a due time became"
        " normal: SUBMIT_JOB_EPOCH has no other\n"
    )
    assert priorities(server, b"leveled") == (0, 9, 0)


def test_null_and_text_cells_are_read_as_bytes(
    database: Path, server: RunningServer
) -> None:
    source = written(
        database,
        ("a", "f", 1, None, 0),
        ("b", "f", None, "täxt", None),
        ("c", "f", 1, 12, 0),
        ("", "f", 1, None, None),
    )
    assert import_(source, server)[:2] == (0, (4, 4, 0, 0, 0))
    assert Counter(grab_all(server, b"f")) == Counter(
        [
            (b"f", b"a", b""),
            (b"f", b"b", "täxt".encode()),
            (b"f", b"c", b"12"),
            (b"f", b"made", b""),
        ]
    )


def test_a_table_from_before_epochs_is_read(
    database: Path, server: RunningServer
) -> None:
    create = (
        "CREATE TABLE gearman_queue (unique_key TEXT, function_name TEXT,"
        " priority INTEGER, data BLOB, PRIMARY KEY (unique_key, function_name))"
    )
    source = written(database, ("u", "f", 0, b"old", None), create=create)
    assert import_(source, server)[:2] == (0, (1, 1, 0, 0, 0))
    assert grab_all(server, b"f") == [(b"f", b"u", b"old")]


def test_rows_that_differ_in_nothing_are_jobs_of_their_own(
    database: Path, server: RunningServer
) -> None:
    create = CREATE.replace(", PRIMARY KEY (unique_key, function_name)", "")
    source = written(database, *[("", "f", 1, b"same", 0)] * 3, create=create)
    assert import_(source, server)[:2] == (0, (3, 3, 0, 0, 0))
    assert import_(source, server, "--delete")[:2] == (0, (3, 0, 3, 0, 3))
    assert grab_all(server, b"f") == [(b"f", b"made", b"same")] * 3


def test_a_unique_that_cannot_be_submitted_is_replaced_and_named(
    database: Path, server: RunningServer
) -> None:
    # gearmand keeps 64 bytes as 63 and a NUL, so that these two look the same.
    gearmand_writes(
        *("-q", "libsqlite3", "--libsqlite3-db", str(database)),
        submissions=[(BG, b"f", b"x" * 64, b"64"), (BG, b"f", b"x" * 63, b"63")],
    )
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "INSERT INTO gearman_queue VALUES (?, 'f', 1, '65', 0)", ("z" * 65,)
        )
    status, counts, err = import_(f"sqlite://{database}", server)
    assert (status, counts) == (0, (3, 3, 0, 0, 0))
    first, second = err.splitlines()
    assert first.startswith(f"geartrain import: row 1: unique '{'x' * 63}\\x00' ")
    assert (
        "gearmand stores uniques of 64 bytes like that; submitted as import:" in first
    )
    assert "has 65 bytes, 64 is the limit; submitted as import:" in second
    assert Counter(grab_all(server, b"f")) == Counter(
        [(b"f", b"made", b"64"), (b"f", b"x" * 63, b"63"), (b"f", b"made", b"65")]
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("u", None, 1, b"", 0), "its function_name is NULL"),
        ((None, "f", 1, b"", 0), "its unique_key is NULL"),
        (("u", "f", 7, b"", 0), "its priority is 7, not 0 (high), 1 (normal)"),
        (("u", "f", "up", b"", 0), "its priority is 'up', not 0 (high), 1 (normal)"),
        (("u", "f", 1, b"", "soon"), "its when_to_run is 'soon', not a number"),
        (("u", "f\0g", 1, b"", 0), "its function contains a NUL byte"),
        (
            ("u", "f", 1, b"", 10**15),
            "refused: INVALID_ARGUMENT: The epoch is a number of seconds",
        ),
    ],
)
def test_a_row_that_cannot_be_submitted_is_skipped_and_named(
    database: Path, server: RunningServer, row: Row, reason: str
) -> None:
    source = written(database, row, ("v", "f", 1, b"good", 0))
    status, counts, err = import_(source, server, "--delete")
    assert (status, counts) == (1, (2, 1, 0, 1, 1))
    assert err.startswith(f"geartrain import: row 1: skipped: {reason}")
    assert left(database) == 1
    assert grab_all(server, b"f") == [(b"f", b"v", b"good")]


def test_what_a_full_queue_refuses_is_left_for_the_next_run(
    database: Path, server: RunningServer
) -> None:
    rows: list[Row] = [("", "full", 1, b"%d" % number, 0) for number in range(250)]
    create = CREATE.replace(", PRIMARY KEY (unique_key, function_name)", "")
    source = written(database, *rows, create=create)
    with closing(Wire(server.connect())) as operator:
        assert operator.command(b"maxqueue full 99") == b"OK\r\n"
        status, counts, err = import_(source, server, "--delete")
        assert (status, counts) == (1, (250, 99, 0, 151, 99))
        assert err.splitlines()[0] == (
            "geartrain import: row 100: skipped: refused: QUEUE_ERROR:"
            " Job queue is full"
        )
        assert left(database) == 151
        done = grab_all(server, b"full")
        assert operator.command(b"maxqueue full 0") == b"OK\r\n"
    assert import_(source, server, "--delete")[:2] == (0, (151, 151, 0, 0, 151))
    done += grab_all(server, b"full")
    assert done == [(b"full", b"made", b"%d" % number) for number in range(250)]


def test_a_job_server_that_dies_costs_only_what_it_took(database: Path) -> None:
    total = 40_000
    rows: list[Row] = [(f"u{number}", "f", 1, b"x", 0) for number in range(total)]
    source = written(database, *rows)
    with job_server() as server:
        address = server.address

        def kill_when_half_done() -> None:
            wait_until(lambda: priorities(server, b"f")[1] > 2000)
            server.process.kill()

        killer = Thread(target=kill_when_half_done)
        killer.start()
        status, out, err = run(
            "geartrain", "import", source, "--server", address, "--delete"
        )
        killer.join()
    assert status == 1
    assert err.startswith("geartrain: the job server ")
    deleted = int(out.rsplit(", ", 1)[1].split()[0])
    # Of what the job server took, it may have died before answering the last.
    assert 1000 < deleted < total
    assert left(database) == total - deleted


def test_dry_run_says_what_would_be_and_needs_no_server(
    database: Path, server: RunningServer
) -> None:
    source = written(
        database, ("u", "f", 1, b"", 0), ("v", "f", 9, b"", 0), ("", "f", 1, b"", 0)
    )
    status, out, err = run(
        *("geartrain", "import", source, "--dry-run", "--server", "127.0.0.1:1")
    )
    assert (status, out) == (1, "3 read, 1 to skip, nothing submitted\n")
    assert "row 2: skipped: its priority is 9" in err
    assert left(database) == 3


def test_quiet_says_nothing_if_nothing_is_wrong(
    database: Path, server: RunningServer
) -> None:
    source = written(database, ("u", "f", 1, b"", 0))
    done = run("geartrain", "import", source, "--server", server.address, "--quiet")
    assert done == (0, "", "")
    grab_all(server, b"f")


def test_a_job_that_joins_one_of_another_client_counts_as_coalesced(
    database: Path, server: RunningServer
) -> None:
    rows: list[Row] = [(f"u{number}", "f", 1, b"", 0) for number in range(4)]
    with closing(Wire(server.connect())) as client:
        for unique in (b"u2", b"u3"):
            client.send(PacketType.SUBMIT_JOB_BG, b"f", unique, b"before")
            client.expect(PacketType.JOB_CREATED)
    source = written(database, *rows)
    assert import_(source, server)[:2] == (0, (4, 2, 2, 0, 0))
    assert len(grab_all(server, b"f")) == 4


def test_a_table_that_gearmand_writes_is_waited_for_and_then_named(
    database: Path, server: RunningServer
) -> None:
    source = written(database, ("u", "f", 1, b"", 0))
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        status, _, err = run("geartrain", "import", source, "--server", server.address)
    assert status == 1
    assert err == (f"geartrain: {database}: database is locked: stop gearmand first\n")
