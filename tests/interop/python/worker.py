"""A worker for the named functions: worker.py FACE HOST:PORT."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from typing import Any

from geartrain.worker import AsyncWorker, Worker

FACE, SERVER = sys.argv[1:]


def reverse(job: Any) -> bytes:
    workload: bytes = job.workload
    return workload[::-1]


def shout(job: Any) -> bytes:
    workload: bytes = job.workload
    return workload.upper()


def steps(job: Any) -> None:
    for step in (1, 2, 3):
        job.send_status(step, 3)
        job.send_data(f"step {step},")
    job.send_warning("tired")


def stream(job: Any) -> str:
    for each in job.workload.split():
        job.send_data(b"<" + each + b">")
    job.send_warning("no more words")
    return "."


def fails(job: Any) -> None:
    job.send_fail()


def raises(job: Any) -> None:
    job.send_exception("no such thing")


def dies(job: Any) -> None:
    raise ValueError("no such thing")


def names(job: Any) -> str:
    return f"{job.function} {job.unique}"


def coroutine(plain: Callable[[Any], Any]) -> Callable[[Any], Any]:
    async def handler(job: Any) -> Any:
        return plain(job)

    return handler


def total(results: Iterator[bytes]) -> str:
    return str(sum(map(len, results)))


worker: Worker | AsyncWorker
worker = Worker(SERVER) if FACE == "blocking" else AsyncWorker(SERVER)
worker.partitioner("split", aggregator=total)(bytes.split)
for each in (reverse, shout, steps, stream, fails, raises, dies, names):
    worker.register(each.__name__, each if FACE == "blocking" else coroutine(each))
if isinstance(worker, Worker):
    worker.run()
else:
    asyncio.run(worker.run())
