"""A job server that speaks HTTP, and a plain client of it."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.servers import (
    RunningServer,
    free_port,
    running_geartrain,
    wait_until_listening,
)
from tests.support.waiting import PATIENCE

__all__ = ["HttpServer", "Reply", "running_http"]


@dataclass(frozen=True)
class Reply:
    """What was answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body, which is JSON."""
        return json.loads(self.body)

    @property
    def kind(self) -> str:
        """Return the kind of the problem that it is."""
        assert self.headers["content-type"] == "application/problem+json"
        told = self.json
        assert told["status"] == self.status
        assert told["title"]
        assert told["detail"]
        kind: str = told["type"].removeprefix("urn:geartrain:problem:")
        return kind


@dataclass(frozen=True)
class HttpServer:
    """A job server and where it serves HTTP."""

    jobs: RunningServer
    port: int

    @property
    def url(self) -> str:
        """Return the beginning of its URLs."""
        return f"http://127.0.0.1:{self.port}"

    def connect(self, timeout: float = PATIENCE) -> socket.socket:
        """Open a plain connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request; return the answer."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            client.request(method, path, body, dict(headers or {}))
            answer = client.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, told, answer.read())
        finally:
            client.close()

    def get(self, path: str, **headers: str) -> Reply:
        """Get what is at a path."""
        return self.ask("GET", path, headers=headers)

    def submit(self, function: str, body: Any = b"work", query: str = "") -> Reply:
        """Submit a job."""
        return self.ask("POST", f"/v1/functions/{function}/jobs{query}", body)


@contextmanager
def running_http(*flags: str) -> Iterator[HttpServer]:
    """Run ``geartrain server`` with HTTP on a free port of 127.0.0.1."""
    port = free_port()
    with running_geartrain("--http", f"127.0.0.1:{port}", *flags) as jobs:
        wait_until_listening(jobs.process, port, jobs.log)
        yield HttpServer(jobs, port)
