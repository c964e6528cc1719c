"""Real Redis servers, with what they keep in folders of their own."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis

from tests.support.databases import account, program, start
from tests.support.servers import free_port, stop, wait_until_listening
from tests.support.suspending import suspend
from tests.support.waiting import PATIENCE, wait_until

__all__ = ["DURABLE", "RedisServer", "running_redis_server"]

DURABLE = ("--appendonly", "yes", "--appendfsync", "always")


class RedisServer:
    """A server that can be killed and started again with what it has kept."""

    def __init__(self, *flags: str) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="geartrain-test-"))
        owner = account()
        shutil.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self._command = [program("redis-server", "redis-server"), "--port"]
        self._command += [str(self.port), "--bind", "127.0.0.1", "--save", "", *flags]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *flags: str) -> None:
        """Start it, with more flags, and wait until it has read its data."""
        self._process = start([*self._command, *flags], self.folder)
        wait_until_listening(self._process, self.port, self.folder / "log")
        wait_until(self._answers)

    def _answers(self) -> bool:
        try:
            self.ask("PING")
        except redis.exceptions.BusyLoadingError:
            return False
        except redis.exceptions.AuthenticationError:
            return True
        return True

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
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Stop it and remove what it has kept."""
        if self._process is not None and self._process.poll() is None:
            self.go_on()
            stop(self._process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, *words: str | bytes) -> object:
        """Return the answer to a command."""
        with redis.Redis(port=self.port, socket_timeout=PATIENCE) as client:
            return client.execute_command(*words)

    def empty(self) -> None:
        """Forget everything."""
        with suppress(redis.RedisError):
            self.ask("FLUSHALL")

    def url(self, options: str = "") -> str:
        """Return the name of a store in it."""
        return f"redis://127.0.0.1:{self.port}{options}"


@contextmanager
def running_redis_server(*flags: str) -> Iterator[RedisServer]:
    server = RedisServer(*flags)
    try:
        server.start()
        yield server
    finally:
        server.stop()
