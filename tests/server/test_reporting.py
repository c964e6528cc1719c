"""A job server tells systemd when it is ready, how it is, and that it stops."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from geartrain.protocol.constants import PacketType
from geartrain.server import reporting
from geartrain.server.options import Options
from geartrain.server.reporting import Reporting
from geartrain.server.server import Server
from geartrain.transport.service_manager import ServiceManager
from tests.support.servers import RunningServer, free_port, geartrain_command, stop
from tests.support.service_managers import Notifications, notified
from tests.support.waiting import wait_until
from tests.support.wire import Wire


@contextmanager
def server(
    folder: Path, notifications: Notifications, *flags: str
) -> Iterator[RunningServer]:
    """Run a server as a service that notifies."""
    port, log = free_port(), folder / "log"
    command = [*geartrain_command("geartrain"), "server", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--store", "memory:", *flags],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **notifications.variables},
        )
    try:
        yield RunningServer(host="127.0.0.1", port=port, process=process, log=log)
    finally:
        stop(process)


def test_it_is_ready_once_it_listens(tmp_path: Path) -> None:
    with notified() as notifications, server(tmp_path, notifications) as running:
        assert notifications.wait("READY")["STATUS"] == (
            "serving: 0 connections, 0 jobs running"
        )
        with Wire(running.connect(1)) as wire:
            assert wire.echoes()


def test_how_far_a_long_start_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reporting, "_INTERVAL", 0.01)
    caplog.set_level(logging.INFO)
    with notified() as notifications:
        manager = ServiceManager(notifications.variables["NOTIFY_SOCKET"])

        async def run() -> None:
            reports = Reporting(manager, Server(Options(store="memory:")), 25.0)
            reports.begin()
            await asyncio.sleep(0.1)
            reports.stop()

        asyncio.run(run())
        told = notifications.wait("EXTEND_TIMEOUT_USEC", 2)
    assert told == {
        "STATUS": "opening the store: 0 jobs read",
        "EXTEND_TIMEOUT_USEC": "90000000",
    }
    assert "not ready yet: opening the store: 0 jobs read" in caplog.messages


def test_the_watchdog_hears_of_it(tmp_path: Path) -> None:
    with notified(0.4) as notifications, server(tmp_path, notifications) as running:
        notifications.wait("READY")
        with Wire(running.connect()) as wire:
            assert wire.echoes()
            wait_until(
                lambda: (
                    "1 connections" in notifications.read()[-1].get("STATUS", "")
                    and "WATCHDOG" in notifications.received[-1]
                ),
                "the status says so",
            )


def test_a_loop_that_hangs_is_silent(tmp_path: Path) -> None:
    with notified(0.2) as notifications, server(tmp_path, notifications) as running:
        notifications.wait("WATCHDOG", 2)
        running.process.send_signal(signal.SIGSTOP)
        stat = Path(f"/proc/{running.process.pid}/stat")
        wait_until(lambda: ") T " in stat.read_text(), "it hangs")
        count = len(notifications.read())
        running.process.send_signal(signal.SIGCONT)
        notifications.wait("WATCHDOG", count + 1)


def test_a_reload_is_told(tmp_path: Path) -> None:
    with notified() as notifications, server(tmp_path, notifications) as running:
        notifications.wait("READY")
        running.process.send_signal(signal.SIGHUP)
        assert int(notifications.wait("RELOADING")["MONOTONIC_USEC"]) > 0
        notifications.wait("READY", 2)


def test_a_stop_is_told_and_has_time_for_running_jobs(tmp_path: Path) -> None:
    flags = ("--drain", "300")
    with (
        notified() as notifications,
        server(tmp_path, notifications, *flags) as running,
    ):
        notifications.wait("READY")
        with Wire(running.connect()) as worker, Wire(running.connect()) as client:
            worker.register(b"f")
            handle = client.submit(b"f")
            worker.grab()
            running.process.send_signal(signal.SIGTERM)
            told = notifications.wait("STOPPING")
            assert told["STATUS"] == "stopping: 2 connections, 1 jobs running"
            assert int(told["EXTEND_TIMEOUT_USEC"]) > 300_000_000
            worker.send(PacketType.WORK_COMPLETE, handle, b"")
            client.expect(PacketType.WORK_COMPLETE)
        assert running.process.wait(10) == 0
