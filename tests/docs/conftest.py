"""What the snippets of a document find: programs, a job server, a folder for jobs."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.documents import PORT, environment_with_programs
from tests.support.servers import geartrain_command, run_server


@pytest.fixture(autouse=True)
def _port() -> Iterator[None]:
    """Have the port that the documents name, which only one test can use at a time."""
    path = Path(tempfile.gettempdir()) / f"geartrain-tests-{PORT}.lock"
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have servers keep jobs below this test's folder, as if nobody ever ran one."""
    folder = tmp_path / "state" / "geartrain"
    monkeypatch.setenv("STATE_DIRECTORY", str(folder))
    monkeypatch.delenv("GEARTRAIN_HTTP", raising=False)
    return folder


@pytest.fixture
def environment(tmp_path: Path, state: Path) -> dict[str, str]:
    return environment_with_programs(tmp_path)


@pytest.fixture
def server(state: Path) -> Iterator[None]:
    """Run a job server on the port that the documents name."""
    with run_server([*geartrain_command("geartrain"), "server"], PORT):
        yield
