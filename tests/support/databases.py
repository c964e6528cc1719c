"""Real database servers on free ports, with their data in folders of their own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pymysql

from tests.support.servers import free_port, stop, wait_until_listening
from tests.support.waiting import wait_until

__all__ = [
    "Database",
    "account",
    "kill_with_children",
    "mariadb",
    "memcached",
    "postgresql",
    "program",
    "redis",
    "start",
]

PASSWORD = "s3cret word"


@dataclass(frozen=True, kw_only=True)
class Database:
    """A running server.

    Attributes:
        port: its port on 127.0.0.1.
        url: what ``geartrain import`` takes.
        flags: what gearmand takes to keep its jobs there.
    """

    port: int
    url: str
    flags: tuple[str, ...]


def program(name: str, package: str, folder: str = "") -> str:
    """Return a program's path, or fail with what to install."""
    found = sorted(Path("/usr/lib").glob(folder)) if folder else []
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin", *map(str, found)])
    program = shutil.which(name, path=path)
    assert program, f"{name} is missing: apt-get install {package}"
    return program


def account() -> pwd.struct_passwd:
    """Return who database servers run as: not root."""
    return pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="geartrain-test-") as name:
        owner = account()
        os.chown(name, owner.pw_uid, owner.pw_gid)
        yield Path(name)


def start(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a server in a folder, where its log is."""
    owner = account()
    root = os.getuid() == 0
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=owner.pw_uid if root else None,
            group=owner.pw_gid if root else None,
            extra_groups=[] if root else None,
        )


def kill_with_children(server: int) -> None:
    """Kill a server with all of its processes; return once its children are gone.

    Until then they hold the memory that they share, and PostgreSQL does not start.
    """
    # It makes no more of them.
    os.kill(server, signal.SIGSTOP)
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(server)],
        capture_output=True,
        text=True,
        check=False,
    )
    children = [int(each) for each in listed.stdout.split()]
    for each in (server, *children):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    wait_until(lambda: not any(_is_alive(each) for each in children))


def _is_alive(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text("ascii", "replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def _run(command: list[str], folder: Path) -> None:
    """Run a command that makes a server's files."""
    process = start(command, folder)
    assert process.wait(60) == 0, (folder / "log").read_text()


@contextmanager
def _running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    process = start(command, folder)
    try:
        wait_until_listening(process, port, folder / "log")
        yield
    finally:
        stop(process)


@contextmanager
def mariadb() -> Iterator[Database]:
    """Run MariaDB with the database ``jobs`` of the user ``gearman``."""
    install = program("mariadb-install-db", "mariadb-server")
    server = program("mariadbd", "mariadb-server")
    port = free_port()
    with _folder() as folder:
        data = folder / "data"
        common = ["--no-defaults", f"--datadir={data}"]
        method = "--auth-root-authentication-method=normal"
        _run([install, *common, method, "--skip-test-db"], folder)
        flags = [f"--port={port}", "--bind-address=127.0.0.1", "--skip-log-bin"]
        flags += ["--innodb-flush-log-at-trx-commit=1"]
        socket = f"--socket={folder}/socket"
        with _running([server, *common, *flags, socket], port, folder):
            with (
                pymysql.connect(host="127.0.0.1", port=port, user="root") as root,
                root.cursor() as cursor,
            ):
                cursor.execute("CREATE DATABASE jobs")
                cursor.execute(
                    "CREATE USER gearman@localhost IDENTIFIED BY %s", (PASSWORD,)
                )
                cursor.execute("GRANT ALL ON jobs.* TO gearman@localhost")
            yield Database(
                port=port,
                url=f"mysql://gearman:s3cret%20word@127.0.0.1:{port}/jobs",
                flags=(
                    *("-q", "MySQL", "--mysql-host", "127.0.0.1"),
                    *("--mysql-port", str(port), "--mysql-user", "gearman"),
                    *("--mysql-password", PASSWORD, "--mysql-db", "jobs"),
                ),
            )


@contextmanager
def postgresql() -> Iterator[Database]:
    """Run PostgreSQL with the database ``jobs`` of the user ``gearman``."""
    where = "postgresql/*/bin"
    initdb = program("initdb", "postgresql", where)
    server = program("postgres", "postgresql", where)
    port = free_port()
    with _folder() as folder:
        data = str(folder / "data")
        _run([initdb, "-D", data, "-U", "root", "-A", "trust", "--no-sync"], folder)
        command = [server, "-D", data, "-p", str(port), "-h", "127.0.0.1"]
        command += ["-c", "fsync=off", "-k", str(folder)]
        with _running(command, port, folder):
            root = f"postgresql://root@127.0.0.1:{port}/postgres"
            wait_until(lambda: _takes_connections(root))
            with psycopg.connect(root, autocommit=True) as connection:
                connection.execute("CREATE USER gearman PASSWORD 's3cret word'")
                connection.execute("CREATE DATABASE jobs OWNER gearman")
            yield Database(
                port=port,
                url=f"postgresql://gearman:s3cret%20word@127.0.0.1:{port}/jobs",
                flags=(
                    *("-q", "Postgres", "--libpq-conninfo"),
                    f"host=127.0.0.1 port={port} dbname=jobs user=gearman",
                ),
            )


def _takes_connections(url: str) -> bool:
    """Tell whether PostgreSQL has started; it listens before."""
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def redis(*flags: str) -> Iterator[Database]:
    """Run Redis without a password."""
    server = program("redis-server", "redis-server")
    port = free_port()
    with _folder() as folder:
        command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        command += flags
        with _running(command, port, folder):
            yield Database(
                port=port,
                url=f"redis://127.0.0.1:{port}",
                flags=(
                    *("-q", "redis", "--redis-server", "127.0.0.1"),
                    *("--redis-port", str(port)),
                ),
            )


@contextmanager
def memcached() -> Iterator[Database]:
    """Run memcached."""
    server = program("memcached", "memcached")
    port = free_port()
    with _folder() as folder:
        command = [server, "-l", "127.0.0.1", "-p", str(port), "-U", "0"]
        with _running(command, port, folder):
            yield Database(
                port=port,
                url=f"memcached://127.0.0.1:{port}",
                flags=(
                    *("-q", "libmemcached"),
                    *("--libmemcached-servers", f"127.0.0.1:{port}"),
                ),
            )
