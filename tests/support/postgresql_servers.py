"""Real PostgreSQL servers, with what they keep in folders of their own."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from tests.support.databases import account, kill_with_children, program, start
from tests.support.servers import free_port, stop
from tests.support.waiting import wait_until

__all__ = ["PostgresqlServer", "running_standby"]

_PROGRAMS = "postgresql/*/bin"


class PostgresqlServer:
    """A server that can be killed and started again with what it has kept."""

    def __init__(self, *settings: str) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="geartrain-test-"))
        owner = account()
        shutil.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self.data = self.folder / "data"
        server = program("postgres", "postgresql", _PROGRAMS)
        self._command = [server, "-D", str(self.data), "-p", str(self.port)]
        self._command += ["-h", "127.0.0.1", "-k", str(self.folder)]
        for setting in ("shared_buffers=64MB", *settings):
            self._command += ["-c", setting]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        if not self.data.exists():
            initdb = program("initdb", "postgresql", _PROGRAMS)
            command = [initdb, "-D", str(self.data), "-U", "jobs", "-A", "trust"]
            made = start([*command, "--no-sync", "-E", "UTF8"], self.folder)
            assert made.wait(60) == 0, (self.folder / "log").read_text()
        self._process = start(self._command, self.folder)
        wait_until(self._answers)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()
        with suppress(psycopg.OperationalError):
            self.ask("SELECT 1")
            return True
        return False

    def ask(self, text: str, *values: object) -> list[tuple[object, ...]]:
        """Carry out a statement on a connection of its own; return its rows."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            done = connection.execute(text.encode(), values)
            return done.fetchall() if done.description else []

    def url(self, options: str = "") -> str:
        """Return the URL of a store in it."""
        return f"postgresql://jobs@127.0.0.1:{self.port}/postgres{options}"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The server's process, once it was started."""
        assert self._process is not None
        return self._process

    def kill(self) -> None:
        """Kill it, and all of its processes, with no chance to write anything."""
        assert self._process is not None
        kill_with_children(self._process.pid)
        self._process.wait()

    def stop(self) -> None:
        """Stop it, and forget what it has kept."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            stop(self._process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def empty(self) -> None:
        """Have it forget what was kept, but not the tables."""
        tables = self.ask(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'geartrain'"
            " AND tablename NOT IN ('version', 'common')"
        )
        for (name,) in tables:
            self.ask(f"DELETE FROM geartrain.{name}")


@contextmanager
def running_standby(primary: PostgresqlServer) -> Iterator[PostgresqlServer]:
    """Run a standby whose primary waits for it with each commit."""
    standby = PostgresqlServer()
    copy = program("pg_basebackup", "postgresql", _PROGRAMS)
    command = [copy, "-D", str(standby.data), "-R", "-X", "stream", "-c", "fast"]
    source = f"host=127.0.0.1 port={primary.port} user=jobs application_name=standby"
    made = start([*command, "--no-sync", "-d", source], standby.folder)
    assert made.wait(60) == 0, (standby.folder / "log").read_text()
    standby.start()
    try:
        primary.ask("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        primary.ask("SELECT pg_reload_conf()")
        count = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        wait_until(lambda: primary.ask(count) == [(1,)])
        yield standby
    finally:
        standby.stop()
