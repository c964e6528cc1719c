"""``geartrain store``: check, compact, export and import of a real server's file."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.admin import Admin, JobRow
from tests.support.commands import complaint
from tests.support.jobs_in_states import (
    bury,
    schedule,
    submit,
    submit_later,
    submit_many,
)
from tests.support.programs import run
from tests.support.servers import geartrain_command, running_geartrain
from tests.support.waiting import wait_until

SUMMARY = (
    "{}: 3 jobs, 2 dead letters, 1 recurring jobs, 0 entries, 0 results, 0 endings,"
    " {} problems\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the file of a job server that has stopped, with some of everything."""
    path = tmp_path / "queue.db"
    with running_geartrain("--store", f"sqlite://{path}") as server:
        submit(server, b"resize", b"\xff\0picture", "größe".encode())
        submit(server, b"caf\xe9", b"x" * 300_000)
        submit_later(server, b"mail", 900)
        schedule(server, b"report")
        bury(server, b"mail", [b"1", b"2"], b"no \xff route")
    with closing(sqlite3.connect(path)) as connection, connection:
        # How many statistics there are depends on when the minute ended.
        connection.execute("DELETE FROM entries")
    return path


def contents(path: Path) -> tuple[list[JobRow], list[str]]:
    """Start a job server on a file; return its jobs, dead letters and schedules."""
    with (
        running_geartrain("--store", f"sqlite://{path}") as server,
        Admin(server.address) as admin,
    ):
        handles = [row.handle for row in (*admin.jobs(), *admin.dead_list())]
        rows = [row for handle in handles for row in admin.job(handle)]
        return rows, admin.command("show schedules")


