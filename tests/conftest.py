"""What holds for all tests.

No test keeps jobs, asks a job server, or is configured, as the user who runs it is.
Tests of a file run in one process, slow files first.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Generator, Iterator

import pytest

# What programs are told, but for what chooses the build and the extent of tests.
_TELLING = ("GEARMAN_", "GEARMAND_", "GEARTRAIN_")
_KEPT = {"GEARTRAIN_DAMAGE", "GEARTRAIN_INTEROP_SERVER", "GEARTRAIN_PURE"}


@pytest.fixture(autouse=True, scope="session")
def _state_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATE_DIRECTORY", str(tmp_path_factory.mktemp("state")))
        for name in [each for each in os.environ if each.startswith(_TELLING)]:
            if name not in _KEPT:
                patch.delenv(name)
        # Tests run side by side, and HTTP has one port where no other is named.
        patch.setenv("GEARTRAIN_HTTP", "none")
        yield


@pytest.fixture(autouse=True, scope="session")
def _signals() -> None:
    """Ignore no signal of terminals, as a test run by ``nohup`` or ``&`` would."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            is_interrupt = number is signal.SIGINT
            default = signal.default_int_handler if is_interrupt else signal.SIG_DFL
            signal.signal(number, default)


@pytest.fixture
def _collected() -> Iterator[None]:
    """Have sockets that a test left end with it and not amid a later one."""
    yield
    gc.collect()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start what takes longest first.

    A file with one slow test that started last would leave the other processes idle.
    """
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    """Make what a test logged encodable: pytest-xdist sends it as UTF-8."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode())
        for name, text in report.sections
    ]
    return report
