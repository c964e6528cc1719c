from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.servers import RunningServer, running_gearmand, running_geartrain
from tests.support.worker_faces import FACES, Script


@pytest.fixture(params=sorted(FACES))
def script(request: pytest.FixtureRequest) -> Script:
    return Script(request.param)


@pytest.fixture(scope="module")
def geartrain() -> Iterator[RunningServer]:
    with running_geartrain() as server:
        yield server


@pytest.fixture(scope="module")
def gearmand() -> Iterator[RunningServer]:
    with running_gearmand() as server:
        yield server


@pytest.fixture(params=["geartrain", "gearmand"])
def server(request: pytest.FixtureRequest) -> RunningServer:
    found: RunningServer = request.getfixturevalue(request.param)
    return found
