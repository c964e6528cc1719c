"""A job server for each test, on a port for the examples' own processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from geartrain.testing import LocalServer


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer(port=0) as server:
        yield server
