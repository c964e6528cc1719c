"""Programs with a worker: processes of their own, for what would harm the tests'."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.servers import RunningServer

__all__ = ["Program", "program"]

_HEAD = """
import asyncio, logging, multiprocessing, os, signal, socket, sys, threading, time
logging.basicConfig(level="INFO")
from geartrain.errors import WorkerError
from geartrain.worker import AsyncWorker, Retry, Worker
"""


class Program:
    """A program that runs, and what it has said."""

    def __init__(self, process: subprocess.Popen[bytes], path: Path) -> None:
        self.process = process
        self._path = path

    def said(self) -> str:
        """Return its output."""
        return self._path.read_text(errors="replace")


@contextmanager
def program(text: str, server: RunningServer, *, first: str = "") -> Iterator[Program]:
    """Run a program with the worker's names at hand; kill it at the end.

    What is ``first`` runs before anything of the worker is imported.
    """
    with tempfile.TemporaryDirectory() as folder:
        script, output = Path(folder) / "program.py", Path(folder) / "output"
        script.write_text(first + _HEAD + text)
        with output.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, str(script)],
                cwd=folder,
                env={
                    **os.environ,
                    "GEARMAN_SERVERS": server.address,
                    "PYTHONUNBUFFERED": "1",
                },
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        try:
            yield Program(process, output)
        finally:
            # With all that its handlers have forked.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
