"""Real MariaDB servers, with what they keep in folders of their own."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pymysql
from pymysql.constants import CLIENT

from tests.support.databases import account, program, start
from tests.support.servers import free_port, stop, wait_until_listening
from tests.support.suspending import suspend

__all__ = ["MariadbServer", "running_mariadb_server"]

# Without tables of users and privileges a server is there in a second; who connects may
# do anything.
_FLAGS = (
    "--no-defaults",
    "--skip-grant-tables",
    "--bind-address=127.0.0.1",
    "--innodb-log-file-size=16M",
    "--innodb-buffer-pool-size=32M",
    "--aria-log-file-size=8M",
    "--innodb-flush-log-at-trx-commit=1",
)


class MariadbServer:
    """A server that can be killed and started again with what it has kept."""

    def __init__(self, *flags: str) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="geartrain-test-"))
        self.give(self.folder)
        data = self.folder / "data"
        data.mkdir()
        self.give(data)
        self.socket = self.folder / "socket"
        self._command = [program("mariadbd", "mariadb-server"), *_FLAGS]
        self._command += [f"--datadir={data}", f"--socket={self.socket}"]
        self._command += [f"--port={self.port}", *flags]
        self._process: subprocess.Popen[bytes] | None = None

    def give(self, path: Path) -> None:
        """Let a file or folder be the server's."""
        owner = account()
        shutil.chown(path, owner.pw_uid, owner.pw_gid)

    def start(self, *flags: str) -> None:
        """Start it and wait until it has recovered what it keeps."""
        self._process = start([*self._command, *flags], self.folder)
        wait_until_listening(self._process, self.port, self.folder / "log")
        self.ask("CREATE DATABASE IF NOT EXISTS jobs", database="")

    def restart(self) -> None:
        """Stop it in order and start it.

        A new server that was never stopped in order does not survive a kill: it has
        not written its own files yet.
        """
        self.stop_process()
        self.start()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The server's process, once it was started."""
        assert self._process is not None
        return self._process

    def kill(self) -> None:
        """Kill it with no chance to write anything."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def pause(self) -> None:
        """Let it answer nobody until ``go_on``."""
        assert self._process is not None
        suspend(self._process)

    def go_on(self) -> None:
        """Let it answer again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Stop it and remove what it has kept."""
        self.stop_process()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop_process(self) -> None:
        """Stop it in order; it can be started again."""
        if self._process is not None and self._process.poll() is None:
            self.go_on()
            stop(self._process)

    def ask(self, *statements: str, database: str = "jobs") -> Sequence[Any]:
        """Run statements; return the rows of the last one."""
        with (
            closing(self._connect(database)) as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def _connect(self, database: str) -> Any:
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user="root",
            database=database or None,
            autocommit=True,
            client_flag=CLIENT.MULTI_STATEMENTS,
        )

    def empty(self) -> None:
        """Forget what stores keep, and end their connections."""
        with (
            closing(self._connect("jobs")) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "SELECT id FROM information_schema.processlist"
                " WHERE db = 'jobs' AND id <> CONNECTION_ID()"
            )
            texts = [f"KILL CONNECTION {number}" for (number,) in cursor.fetchall()]
            cursor.execute("SHOW TABLES")
            tables = [name for (name,) in cursor.fetchall()]
            texts.append("BEGIN")
            for name in tables:
                if name.endswith("_store"):
                    again = "reserved = 0, steady = 0, calendar = 0"
                    texts.append(f"UPDATE {name} SET {again}")
                else:
                    texts.append(f"DELETE FROM {name}")
            cursor.execute(";".join([*texts, "COMMIT"]))
            while cursor.nextset():
                pass

    def url(self, options: str = "") -> str:
        """Return the name of a store in it."""
        return f"mysql://root@127.0.0.1:{self.port}/jobs{options}"


@contextmanager
def running_mariadb_server(*flags: str) -> Iterator[MariadbServer]:
    """Run a server for the length of the block."""
    server = MariadbServer(*flags)
    try:
        server.start()
        yield server
    finally:
        server.stop()
