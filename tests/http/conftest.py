"""A job server that speaks HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.http_client import HttpServer, running_http


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with running_http() as server:
        yield server
