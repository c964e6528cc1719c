"""A client or a worker of several servers, which come and go.

``several_servers.py client|worker HOST:PORT,HOST:PORT FILE [NAME]``: the client submits
until FILE.stop exists, and prints what it was told; the worker adds a line to the file
for each job in the background.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from geartrain.client import Client
from geartrain.errors import GeartrainError
from geartrain.worker import Worker


def work(servers: str, file: Path) -> None:
    worker = Worker(*servers.split(","))

    @worker.function("record")
    def record(job: Any) -> None:
        with file.open("a") as out:
            out.write(job.workload.decode() + "\n")

    @worker.function("reverse")
    def reverse(job: Any) -> bytes:
        workload: bytes = job.workload
        return workload[::-1]

    worker.run()


def tell(word: str, key: str) -> None:
    sys.stdout.write(f"{word} {key}\n")
    sys.stdout.flush()


def submit(client: Client, key: str) -> None:
    try:
        client.submit("record", key.encode(), background=True, unique=key)
    except GeartrainError:
        tell("refused", key)
    else:
        tell("kept", key)
    try:
        result = client.do("reverse", key.encode())
    except GeartrainError:
        result = b""
    word = "answered" if result == key.encode()[::-1] else "unanswered"
    tell(word, key)


def main(role: str, servers: str, file: str, name: str = "") -> None:
    if role == "worker":
        work(servers, Path(file))
        return
    with Client(servers.split(",")) as client:
        number = 0
        while not Path(f"{file}.stop").exists():
            number += 1
            submit(client, f"{name}-{number}")
            time.sleep(0.01)


main(*sys.argv[1:])
