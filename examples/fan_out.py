"""Spread jobs over several job servers, and go on without one that is down.

The unique chooses the job server, so that equal jobs meet there and are done once. One
worker serves all job servers.

    export GEARMAN_SERVERS=10.0.0.1:4730,10.0.0.2:4730
Run a worker:    geartrain worker fan_out
Fetch pages:     python fan_out.py https://example.org/a https://example.org/b
"""

import hashlib
import sys
import urllib.request

from geartrain import Client, Worker

worker = Worker(concurrency=10)


@worker.function("fetch", timeout=30)
def fetch(url: bytes) -> bytes:
    with urllib.request.urlopen(url.decode(), timeout=20) as answer:
        return bytes(answer.read())


def key(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


if __name__ == "__main__":
    urls = sys.argv[1:]
    with Client(by="unique", codec="text") as client:
        pages = client.map("fetch", urls, unique=key)
        for url, page in zip(urls, pages, strict=True):
            print(len(page), url)
