"""Jobs over two job servers, one of which stops."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from geartrain.testing import LocalServer
from tests.support.examples import at_work, run


class Pages(BaseHTTPRequestHandler):
    """Each page is its own path."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def urls() -> Iterator[list[str]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield [
            f"http://127.0.0.1:{server.server_port}/{each * 'x'}" for each in range(20)
        ]
        server.shutdown()
        thread.join()


def test_two_job_servers_share_the_jobs_and_one_goes_on_alone(
    server: LocalServer, urls: list[str]
) -> None:
    expected = [f"{each + 1} {url}" for each, url in enumerate(urls)]
    with LocalServer(port=0) as other:
        both = f"{server.address},{other.address}"
        with at_work(server, "fan_out", servers=both), at_work(other, "fan_out"):
            printed = run(server, "fan_out.py", *urls, servers=both)
            assert printed.splitlines() == expected
            shares = [len(each.submitted("fetch")) for each in (server, other)]
            assert sum(shares) == len(urls)
            assert min(shares) > 2
            other.stop()
            printed = run(server, "fan_out.py", *urls, servers=both)
            assert printed.splitlines() == expected
    assert len(server.submitted("fetch")) == shares[0] + len(urls)
