"""What holds for all tests.

No test keeps jobs, or asks a job server, where the user who runs it does. Tests of a
file run in one process, slow files first.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest

# What names job servers, and how to speak with them.
_NAMING = ("GEARMAN_", "GEARMAND_", "GEARTRAIN_SERVER", "GEARTRAIN_TLS")


@pytest.fixture(autouse=True, scope="session")
def _state_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATE_DIRECTORY", str(tmp_path_factory.mktemp("state")))
        for name in [each for each in os.environ if each.startswith(_NAMING)]:
            patch.delenv(name)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group tests for ``--dist loadgroup``, and start what takes longest first.

    A group is a file, or what a file is marked with. A file of one slow test that
    started last would leave the other processes idle.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.location[0]))
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
