"""A browser, and a job server with something of everything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import chromium
from tests.support.http_client import HttpServer, running_http
from tests.support.populated import Populated, populated


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; while it runs, a test of the same file has no event loop of its own."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def empty() -> Iterator[HttpServer]:
    """A job server that nobody has used."""
    with running_http() as server:
        yield server


@pytest.fixture(scope="module")
def filled() -> Iterator[Populated]:
    """A job server with jobs in every state; do not change much of it."""
    with running_http() as server, populated(server) as found:
        yield found
