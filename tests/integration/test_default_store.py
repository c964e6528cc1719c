"""``geartrain server`` with no store named: where its jobs are, and whose they are."""

from __future__ import annotations

import os
import pwd
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.jobs import do_job, submit_job
from tests.support.programs import folder_of, run, unprivileged_command
from tests.support.servers import (
    RunningServer,
    free_port,
    geartrain_command,
    run_server,
    stop,
)

IS_ROOT = os.geteuid() == 0
NOBODY = pwd.getpwnam("nobody")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name the folder that the server keeps its jobs in."""
    folder = tmp_path / "state"
    monkeypatch.setenv("STATE_DIRECTORY", str(folder))
    return folder


@contextmanager
def default_server(*flags: str) -> Iterator[RunningServer]:
    """Run ``geartrain server`` with no flag but its port."""
    port = free_port()
    command = [*geartrain_command("geartrain"), "server", "--port", str(port), *flags]
    with run_server(command, port) as server:
        yield server


@contextmanager
def users_server() -> Iterator[RunningServer]:
    """Run the same as a user without root's rights."""
    port = free_port()
    code = f"sys.argv[1:] = ['server', '--port', '{port}']; main()"
    with run_server(unprivileged_command(code), port) as server:
        yield server


def kill(server: RunningServer) -> None:
    server.process.kill()
    server.process.wait(10)


def test_jobs_survive_kill_9_with_no_flag_at_all(state: Path) -> None:
    with default_server() as server:
        handle = submit_job(server.port, b"kept")
        kill(server)
    assert (state / "jobs.db").stat().st_mode & 0o777 == 0o600
    assert state.stat().st_mode & 0o777 == 0o700
    with default_server() as server:
        assert do_job(server.port) == (handle, b"kept")


def test_the_log_says_where_jobs_are(state: Path) -> None:
    with default_server() as server:
        said = server.log.read_text()
    assert f" are kept in sqlite://{state}/jobs.db, durability disk\n" in said
    with default_server("--store", "memory:") as server:
        said = server.log.read_text()
    assert " are kept in memory: they are gone when the server stops\n" in said


