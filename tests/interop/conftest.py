"""The job server under test and the peers that talk to it.

``GEARTRAIN_INTEROP_SERVER=gearmand`` runs the same cases against the C server, to
tell a defect of a peer from one of ours.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support.peers import Peers, left_behind, need_success
from tests.support.servers import RunningServer, running_gearmand, running_geartrain
from tests.support.waiting import wait_until

KINDS: dict[str, Callable[..., AbstractContextManager[RunningServer]]] = {
    "geartrain": running_geartrain,
    "gearmand": running_gearmand,
}


@pytest.fixture(scope="session")
def server_kind() -> str:
    """Return which job server is tested, ``geartrain`` or ``gearmand``."""
    kind = os.environ.get("GEARTRAIN_INTEROP_SERVER", "geartrain")
    if kind not in KINDS:
        raise pytest.UsageError(
            f"GEARTRAIN_INTEROP_SERVER={kind}: give one of {', '.join(KINDS)}"
        )
    return kind


@pytest.fixture(scope="session")
def start_server(
    server_kind: str,
) -> Callable[..., AbstractContextManager[RunningServer]]:
    """Return the function that starts one more server of the tested kind."""
    return KINDS[server_kind]


@pytest.fixture(scope="module")
def shared_server(
    start_server: Callable[..., AbstractContextManager[RunningServer]],
) -> Iterator[RunningServer]:
    """Run one job server for the cases of a file."""
    with start_server() as running:
        yield running


@pytest.fixture
def server(shared_server: RunningServer, server_kind: str) -> Iterator[RunningServer]:
    """Give a case the job server, and check that the case leaves nothing in it."""
    yield shared_server
    if server_kind == "geartrain":
        # gearmand keeps jobs whose client has gone until a worker comes for them
        wait_until(lambda: not left_behind(shared_server), "no job or worker is left")


@pytest.fixture
def peers(server: RunningServer, tmp_path: Path) -> Iterator[Peers]:
    """Start clients and workers, and end those a case leaves running."""
    started = Peers(server=server, folder=tmp_path)
    try:
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="session")
def php_is_here() -> None:
    """Fail, saying what to install, where PHP or its extension is missing."""
    for module in ("gearman", "posix"):
        probe = f"exit(extension_loaded('{module}') ? 0 : 1);"
        need_success(["php", "-r", probe], "php-cli php-gearman")
