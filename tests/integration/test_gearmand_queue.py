"""The drop-in with a queue in a file: what it keeps, and what it leaves alone."""

from __future__ import annotations

import os
import pwd
import shlex
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.support.daemons import Daemon, daemon, is_gone
from tests.support.gearmand_queues import (
    SUBMISSIONS,
    expected,
    gearmand_writes,
    grab_all,
)
from tests.support.jobs import do_job, submit_job
from tests.support.programs import accepts, folder_of, run
from tests.support.servers import (
    free_port,
    geartrain_command,
    run_server,
)
from tests.support.waiting import wait_until

pytestmark = pytest.mark.interop


def queue(path: Path) -> list[str]:
    """Return the flags that every how-to of the original gives."""
    return ["-q", "libsqlite3", "--libsqlite3-db", str(path)]


def kill(server: Daemon) -> None:
    pid = server.pid()
    server.kill(signal.SIGKILL)
    wait_until(lambda: is_gone(pid), "it is dead")


def test_a_queue_in_a_file_survives_kill_9(tmp_path: Path) -> None:
    flags = queue(tmp_path / "queue.db")
    with daemon(tmp_path, *flags) as server:
        handle = submit_job(server.port, b"kept")
        kill(server)
    with daemon(tmp_path, *flags) as server:
        assert do_job(server.port) == (handle, b"kept")
        assert server.log.read_text().count("ERROR") == 0


def test_a_queue_stored_on_shutdown_survives_sigterm(tmp_path: Path) -> None:
    flags = [*queue(tmp_path / "queue.db"), "--store-queue-on-shutdown"]
    with daemon(tmp_path, *flags) as server:
        handle = submit_job(server.port, b"kept")
        server.kill(signal.SIGTERM)
        server.wait_gone()
    with daemon(tmp_path, *flags) as server:
        assert do_job(server.port) == (handle, b"kept")


def test_the_configuration_file_names_the_queue(tmp_path: Path) -> None:
    config = tmp_path / "gearmand.conf"
    config.write_text(f"--queue-type=libsqlite3\n--libsqlite3-db={tmp_path}/queue.db\n")
    with daemon(tmp_path, "--config-file", str(config)) as server:
        handle = submit_job(server.port, b"kept")
        kill(server)
    with daemon(tmp_path, "--config-file", str(config)) as server:
        assert do_job(server.port) == (handle, b"kept")


def test_the_queue_is_the_users_own() -> None:
    if os.geteuid() != 0:
        return
    uid = pwd.getpwnam("nobody").pw_uid
    with folder_of("root") as parent, folder_of("nobody") as folder:
        path = parent / "queues" / "queue.db"
        flags = [*queue(path), "-u", "nobody"]
        with daemon(folder, *flags) as server:
            handle = submit_job(server.port, b"kept")
            kill(server)
        assert path.stat().st_uid == path.parent.stat().st_uid == uid
        with daemon(folder, *flags) as server:
            assert do_job(server.port) == (handle, b"kept")


def test_a_queue_of_another_server_is_refused_by_the_flags_name(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    with daemon(tmp_path, *queue(path)) as server:
        handle = submit_job(server.port, b"kept")
        flags = ["-p", str(free_port()), "-l", "none", "-P", str(tmp_path / "other")]
        status, out, err = run("gearmand", *flags, *queue(path))
        assert (status, out) == (1, "")
        assert f"the store {path} is in use by another job server" in err
        assert err.endswith("; --libsqlite3-db names another\n")
        assert do_job(server.port) == (handle, b"kept")


def test_a_queue_that_is_freed_in_time_is_taken(tmp_path: Path) -> None:
    flags = queue(tmp_path / "queue.db")
    port = free_port()
    with daemon(tmp_path, *flags) as first:
        handle = submit_job(first.port, b"kept")
        others = ["-p", str(port), "-l", "stderr", "-P", str(tmp_path / "second")]
        command = [*geartrain_command("gearmand"), *others, *flags]
        with (tmp_path / "stderr").open("w") as errors:
            second = subprocess.Popen(command, stderr=errors)
        try:
            # Long enough to find the queue in use, and shorter than its patience.
            time.sleep(1)
            assert second.poll() is None, (tmp_path / "stderr").read_text()
            kill(first)
            wait_until(lambda: accepts(port), "the second listens")
            assert do_job(port) == (handle, b"kept")
        finally:
            second.kill()
            second.wait()


def test_a_queue_of_the_original_is_imported_as_the_refusal_says(
    tmp_path: Path,
) -> None:
    path = tmp_path / "queue.db"
    gearmand_writes(*queue(path))
    before = path.read_bytes()
    server = Daemon(tmp_path)
    status, out, err = run("gearmand", *server.flags, *queue(path))
    assert (status, out) == (1, "")
    assert err.startswith(f"gearmand: {path} is the queue of the original gearmand")
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["queue.db"]

    path.rename(f"{path}.old")
    program, *words = shlex.split(err.rpartition(": ")[2])
    port = free_port()
    others = ["-p", str(port), "-l", "stderr", "-P", str(tmp_path / "pid")]
    command = [*geartrain_command("gearmand"), *others]
    with run_server([*command, *queue(path)], port) as running:
        total = len(SUBMISSIONS)
        status, out, _ = run(program, *words, "--server", running.address)
        assert (status, out.split()[0]) == (0, f"{total}")
        assert Counter(grab_all(running)) == expected()


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    gearmand_writes(*queue(path), "--libsqlite3-table", "ours")
    before = path.read_bytes()
    server = Daemon(tmp_path)
    status, _, err = run("gearmand", *server.flags, *queue(path))
    assert status == 1
    assert err == (
        f"gearmand: the store {path} is the database of another program;"
        " --libsqlite3-db names another\n"
    )
    assert path.read_bytes() == before
