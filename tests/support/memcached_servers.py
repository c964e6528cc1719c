"""Real memcached servers."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pymemcache.client.base import Client  # type: ignore[import-untyped]

from tests.support.databases import account, program, start
from tests.support.servers import free_port, stop, wait_until_listening
from tests.support.suspending import suspend

__all__ = ["MemcachedServer", "running_memcached_server"]


class MemcachedServer:
    """A server that can be killed and started again, with nothing in it."""

    def __init__(self, *flags: str) -> None:
        self.port = free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="geartrain-test-")
        command = [program("memcached", "memcached"), "-l", "127.0.0.1", "-U", "0"]
        self._command = [*command, "-p", str(self.port), "-u", account().pw_name]
        self._command += flags or ("-m", "1024")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        folder = Path(self._folder.name)
        folder.chmod(0o755)
        self._process = start(self._command, folder)
        wait_until_listening(self._process, self.port, folder / "log")

    def kill(self) -> None:
        """Kill it, with all that it has."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """Let it answer nobody until ``go_on``."""
        assert self._process is not None
        suspend(self._process)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None and self._process.poll() is None:
            self.go_on()
            stop(self._process)
        self._folder.cleanup()

    @contextmanager
    def client(self) -> Iterator[Any]:
        """Return a client of it."""
        made = Client(("127.0.0.1", self.port), default_noreply=False)
        with closing(made) as client:
            yield client

    def empty(self) -> None:
        """Forget everything."""
        with self.client() as client:
            client.flush_all()

    def url(self, options: str = "") -> str:
        """Return the name of a store in it."""
        return f"memcached://127.0.0.1:{self.port}{options}"


@contextmanager
def running_memcached_server(*flags: str) -> Iterator[MemcachedServer]:
    server = MemcachedServer(*flags)
    try:
        server.start()
        yield server
    finally:
        server.stop()
