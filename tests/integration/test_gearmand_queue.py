"""The drop-in with a queue in a file: what it keeps, and what it leaves alone."""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest

from geartrain.admin import Admin
from tests.support.daemons import Daemon, daemon, is_gone
from tests.support.databases import (
    Database,
    mariadb,
    memcached,
    postgresql,
    redis,
)
from tests.support.gearmand_queues import (
    SUBMISSIONS,
    gearmand_writes,
    grab_all,
    priorities,
)
from tests.support.jobs import do_job, submit_job
from tests.support.programs import accepts, folder_of, run
from tests.support.redis_servers import DURABLE
from tests.support.servers import (
    RunningServer,
    free_port,
    geartrain_command,
    run_server,
    running_gearmand,
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


@contextmanager
def drop_in(folder: Path, *flags: str) -> Iterator[RunningServer]:
    """Run the drop-in in the foreground."""
    port = free_port()
    others = ["-p", str(port), "-l", "stderr", "-P", str(folder / "pid")]
    # The tests' PostgreSQL runs without fsync.
    others += ["--verbose", "INFO", "--durability", "os", *flags]
    with run_server([*geartrain_command("gearmand"), *others], port) as server:
        yield server


DATABASES: dict[str, Callable[[], AbstractContextManager[Database]]] = {
    "MySQL": mariadb,
    "Postgres": postgresql,
}


@pytest.fixture(params=["libsqlite3", *DATABASES], scope="module")
def flags(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[str]]:
    """Return the flags of a queue in which the original has left jobs."""
    if request.param == "libsqlite3":
        yield queue(tmp_path_factory.mktemp("queue") / "queue.db")
        return
    with DATABASES[request.param]() as database:
        yield [*database.flags]


def test_a_queue_of_the_original_is_taken_over_once(
    flags: list[str], tmp_path: Path
) -> None:
    gearmand_writes(*flags, later=[(b"later", b"due in 2033")])
    with drop_in(tmp_path, *flags) as server:
        log = server.log.read_text()
        total = len(SUBMISSIONS) + 1
        assert f"{total} jobs of gearmand's queue taken over, 0 left there" in log
        assert priorities(server, b"resize") == (1, 6, 1)
        server.process.kill()
    with drop_in(tmp_path, *flags) as server:
        assert "taken over" not in server.log.read_text()
        kept = Counter(
            (function, unique, workload)
            for _, function, unique, workload in SUBMISSIONS
        )
        assert Counter(grab_all(server)) == kept
        handle = submit_job(server.port, b"kept")
    with drop_in(tmp_path, *flags) as server:
        assert do_job(server.port) == (handle, b"kept")


KEYED: dict[str, tuple[Callable[[], AbstractContextManager[Database]], str]] = {
    "redis": (partial(redis, *DURABLE), "disk"),
    "libmemcached": (memcached, "memory"),
}


@pytest.mark.parametrize("name", KEYED)
def test_keys_of_the_original_are_taken_over_once(name: str, tmp_path: Path) -> None:
    make, durability = KEYED[name]
    # The key of a unique that is a dash could be split in two ways.
    clear = [each for each in SUBMISSIONS if each[2] != b"-"]
    with make() as database:
        flags = [*database.flags, "--durability", durability]
        gearmand_writes(*database.flags)
        with drop_in(tmp_path, *flags) as server:
            log = server.log.read_text()
            assert f"{len(clear)} jobs of gearmand's queue taken over, 1 left" in log
            assert "resize--' is left there: it has several dashes" in log
            assert priorities(server, b"resize") == (1, 4, 1)
            handle = submit_job(server.port, b"kept")
            wait_until(lambda: not _waits_for_store(server), "the store has it")
            server.process.kill()
        with drop_in(tmp_path, *flags) as server:
            assert do_job(server.port) == (handle, b"kept")
            kept = Counter(
                (function, unique, workload) for _, function, unique, workload in clear
            )
            assert Counter(grab_all(server)) == kept


def _waits_for_store(server: RunningServer) -> bool:
    """Tell whether something is not yet in the store."""
    with Admin(server.address) as admin:
        return any(json.loads(line)["unkept"] for line in admin.command("store"))


def test_an_original_that_still_runs_keeps_its_queue(
    flags: list[str], tmp_path: Path
) -> None:
    with running_gearmand(*flags) as original:
        submit_job(original.port, b"its own")
        port = ["-p", str(original.port), "-L", "127.0.0.1"]
        status, _, err = run(
            "gearmand", *port, "-l", "none", "-P", str(tmp_path / "pid"), *flags
        )
        assert status == 1
        assert "Address already in use" in err
        assert do_job(original.port)[1] == b"its own"


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