def damage(path: Path) -> None:
    """Change a byte of one job's row behind the store's back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        changed = connection.execute(
            "UPDATE jobs SET workload = X'00' WHERE number = 1"
        )
        assert changed.rowcount == 1


def export(path: Path, target: Path) -> tuple[int, str]:
    """Export a file to another; return the status and stderr."""
    with target.open("wb") as out:
        done = subprocess.run(
            [*geartrain_command("geartrain"), "store", "export", str(path)],
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    return done.returncode, done.stderr


def import_lines(path: Path, source: bytes) -> tuple[int, str, str]:
    """Import lines into a file; return the status, stdout and stderr."""
    done = subprocess.run(
        [*geartrain_command("geartrain"), "store", "import", str(path)],
        input=source,
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize("form", ["{}", "sqlite://{}"])
def test_a_sound_file_is_counted(file: Path, form: str) -> None:
    done = run("geartrain", "store", "check", form.format(file))
    assert done == (0, SUMMARY.format(file, 0), "")


def test_the_path_of_a_server_that_is_told_none_is_the_default(file: Path) -> None:
    folder = file.parent
    file.rename(folder / "jobs.db")
    done = run("geartrain", "store", "check", STATE_DIRECTORY=str(folder))
    assert done == (0, SUMMARY.format(folder / "jobs.db", 0), "")


def test_damage_is_found_and_named(file: Path) -> None:
    damage(file)
    status, out, err = run("geartrain", "store", "check", str(file))
    assert status == 1
    assert out.endswith(" 1 problems\n")
    assert err.startswith("geartrain store check: ")
    assert err.count("\n") == 1
    status, out, err = run("geartrain", "store", "check", str(file), "--json")
    assert (status, err) == (1, "")
    report = json.loads(out)
    assert (report["path"], report["dead"], report["schedules"]) == (str(file), 2, 1)
    (problem,) = report["problems"]
    assert "1" in problem


def test_free_space_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    with running_geartrain("--store", f"sqlite://{path}") as server:
        handles = submit_many(server, b"f", (b"x" * 2000 for _ in range(2000)))
        with Admin(server.address) as admin:
            for handle in handles[:-1]:
                admin.cancel(handle)
    before = path.stat().st_size
    status, out, err = run("geartrain", "store", "compact", str(path))
    after = path.stat().st_size
    assert (status, err) == (0, "")
    assert out == f"{path}: {before} bytes before, {after} bytes after\n"
    assert after < before / 10
    status, out, _ = run("geartrain", "store", "compact", str(path), "--json")
    assert (status, json.loads(out)["before"]) == (0, after)
    assert [row.handle for row in contents(path)[0]] == handles[-1:]


def test_an_export_is_imported_as_it_was(file: Path, tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    status, err = export(file, lines)
    assert (status, err) == (0, "geartrain store export: 6 written, 0 unreadable\n")
    objects = [json.loads(line) for line in lines.read_text().splitlines()]
    assert len(objects) == 6
    copy = tmp_path / "copy.db"
    assert import_lines(copy, lines.read_bytes()) == (0, "6 imported\n", "")
    rows, schedules = contents(copy)
    assert (rows, schedules) == contents(file)
    assert len(rows) == 5
    assert len(schedules) == 1


def test_what_can_be_read_of_a_damaged_file_is_exported(
    file: Path, tmp_path: Path
) -> None:
    damage(file)
    lines = tmp_path / "lines"
    status, err = export(file, lines)
    assert (status, err) == (1, "geartrain store export: 5 written, 1 unreadable\n")
    copy = tmp_path / "copy.db"
    assert import_lines(copy, lines.read_bytes())[:2] == (0, "5 imported\n")
    assert len(contents(copy)[0]) == 4


@pytest.mark.parametrize("line", [b"{", b"[]", b"{}", b'{"handle": 7}', b"\xff"])
def test_lines_that_no_export_wrote_are_refused(tmp_path: Path, line: bytes) -> None:
    status, out, err = import_lines(tmp_path / "copy.db", line + b"\n")
    assert status == 1
    assert out == ""
    assert err.startswith("geartrain: ")
    assert err.count("\n") == 1
    assert "line 1" in err


@pytest.mark.parametrize("command", ["check", "compact", "export", "import"])
def test_a_file_in_use_is_left_alone(tmp_path: Path, command: str) -> None:
    path = tmp_path / "queue.db"
    with running_geartrain("--store", f"sqlite://{path}") as server:
        submit(server, b"f")
        found = complaint(1, run("geartrain", "store", command, str(path)))
        assert "in use" in found
        assert str(path) in found


@pytest.mark.parametrize("command", ["check", "compact", "export"])
def test_a_missing_file_is_named_and_not_made(tmp_path: Path, command: str) -> None:
    path = tmp_path / "none.db"
    found = complaint(1, run("geartrain", "store", command, str(path)))
    assert str(path) in found
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["check", "compact", "export", "import"])
def test_a_file_of_something_else_is_named(tmp_path: Path, command: str) -> None:
    path = tmp_path / "text"
    path.write_text("no database, only words " * 200)
    found = complaint(1, run("geartrain", "store", command, str(path)))
    assert str(path) in found
    assert path.read_text() == "no database, only words " * 200


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("memory:", "memory: keeps nothing in a file: name a file"),
        ("sqlite://relative", "'sqlite://relative' is no store: use sqlite:///full"),
        ("mysql://me:pw@host/db", "mysql://me:…@host/db is no file: use the tools of"),
        ("", "'' is no store: use sqlite:///full/path"),
        ("jobs/", "/jobs/ is a folder: name a file in it"),
    ],
)
def test_what_names_no_file_is_explained(path: str, words: str) -> None:
    assert words in complaint(2, run("geartrain", "store", "check", path))


def test_help_is_shown_without_a_command() -> None:
    status, out, err = run("geartrain", "store")
    assert (status, err) == (0, "")
    assert "compact" in out


def test_a_running_server_is_asked_how_its_store_is(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    with running_geartrain("--store", str(path)) as server:
        asked = ("geartrain", "store", "status", "--server", server.address)
        status, out, err = run(*asked)
        assert (status, err) == (0, "")
        assert out.startswith(f"sqlite://{path}, ok, ")
        assert out.endswith(" bytes free\n")
        path.rename(tmp_path / "away")
        wait_until(lambda: run(*asked)[0] == 1, "the file is missed")
        (line,) = run(*asked, "--json")[1].splitlines()
        row = json.loads(line)
        assert (row["state"], row["unsaved"]) == ("refusing", 0)
        assert "has gone" in row["reason"]
        (tmp_path / "away").rename(path)
        wait_until(lambda: run(*asked)[0] == 0, "the file is seen again")


def test_a_server_that_keeps_jobs_in_memory_is_well() -> None:
    with running_geartrain() as server:
        said = run("geartrain", "store", "status", "--server", server.address)
    assert said == (0, "memory:, ok\n", "")
