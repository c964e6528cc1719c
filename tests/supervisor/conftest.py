"""A job server for the workers of a test file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from geartrain.admin import Admin
from tests.support.servers import RunningServer, running_geartrain
from tests.support.supervised import write_tasks


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_geartrain("--job-retries", "1") as running:
        yield running


@pytest.fixture
def admin(server: RunningServer) -> Iterator[Admin]:
    with Admin(server.address) as asked:
        yield asked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the module ``tasks``."""
    write_tasks(tmp_path)
    return tmp_path
