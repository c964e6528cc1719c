"""Start job servers on a listening socket that stays open between them, as systemd."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.servers import Log, RunningServer, geartrain_command, stop
from tests.support.wire import Wire

__all__ = ["SocketUnit"]

# A process learns that sockets are for it by its own number, which is that of the shell
# before it.
_HAND_OVER = 'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@" 3<&{0} {0}<&-'


class SocketUnit:
    """A listening socket, and the job servers that are started on it.

    Attributes:
        port: where it listens.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def close(self) -> None:
        self._listener.close()

    def connect(self) -> socket.socket:
        """Connect, whether or not a job server runs."""
        return socket.create_connection(("127.0.0.1", self.port), 20)

    @contextmanager
    def server(
        self, *flags: str, program: str = "geartrain"
    ) -> Iterator[RunningServer]:
        """Run a job server for the length of the block, once it answers."""
        command = [*geartrain_command(program), *flags]
        number = self._listener.fileno()
        log = Log(self._folder / "log")
        with log.open("ab") as output:
            process = subprocess.Popen(
                ["bash", "-c", _HAND_OVER.format(number), "server", *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._folder,
                pass_fds=[number],
                env=dict(os.environ),
            )
        try:
            with Wire(self.connect()) as wire:
                assert wire.echoes(), log.read_text()
            yield RunningServer(
                host="127.0.0.1", port=self.port, process=process, log=log
            )
        finally:
            stop(process)
