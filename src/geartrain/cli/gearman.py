"""``gearman``: submit jobs, or do them, from the shell, as the original does.

Its command line is read by hand, and each half is imported only when it runs: scripts
start this program for every job, and click alone takes longer to import than a job
server takes to answer.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from geartrain.cli.drop_in import run_drop_in
from geartrain.cli.gearman_flags import GearmanFlags, usage
from geartrain.errors import OptionError

# typing is slow to import, and scripts run this for every job.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["EndingSignals", "main", "run"]


class _Signalled(BaseException):
    """A signal ends the program."""


class EndingSignals:
    """Lets signals end the program: at once, or gently the first time."""

    def __init__(self) -> None:
        self.number = 0
        self._first: Callable[[], None] | None = None
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            # A signal that was ignored at the start, as under nohup, stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._take)

    def first(self, action: Callable[[], None]) -> None:
        """Call ``action`` at the first signal; ``check`` then ends the program."""
        self._first = action

    def check(self) -> None:
        """End the program if there was a signal."""
        if self.number:
            raise _Signalled

    def _take(self, number: int, _: FrameType | None) -> None:
        self.number = number
        action, self._first = self._first, None
        if action is None:
            raise _Signalled
        action()


def run(arguments: list[str], signals: EndingSignals) -> int:
    """Run ``gearman`` with a command line; return its exit status.

    It is 1 if a job failed or the command line is wrong. As in the original, it is 0 if
    no job server answers, or not in time; stderr says so.
    """
    flags = GearmanFlags(arguments)
    if flags.error or "H" in flags.given:
        stream = sys.stderr if flags.error else sys.stdout
        stream.write(usage(flags))
        return 0 if "H" in flags.given else 1
    if "d" in flags.given:
        _daemonize()
    path = flags.values.get("i", "")
    try:
        _write_pid(path)
        return _work(flags, signals) if "w" in flags.given else _submit(flags)
    except OptionError as error:
        sys.stderr.write(f"gearman: {error}\n")
        return 1
    except OSError as error:
        if error.filename is None:
            # The output cannot be written.
            raise
        sys.stderr.write(f"gearman: {error.filename}: {error.strerror}\n")
        return 1
    finally:
        if path:
            with suppress(FileNotFoundError):
                os.unlink(path)


def _submit(flags: GearmanFlags) -> int:
    from geartrain.cli.gearman_client import GearmanClient
    from geartrain.cli.gearman_servers import LookupFailedError, complain, find_servers

    try:
        client = GearmanClient(flags, find_servers(flags))
    except LookupFailedError as error:
        complain("gearman_client_add_server", str(error))
        return 0
    client.run()
    return client.status


def _work(flags: GearmanFlags, signals: EndingSignals) -> int:
    from geartrain.cli.gearman_servers import LookupFailedError, complain, find_servers
    from geartrain.cli.gearman_worker import GearmanWorker

    try:
        worker = GearmanWorker(flags, find_servers(flags))
    except LookupFailedError as error:
        complain("gearman_worker_add_server", str(error))
        return 1
    signals.first(worker.stop)
    worker.run()
    signals.check()
    return 0


def _daemonize() -> None:
    """Continue in a child, in a session of its own, without standard files."""
    if os.fork():
        os._exit(0)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)


def _write_pid(path: str) -> None:
    if path:
        with open(path, "w") as file:
            file.write(f"{os.getpid()}\n")


def main() -> NoReturn:
    """Run the program on this process's command line."""
    run_drop_in(_run_until_signal, "gearman: cannot write the output")


def _run_until_signal() -> int:
    signals = EndingSignals()
    try:
        return run(sys.argv[1:], signals)
    except _Signalled:
        # The shell should see that a signal ended the program.
        signal.signal(signals.number, signal.SIG_DFL)
        os.kill(os.getpid(), signals.number)
        return 128 + signals.number


if __name__ == "__main__":
    main()
