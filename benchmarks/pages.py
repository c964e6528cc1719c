"""What a page of the dashboard costs the job server: ``python -m benchmarks.pages``.

A job server in memory gets many functions, one of which has many waiting jobs. Each
page is then asked for several times, and followed while it is kept up to date. Printed
are the median time until a page has come, the server's CPU for it, and its CPU while
somebody looks at it; the goals are 100 ms and 5 %.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import statistics
import time
from collections.abc import Iterator

from benchmarks.servers import cpu_seconds, resident_bytes
from geartrain.dashboard.pages import PAGES
from geartrain.protocol.constants import PacketType
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import submit_many
from tests.support.populated import path_of, populated
from tests.support.wire import Wire, packet

# Jobs of a pipelined batch; how often a page is asked for; seconds it is followed.
BATCH = 20_000
TIMES = 15
FOLLOWED = 8.0


def fill(server: HttpServer, functions: int, jobs: int) -> None:
    """Submit a job to each of many functions, and many jobs to one."""
    sent = [
        packet(PacketType.SUBMIT_JOB_BG, b"function-%d" % number, b"", b"work")
        for number in range(functions)
    ]
    with Wire(server.jobs.connect(60)) as client:
        client.send_bytes(b"".join(sent))
        for _ in sent:
            client.expect(PacketType.JOB_CREATED)
    for _ in range(0, jobs, BATCH):
        submit_many(server.jobs, b"thumbnail", [b'{"picture": 7}'] * BATCH)


@contextlib.contextmanager
def followed(server: HttpServer, path: str) -> Iterator[None]:
    """Look at a page that is kept up to date, for the block."""
    lines = (f"GET {path} HTTP/1.1", "Host: localhost", "Accept: text/event-stream")
    head = "".join(f"{line}\r\n" for line in (*lines, ""))
    with socket.create_connection(("127.0.0.1", server.port)) as stream:
        stream.sendall(head.encode())
        stream.recv(1024)
        yield


def measured(server: HttpServer, path: str) -> str:
    """Return a row of figures about a page."""
    pid = server.jobs.process.pid
    server.get(path)
    times = []
    before = cpu_seconds(pid)
    for _ in range(TIMES):
        began = time.perf_counter()
        assert server.get(path, **{"Accept-Encoding": "gzip"}).status == 200
        times.append(time.perf_counter() - began)
        time.sleep(1.0)
    spent = (cpu_seconds(pid) - before) / TIMES
    before = cpu_seconds(pid)
    with followed(server, path):
        time.sleep(FOLLOWED)
    live = (cpu_seconds(pid) - before) / FOLLOWED
    wait = statistics.median(times)
    return f"{1000 * wait:.0f} ms | {1000 * spent:.0f} ms | {100 * live:.1f} %"


def main() -> None:
    """Measure all pages, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=1_000_000)
    options = parser.parse_args()
    with running_http() as server, populated(server) as filled:
        fill(server, options.functions, options.jobs)
        size = resident_bytes(server.jobs.process.pid) >> 20
        print(f"{options.functions} functions, {options.jobs} jobs, {size} MiB\n")
        print("| page | until it has come | CPU | CPU while looked at |")
        print("|---|---:|---:|---:|")
        for page in PAGES:
            path = path_of(page, filled)
            print(f"| {page.name} | {measured(server, path)} |", flush=True)


if __name__ == "__main__":
    main()
