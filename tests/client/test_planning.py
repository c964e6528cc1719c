"""Chains, groups and chords of both clients, by a real server and worker."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from geartrain.admin import Admin
from geartrain.client import PlannedJob
from geartrain.errors import JobFailedError, OptionError
from geartrain.worker import Worker, WorkerJob
from tests.support.client_faces import Face


@pytest.fixture
def exclaim(plain_face: Face) -> Iterator[str]:
    """Run a worker of a function that puts an exclamation mark behind its workload."""
    name = next(plain_face.place.functions)

    def run(job: WorkerJob) -> bytes:
        return job.workload + b"!"

    with Worker(str(plain_face.place.servers)) as worker:
        worker.register(name, run)
        thread = threading.Thread(target=worker.run)
        thread.start()
        yield name
        worker.stop()
        thread.join()


def test_a_chain_hands_results_on(plain_face: Face, exclaim: str) -> None:
    async def scenario(client: Any) -> None:
        handles = await client.chain(
            PlannedJob(exclaim, b"a"), PlannedJob(exclaim), PlannedJob(exclaim)
        )
        results = [await client.result(each, timeout=10) for each in handles]
        assert results == [b"a!", b"a!!", b"a!!!"]
        assert await client.chain() == []

    plain_face.run(scenario)


def test_what_is_behind_a_failure_does_not_run(plain_face: Face, exclaim: str) -> None:
    later = f"{exclaim}-later"

    async def scenario(client: Any) -> None:
        handles = await client.chain(
            PlannedJob(later), PlannedJob(exclaim), PlannedJob(exclaim)
        )
        await client.cancel(handles[0])
        for handle in handles:
            with pytest.raises(JobFailedError, match="cancelled"):
                await client.result(handle, timeout=10)

    plain_face.run(scenario)


def test_a_group_is_a_batch(plain_face: Face, exclaim: str) -> None:
    name = f"batch {exclaim}"

    async def scenario(client: Any) -> None:
        jobs = [PlannedJob(exclaim, b"%d" % number) for number in range(3)]
        handles = await client.group(*jobs, batch=name)
        assert len(set(handles)) == 3
        assert await client.do(exclaim, after=f"batch:{name}", timeout=10)
        with Admin(str(plain_face.place.servers)) as admin:
            row = admin.batch(name)
        assert (row.total, row.succeeded, row.left) == (3, 3, 0)

    plain_face.run(scenario)


def test_a_chord_hands_all_results_on(plain_face: Face, exclaim: str) -> None:
    async def scenario(client: Any) -> None:
        jobs = [PlannedJob(exclaim, b"1"), PlannedJob(exclaim, b"2")]
        *first, last = await client.chord(jobs, PlannedJob(exclaim))
        handed = (await client.result(last, timeout=10)).removesuffix(b"!")
        told = {each["handle"]: each["result"] for each in json.loads(handed)}
        assert told == dict(zip(first, ["1!", "2!"], strict=True))
        for count in (0, 101):
            with pytest.raises(OptionError, match=f"a chord of {count} jobs"):
                await client.chord(jobs[:1] * count, PlannedJob(exclaim))

    plain_face.run(scenario)


def test_options_of_a_planned_job_win() -> None:
    job = PlannedJob("f", b"w", result_ttl=0, unique="u", priority="low")
    function, workload, unique, _, priority, background, special = job.job(
        result_ttl=3600.0, after="H:a:1"
    )
    assert (function, workload, unique, priority) == ("f", b"w", "u", "low")
    assert background
    assert special[4] == {"result_ttl": 0, "after": "H:a:1"}
