"""What holds for all tests.

No test keeps jobs, asks a job server, or is configured, as the user who runs it is.
Tests of a file run in one process, slow files first.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from tests.support.postgresql_servers import PostgresqlServer

# What programs are told, but for what chooses the build and the extent of tests.
_TELLING = ("GEARMAN_", "GEARMAND_", "GEARTRAIN_")
_KEPT = {"GEARTRAIN_DAMAGE", "GEARTRAIN_INTEROP_SERVER", "GEARTRAIN_PURE"}

# Seconds for all examples of a property. One that hypothesis is interrupted in is a
# failure to it, which it would make smaller for minutes.
_PROPERTY = 600

# Without the phase that says which lines all failures have run: before Python 3.12 it
# traces each line from the first failure on, and five minutes pass until it is told.
hypothesis.settings.register_profile(
    "geartrain",
    phases=[each for each in hypothesis.Phase if each is not hypothesis.Phase.explain],
    deadline=None,
)
hypothesis.settings.load_profile("geartrain")


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


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresqlServer]:
    """Run a PostgreSQL server for the tests of a file."""
    # The driver takes a tenth of a second to import.
    from tests.support.postgresql_servers import PostgresqlServer

    made = PostgresqlServer()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def _collected() -> Iterator[None]:
    """Have sockets that a test left end with it and not amid a later one."""
    yield
    gc.collect()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start what takes longest first, and give properties the time that they take.

    A file with one slow test that started last would leave the other processes idle.
    Next come properties and those that look at pages, of which none is quick.
    """
    items.sort(key=_place)
    for item in items:
        # hypothesis marks them.
        if item.get_closest_marker("hypothesis"):
            item.add_marker(pytest.mark.timeout(_PROPERTY))


def _place(item: pytest.Item) -> int:
    """Return how early a test is started: 0 for the slowest."""
    if item.get_closest_marker("slow"):
        return 0
    fixtures: list[str] = getattr(item, "fixturenames", [])
    is_long = item.get_closest_marker("hypothesis") or "browser" in fixtures
    return 1 if is_long else 2


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
