"""Fixtures for pytest: a job server for each test that asks for one, and its client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from geartrain.client import Client
    from geartrain.testing.server import LocalServer

__all__ = ["geartrain_client", "geartrain_server"]


@pytest.fixture
def geartrain_server() -> Iterator[LocalServer]:
    """Run a job server in this process for the length of a test: a ``LocalServer``.

    Its jobs are in memory and it has no port. Define a fixture of the same name for
    one with policies, a store or a port.
    """
    from geartrain.testing.server import LocalServer

    with LocalServer() as server:
        yield server


@pytest.fixture
def geartrain_client(geartrain_server: LocalServer) -> Iterator[Client]:
    """Return a ``Client`` of ``geartrain_server``, closed at the end of the test."""
    with geartrain_server.client() as client:
        yield client
