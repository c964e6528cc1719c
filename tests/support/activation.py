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
_HAND_OVER = (
    "export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=geartrain.socket:http;"
    ' exec "$@" 3<&{0} 4<&{1}'
)


class SocketUnit:
    """Listening sockets, and the job servers that are started on them.

    Attributes:
        port: where jobs are served.
        http_port: where HTTP is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._http = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.http_port: int = self._http.getsockname()[1]

    def close(self) -> None:
        self._listener.close()
        self._http.close()

    def connect(self) -> socket.socket:
        """Connect, whether or not a job server runs."""
        return socket.create_connection(("127.0.0.1", self.port), 20)

    @contextmanager
    def server(
        self, *flags: str, program: str = "geartrain"
    ) -> Iterator[RunningServer]:
        """Run a job server for the length of the block, once it answers."""
        command = [*geartrain_command(program), *flags]
        # Far from those that the shell gives them.
        listeners = (self._listener, self._http)
        numbers = [os.dup2(each.fileno(), 800 + each.fileno()) for each in listeners]
        log = Log(self._folder / "log")
        with log.open("ab") as output:
            process = subprocess.Popen(
                ["bash", "-c", _HAND_OVER.format(*numbers), "server", *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._folder,
                pass_fds=numbers,
                env=dict(os.environ),
            )
        for number in numbers:
            os.close(number)
        try:
            with Wire(self.connect()) as wire:
                assert wire.echoes(), log.read_text()
            yield RunningServer(
                host="127.0.0.1", port=self.port, process=process, log=log
            )
        finally:
            stop(process)
