"""What the service manager is told, and that it can disturb nobody."""

from __future__ import annotations

import os
import time

import pytest

from geartrain.transport.service_manager import ServiceManager
from tests.support.service_managers import notified


@pytest.mark.parametrize("abstract", [False, True])
def test_it_is_told_of_a_life(abstract: bool) -> None:
    with notified(abstract=abstract) as notifications:
        manager = ServiceManager.take(dict(notifications.variables))
        assert manager.is_there
        manager.ready("on 127.0.0.1:4730")
        before = time.monotonic_ns() // 1000
        manager.reloading()
        manager.ready("again\nREADY=0")
        manager.alive("3 jobs")
        manager.stopping("bye", 1.5)
        manager.close()
        manager.alive("nobody is told")
        ready, reloading, again, alive, stopping = notifications.read()
    assert ready == {"READY": "1", "STATUS": "on 127.0.0.1:4730"}
    assert reloading["RELOADING"] == "1"
    assert int(reloading["MONOTONIC_USEC"]) >= before
    assert again == {"READY": "1", "STATUS": "again READY=0"}
    assert alive == {"WATCHDOG": "1", "STATUS": "3 jobs"}
    assert stopping == {
        "STOPPING": "1",
        "STATUS": "bye",
        "EXTEND_TIMEOUT_USEC": "1500000",
    }


def test_child_processes_do_not_inherit_it() -> None:
    environment = {
        "NOTIFY_SOCKET": "/run/notify",
        "WATCHDOG_USEC": "30000000",
        "WATCHDOG_PID": str(os.getpid()),
        "HOME": "/",
    }
    assert ServiceManager.take(environment).watchdog == 30
    assert environment == {"HOME": "/"}


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"WATCHDOG_USEC": "1000000"},
        {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "soon"},
        {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "²"},
        {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
    ],
)
def test_nobody_watches(variables: dict[str, str]) -> None:
    assert ServiceManager.take(variables).watchdog == 0


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "/" + "x" * 200])
def test_nobody_is_there(address: str) -> None:
    manager = ServiceManager(address)
    manager.ready("hello")
    manager.alive("hello")
    manager.close()


def test_one_that_does_not_read_keeps_nobody_waiting() -> None:
    with notified() as notifications:
        manager = ServiceManager.take(dict(notifications.variables))
        began = time.monotonic()
        for _ in range(10_000):
            manager.alive("x" * 1000)
        manager.close()
        assert time.monotonic() - began < 5
        assert notifications.read()[0]["WATCHDOG"] == "1"
