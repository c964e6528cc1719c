"""Workloads that clients send in chunks, joined by workers of both faces."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from geartrain import AsyncClient, Client
from geartrain.admin import Admin
from geartrain.chunks import manifest_for
from geartrain.errors import JobExceptionError, JobFailedError
from geartrain.protocol.constants import PacketType as P
from geartrain.worker import Retry
from tests.support.servers import RunningServer
from tests.support.waiting import wait_until
from tests.support.worker_faces import Script, client, running

LARGE = os.urandom(1 << 16) * 46 + b"end"
DIGEST = hashlib.sha256(LARGE).hexdigest().encode()
SIZE = 1 << 20

Ask = Callable[[RunningServer, str], bytes]

DYING = """
import sys, time
from geartrain import Worker
worker = Worker(sys.argv[1])
@worker.function(sys.argv[2])
def take(job):
    print(len(job.workload), flush=True)
    time.sleep(60)
worker.run()
"""


def ask_blocking(server: RunningServer, function: str) -> bytes:
    with Client(server.address, chunk_size=SIZE, timeout=30) as asker:
        result: bytes = asker.do(function, LARGE, chunked=True)
        return result


def ask_asyncio(server: RunningServer, function: str) -> bytes:
    async def ask() -> bytes:
        async with AsyncClient(server.address, chunk_size=SIZE, timeout=30) as asker:
            result: bytes = await asker.do(function, LARGE, chunked=True)
            return result

    return asyncio.run(ask())


def queued(server: RunningServer, function: str) -> list[int]:
    """Return how many jobs each function of chunks has."""
    with client(server) as wire:
        rows = [row.decode().split("\t") for row in wire.listing(b"status")]
    found = [row for row in rows if row[0].startswith(f"{function}.chunks.")]
    return [int(row[1]) for row in found if row[1] != "0"]


def digest(job: Any) -> str:
    return hashlib.sha256(job.workload).hexdigest()


def manifest_is_refused(server: RunningServer, name: str, workload: bytes) -> str:
    asker = Client(server.address, timeout=30)
    with asker, pytest.raises(JobFailedError) as failed:
        asker.do(name, workload)
    assert isinstance(failed.value, JobExceptionError)
    return failed.value.data.decode()


@pytest.mark.parametrize("ask", [ask_blocking, ask_asyncio])
def test_a_handler_gets_it_whole_and_no_chunk_is_left(
    script: Script, server: RunningServer, ask: Ask
) -> None:
    function = f"whole-{script.name}-{ask.__name__}"
    worker = script.make(server.address)
    worker.register(function, script.handler(digest))
    with running(script, worker):
        assert ask(server, function) == DIGEST
        wait_until(lambda: queued(server, function) == [])


def test_a_plain_handler_in_an_asyncio_worker_gets_it_whole(
    server: RunningServer,
) -> None:
    script = Script("asyncio")
    worker = script.make(server.address)
    worker.register("plain", digest)
    with running(script, worker):
        assert ask_blocking(server, "plain") == DIGEST
        wait_until(lambda: queued(server, "plain") == [])


def test_chunks_outlive_a_worker_that_is_killed(
    script: Script, server: RunningServer
) -> None:
    function = f"killed-{script.name}"
    command = [sys.executable, "-c", DYING, server.address, function]
    with Client(server.address, chunk_size=SIZE, timeout=30) as asker:
        job = asker.submit(function, LARGE, chunked=True)
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"%d\n" % len(LARGE)
            process.kill()
        worker = script.make(server.address)
        worker.register(function, script.handler(digest))
        with running(script, worker):
            assert job.result() == DIGEST
            wait_until(lambda: queued(server, function) == [])


def test_a_job_that_is_tried_again_finds_them(
    script: Script, geartrain: RunningServer
) -> None:
    function = f"twice-{script.name}"
    seen: list[int] = []

    def twice(job: Any) -> str:
        seen.append(len(job.workload))
        if len(seen) == 1:
            assert queued(geartrain, function) == [3]
            raise Retry(0.05)
        return digest(job)

    worker = script.make(geartrain.address)
    worker.register(function, script.handler(twice))
    with running(script, worker):
        assert ask_blocking(geartrain, function) == DIGEST
        wait_until(lambda: queued(geartrain, function) == [])
    assert seen == [len(LARGE)] * 2


def test_a_job_that_has_failed_for_good_leaves_none(
    script: Script, gearmand: RunningServer
) -> None:
    function = f"fails-{script.name}"
    worker = script.make(gearmand.address)
    worker.register(function, script.handler(lambda job: job.send_fail()))
    with running(script, worker):
        with pytest.raises(JobFailedError):
            ask_blocking(gearmand, function)
        wait_until(lambda: queued(gearmand, function) == [])


def test_a_dead_letter_keeps_its_chunks(
    script: Script, geartrain: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    function = f"dead-{script.name}"
    fails = [True]

    def fail(job: Any) -> str:
        if fails:
            raise ValueError(fails.pop())
        return digest(job)

    worker = script.make(geartrain.address)
    worker.register(function, script.handler(fail))
    with Admin(geartrain.address) as admin:
        admin.set_policy(function, {"max_attempts": 1})
        with Client(geartrain.address, chunk_size=SIZE) as asker:
            handle = asker.do_background(function, LARGE, chunked=True)
        with running(script, worker):
            wait_until(lambda: "chunks of its workload stay queued" in caplog.text)
            assert queued(geartrain, function) == [3]
            admin.dead_retry(handle)
            wait_until(lambda: queued(geartrain, function) == [])


def test_a_manifest_takes_no_jobs_of_others(
    script: Script, server: RunningServer
) -> None:
    function = f"steals-{script.name}"
    worker = script.make(server.address)
    worker.register(function, script.handler(digest))
    manifest = manifest_for("other", "", LARGE, SIZE)
    with running(script, worker):
        told = manifest_is_refused(server, function, manifest.encode())
    assert f"no function of chunks for '{function}'" in told


def test_missing_chunks_are_an_error(
    script: Script, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geartrain.worker.chunked._PATIENCE", 0.5)
    function = f"misses-{script.name}"
    worker = script.make(server.address)
    worker.register(function, script.handler(digest))
    manifest = manifest_for(function, "", LARGE, SIZE)
    with client(server) as wire:
        unique = manifest.unique(1).encode()
        wire.send(P.SUBMIT_JOB_BG, manifest.function.encode(), unique, LARGE[:SIZE])
        wire.expect(P.JOB_CREATED)
    with running(script, worker):
        told = manifest_is_refused(server, function, manifest.encode())
        assert "2 of the 3 chunks of a workload are missing" in told
        wait_until(lambda: queued(server, function) == [])


def test_chunks_that_come_late_are_waited_for(
    script: Script, server: RunningServer
) -> None:
    function = f"late-{script.name}"
    manifest = manifest_for(function, "", LARGE, SIZE)
    worker = script.make(server.address)
    worker.register(function, script.handler(digest))
    results: list[bytes] = []

    def ask() -> None:
        with Client(server.address, timeout=30) as asker:
            results.append(asker.do(function, manifest.encode()))

    asking = threading.Thread(target=ask)
    with running(script, worker), client(server) as wire:
        asking.start()
        name = manifest.function.encode()
        wait_until(lambda: any(name in row for row in wire.listing(b"workers")))
        for number in range(3):
            unique = manifest.unique(number).encode()
            data = LARGE[number * SIZE : (number + 1) * SIZE]
            wire.send(P.SUBMIT_JOB_BG, name, unique, data)
            wire.expect(P.JOB_CREATED)
        asking.join(20)
    assert results == [DIGEST]