def test_a_second_server_is_told_to_name_another_store(state: Path) -> None:
    with default_server() as server:
        handle = submit_job(server.port, b"kept")
        status, out, err = run("geartrain", "server", "--port", "0")
        assert (status, out) == (1, "")
        assert re.fullmatch(
            rf"geartrain: the store {state}/jobs\.db is in use by another job server:"
            r" stop that one \(.*\); --store names another\n",
            err,
        )
        with default_server("--store", f"sqlite://{state}/second.db") as second:
            assert submit_job(second.port, b"elsewhere") != b""
        assert do_job(server.port) == (handle, b"kept")


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("state", "STATE_DIRECTORY=state is no full path: correct it, or name a store"),
        ("/proc/no/such", "the store /proc/no/such/jobs.db cannot be made: No such"),
        ("/dev/null", "the store /dev/null/jobs.db cannot be made: Not a directory"),
    ],
)
def test_a_folder_that_cannot_be_had_is_one_line(
    folder: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", folder)
    status, out, err = run("geartrain", "server", "--port", "0")
    is_mistake = not folder.startswith("/")
    program = "geartrain server" if is_mistake else "geartrain"
    assert (status, out) == (2 if is_mistake else 1, "")
    assert err.startswith(f"{program}: {words}")
    assert "--store" in err
    assert err.count("\n") == 1


@contextmanager
def users_folder() -> Iterator[Path]:
    """Make a folder for a user without root's rights."""
    with folder_of("nobody" if IS_ROOT else pwd.getpwuid(os.getuid()).pw_name) as made:
        yield made


@pytest.mark.parametrize(
    ("variable", "below"), [("HOME", ".local/state"), ("XDG_STATE_HOME", "")]
)
def test_a_users_jobs_are_at_home_and_survive_kill_9(
    variable: str, below: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    with users_folder() as home:
        monkeypatch.setenv(variable, str(home))
        with users_server() as server:
            handle = submit_job(server.port, b"kept")
            kill(server)
        made = home / below / "geartrain" / "jobs.db"
        assert made.stat().st_uid == home.stat().st_uid
        assert made.parent.stat().st_mode & 0o777 == 0o700
        with users_server() as server:
            assert do_job(server.port) == (handle, b"kept")


@pytest.mark.parametrize(
    ("home", "words"),
    [
        ("home", "there is no home directory to keep jobs in: set HOME, or name a"),
        ("/proc", "cannot be made: "),
        ("/", "the store /.local/state/geartrain/jobs.db cannot be made: Permission"),
    ],
)
def test_a_home_that_cannot_be_written_is_one_line(
    home: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", home)
    ended = subprocess.run(
        unprivileged_command("sys.argv[1:] = ['server', '--port', '0']; main()"),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode in (1, 2)
    assert words in ended.stderr
    assert "--store" in ended.stderr
    assert ended.stderr.count("\n") == 1


def owners(folder: Path) -> dict[str, int]:
    """Return whose the folder and all in it are."""
    return {path.name: path.stat().st_uid for path in (folder, *folder.iterdir())}


def test_a_folder_made_for_user_is_that_users(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not IS_ROOT:
        return
    with folder_of("root") as parent:
        folder = parent / "state" / "geartrain"
        monkeypatch.setenv("STATE_DIRECTORY", str(folder))
        with default_server("--user", "nobody") as server:
            handle = submit_job(server.port, b"kept")
            assert set(owners(folder).values()) == {NOBODY.pw_uid}
            kill(server)
        assert set(owners(folder).values()) == {NOBODY.pw_uid}
        with default_server("--user", "nobody") as server:
            assert do_job(server.port) == (handle, b"kept")
            handle = submit_job(server.port, b"and kept")
        assert owners(folder) == dict.fromkeys(["geartrain", "jobs.db"], NOBODY.pw_uid)
        # That user needs root no more, and root by itself takes nothing from the user.
        with users_server() as server:
            assert do_job(server.port) == (handle, b"and kept")
            handle = submit_job(server.port, b"still kept")
        with default_server() as server:
            assert do_job(server.port) == (handle, b"still kept")
            handle = submit_job(server.port, b"kept to the end")
        assert set(owners(folder).values()) == {NOBODY.pw_uid}
        with users_server() as server:
            assert do_job(server.port) == (handle, b"kept to the end")


def test_roots_own_folder_serves_a_user_too(state: Path) -> None:
    if not IS_ROOT:
        return
    with default_server() as server:
        handle = submit_job(server.port, b"of root")
    with default_server("--user", "nobody") as server:
        assert do_job(server.port) == (handle, b"of root")
        handle = submit_job(server.port, b"of nobody")
        kill(server)
    for _ in range(2):
        with default_server("--user", "nobody") as server:
            assert do_job(server.port) == (handle, b"of nobody")
            handle = submit_job(server.port, b"of nobody")
            assert stop(server.process) == 0
            assert "Traceback" not in server.log.read_text()
    with default_server() as server:
        assert do_job(server.port) == (handle, b"of nobody")
    assert set(owners(state).values()) == {0}


def test_a_link_that_a_user_laid_does_not_make_files_of_roots(tmp_path: Path) -> None:
    if not IS_ROOT:
        return
    with folder_of("nobody") as folder:
        (folder / "jobs.db").symlink_to(tmp_path / "made")
        flags = ["--store", f"sqlite://{folder}/jobs.db", "--user", "nobody"]
        status, out, err = run("geartrain", "server", "--port", "0", *flags)
    assert (status, out) == (1, "")
    assert f"geartrain: the store {folder}/jobs.db cannot be made: Permission" in err
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("durability", ["memory", "os", "disk"])
def test_jobs_survive_a_stop_in_order_at_any_durability(
    durability: str, state: Path
) -> None:
    flags = ("--durability", durability)
    with default_server(*flags) as server:
        handle = submit_job(server.port, b"kept")
        assert stop(server.process) == 0
    with default_server(*flags) as server:
        assert do_job(server.port) == (handle, b"kept")
