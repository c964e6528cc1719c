"""``gearman`` as a client: submit jobs and print what comes back."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from geartrain.cli.gearman_flags import GearmanFlags
from geartrain.cli.gearman_hash import workload_unique
from geartrain.cli.gearman_servers import ServerTracker, complain
from geartrain.client.sync import Client
from geartrain.client.tasks import Task
from geartrain.errors import (
    ClientError,
    ConnectError,
    JobFailedError,
    JobTimeoutError,
    LostError,
    OptionError,
    ServerError,
)
from geartrain.texts import visible
from geartrain.transport.connect import Connector

__all__ = ["GearmanClient"]

_RUN = "gearman_client_run_tasks"


class GearmanClient:
    """Submits what the command line says, a workload at a time.

    Attributes:
        status: the exit status: 1 once a job has failed.
    """

    def __init__(self, flags: GearmanFlags, servers: list[Connector]) -> None:
        self.status = 0
        self._flags = flags
        self._prefixes = "P" in flags.given
        milliseconds = flags.number("t")
        has_limit = milliseconds is not None and milliseconds >= 0
        self._limit = (milliseconds or 0) / 1000 if has_limit else None
        self._heard = 0.0
        self._tracker = ServerTracker(servers, _unreachable)
        self._client = self._connected()

    def run(self) -> None:
        """Submit all workloads; after an error on stderr the next one follows."""
        for workload in self._workloads():
            self._add(workload)
            try:
                self._finish()
            except ClientError as error:
                complain(_RUN, _words(error))
                # Unfinished jobs are given up. The next workload gets a new connection.
                self._client.close()
                self._client = self._connected()
        self._client.close()

    def _connected(self) -> Client:
        # The original says nothing where no worker has the function.
        client = Client(self._tracker.connectors, fail_without_worker=None)
        client.set_callbacks(
            on_created=self._on_created,
            on_data=self._on_data,
            on_warning=self._on_warning,
            on_status=self._on_status,
            on_complete=self._on_data,
            on_exception=self._on_exception,
            on_fail=self._on_fail,
        )
        return client

    def _workloads(self) -> Iterator[bytes]:
        flags = self._flags
        if flags.words:
            yield from map(os.fsencode, flags.words)
        elif "s" in flags.given:
            yield b""
        elif flags.by_line:
            strips = "N" in flags.given
            for line in sys.stdin.buffer:
                yield line.removesuffix(b"\n") if strips else line
        else:
            yield sys.stdin.buffer.read()

    def _add(self, workload: bytes) -> None:
        """Add a job of every function."""
        flags = self._flags
        add = self._adding()
        unique = flags.values.get("u", "")
        for function in flags.functions:
            key = workload_unique(workload) if unique == "#" else unique or _uuid()
            try:
                add(os.fsencode(function), workload, None, os.fsencode(key))
            except OptionError as error:
                words = f"add_task(GEARMAN_INVALID_ARGUMENT) {error}"
                complain("gearman_client_add_task", words)

    def _adding(self) -> Callable[..., Task]:
        client, priority = self._client, self._flags.priority
        if "b" in self._flags.given:
            return {
                "normal": client.add_task_background,
                "high": client.add_task_high_background,
                "low": client.add_task_low_background,
            }[priority]
        return {
            "normal": client.add_task,
            "high": client.add_task_high,
            "low": client.add_task_low,
        }[priority]

    def _finish(self) -> None:
        """Wait for all tasks, unless silence lasts longer than the timeout."""
        self._heard = time.monotonic()
        left = self._limit
        while True:
            try:
                self._client.run_tasks(timeout=left)
                return
            except JobTimeoutError:
                if self._limit is None:
                    raise
                left = self._heard + self._limit - time.monotonic()
                if left <= 0:
                    raise

    def _on_created(self, task: Task, _: Any) -> None:
        self._heard = time.monotonic()
        if "v" in self._flags.given:
            _write(sys.stdout, b"Task created: %b\n" % os.fsencode(task.handle))

    def _on_data(self, task: Task, _: Any) -> None:
        self._told(sys.stdout, task, task.data)

    def _on_warning(self, task: Task, _: Any) -> None:
        self._told(sys.stderr, task, task.data)

    def _on_status(self, task: Task, _: Any) -> None:
        done = task.numerator * 100 // task.denominator if task.denominator else 0
        self._told(sys.stdout, task, b"%d%% Complete\n" % done)

    def _on_exception(self, task: Task, _: Any) -> None:
        self._told(sys.stderr, task, task.data)
        if task.data and not task.data.endswith(b"\n"):
            _write(sys.stderr, b"\n")
        self._failed(task)

    def _on_fail(self, task: Task, _: Any) -> None:
        if task.error is None or isinstance(task.error, JobFailedError):
            self._failed(task)
        else:
            complain(_RUN, _words(task.error))

    def _failed(self, task: Task) -> None:
        self._told(sys.stderr, task, b"Job failed\n")
        self.status = 1

    def _told(self, stream: Any, task: Task, data: bytes) -> None:
        """Write an update of a job."""
        self._heard = time.monotonic()
        prefix = os.fsencode(f"{task.function}: ") if self._prefixes else b""
        _write(stream, prefix + data)


def _write(stream: Any, data: bytes) -> None:
    """Write results as they are; escape what stderr's terminal gets."""
    if stream is sys.stderr and stream.isatty():
        lines = data.decode("utf-8", "surrogateescape").split("\n")
        text = "\n".join(visible(line.expandtabs()) for line in lines)
        data = text.encode(stream.encoding, "backslashreplace")
    stream.buffer.write(data)
    stream.flush()


def _unreachable(server: str) -> None:
    raise ConnectError(f"Connection to {server} failed")


def _uuid() -> str:
    """Return a new unique: with one, a lost submission can safely be repeated."""
    digits = os.urandom(16).hex()
    sizes = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
    return "-".join(digits[start:end] for start, end in sizes)


def _words(error: ClientError) -> str:
    """Return an error in the original's words, if it has some."""
    if isinstance(error, ServerError):
        return f"_client_run_tasks(GEARMAN_{error.code}) {error.code}:{error.text}"
    if isinstance(error, JobTimeoutError):
        return (
            "gearman_wait(GEARMAN_TIMEOUT) timeout reached, 1 servers were poll(), no"
            " servers were available, pipe:false"
        )
    if isinstance(error, ConnectError):
        return f"flush(GEARMAN_COULD_NOT_CONNECT) {error}"
    if isinstance(error, LostError):
        return f"recv_socket(GEARMAN_LOST_CONNECTION) {error}"
    return str(error)
