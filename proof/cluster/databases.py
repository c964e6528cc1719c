"""A PostgreSQL primary and its synchronous standby, on hosts of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import psycopg

from proof.cluster.network import Network
from tests.support.databases import account, kill_with_children, program
from tests.support.waiting import wait_until

__all__ = ["Pair"]

_PORT = 5432
_PROGRAMS = "postgresql/*/bin"
_SETTINGS = (
    *("listen_addresses=*", "shared_buffers=64MB", "max_connections=60"),
    *("synchronous_commit=on", "wal_level=replica", "hot_standby=on"),
)


class Pair:
    """Two database servers, of which one at a time takes writes.

    Attributes:
        primary: the host of that one.
        standby: the host of the other one.
    """

    def __init__(self, network: Network, folder: Path) -> None:
        self.primary, self.standby = "db1", "db2"
        self._network = network
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def addresses(self) -> list[str]:
        """Return where both are reached."""
        return [f"{self._network.addresses[each]}:{_PORT}" for each in ("db1", "db2")]

    def url(self, addresses: list[str]) -> str:
        """Return the URL of the store: whichever of both takes writes."""
        hosts = ",".join(addresses)
        options = "target_session_attrs=read-write&connect_timeout=3"
        return f"postgresql://jobs@{hosts}/postgres?{options}"

    def start(self) -> None:
        """Make both, and start them."""
        data = self._make()
        (data / "postgresql.auto.conf").write_text("synchronous_standby_names = '*'\n")
        self._begin(self.primary)
        self._copy()
        self._begin(self.standby)
        self._wait_synchronous()

    def _wait_synchronous(self) -> None:
        """Return once a commit of the primary waits for the standby."""
        text = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
        wait_until(lambda: bool(self.ask(text)), timeout=30)

    def _make(self) -> Path:
        data = self._data(self.primary)
        owner = account()
        os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        initdb = program("initdb", "postgresql", _PROGRAMS)
        self._finish(
            [initdb, "-D", str(data), "-U", "jobs", "-A", "trust", "-E", "UTF8"]
        )
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.99.7.0/24 trust\n")
            rules.write("host replication all 10.99.7.0/24 trust\n")
        return data

    def _copy(self) -> None:
        """Make the standby from the primary, once nothing waits for it."""
        copier = program("pg_basebackup", "postgresql", _PROGRAMS)
        data = self._data(self.standby)
        shutil.rmtree(data, ignore_errors=True)
        source = f"host={self._network.addresses[self.primary]} user=jobs"
        command = [copier, "-D", str(data), "-R", "-X", "stream", "-c", "fast"]
        command += ["-d", source]
        self._finish(self._network.command(self.standby, _as_account(command)))

    def _begin(self, host: str) -> None:
        server = program("postgres", "postgresql", _PROGRAMS)
        command = [server, "-D", str(self._data(host)), "-p", str(_PORT)]
        command += ["-k", ""]
        for setting in _SETTINGS:
            command += ["-c", setting]
        with (self._folder / f"{host}.log").open("ab") as log:
            self._processes[host] = subprocess.Popen(
                self._network.command(host, _as_account(command)),
                stdout=log,
                stderr=log,
            )
        wait_until(lambda: self._answers(host), timeout=60)

    def _answers(self, host: str) -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(self._direct(host)).close()
            return True
        return False

    def ask(self, text: str) -> list[tuple[object, ...]]:
        """Ask the primary."""
        with psycopg.connect(self._direct(self.primary), autocommit=True) as asked:
            done = asked.execute(text.encode())
            return done.fetchall() if done.description else []

    def restart(self) -> None:
        """Kill the primary with all of its processes, and start it again."""
        self._kill(self.primary)
        self._begin(self.primary)

    def fail_over(self) -> None:
        """Have the standby take writes, and the former primary follow it.

        The primary is killed first: two that take writes are more than any program
        could bear, and what operators' tools are there to prevent.
        """
        self._kill(self.primary)
        self.primary, self.standby = self.standby, self.primary
        with psycopg.connect(self._direct(self.primary), autocommit=True) as asked:
            asked.execute("ALTER SYSTEM RESET synchronous_standby_names")
            asked.execute("SELECT pg_promote(true, 30)")
            asked.execute("SELECT pg_reload_conf()")
        self._copy()
        self._begin(self.standby)
        with psycopg.connect(self._direct(self.primary), autocommit=True) as asked:
            asked.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            asked.execute("SELECT pg_reload_conf()")
        self._wait_synchronous()

    def stop(self) -> None:
        """End both."""
        for host in self._processes:
            with suppress(FileNotFoundError):
                self._kill(host)

    def _kill(self, host: str) -> None:
        (pid, *_) = (self._data(host) / "postmaster.pid").read_text().split()
        with suppress(ProcessLookupError):
            kill_with_children(int(pid))
        self._processes[host].wait()
        (self._data(host) / "postmaster.pid").unlink(missing_ok=True)

    def _direct(self, host: str) -> str:
        return f"postgresql://jobs@{self._network.addresses[host]}:{_PORT}/postgres"

    def _data(self, host: str) -> Path:
        return self._folder / host

    def _finish(self, command: list[str]) -> None:
        done = subprocess.run(
            command if command[0] == "ip" else _as_account(command),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


def _as_account(command: list[str]) -> list[str]:
    """Return a command that runs another as who database servers run as."""
    owner = account()
    identity = [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    return ["setpriv", *identity, *command]
