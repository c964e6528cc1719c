"""A worker, and one that runs a job."""

from __future__ import annotations

import pytest

from tests.support.dialogue import H1, DialoguePeer, World, job_assign, job_created


@pytest.fixture
def worker(world: World) -> DialoguePeer:
    return world.worker("f")


@pytest.fixture
def running(client: DialoguePeer, worker: DialoguePeer) -> DialoguePeer:
    """A worker that runs H:test:1, for which ``client`` waits."""
    client.submit_job(b"f", b"u", b"w")
    worker.grab_job()
    assert client.received == [job_created(H1)]
    assert worker.received == [job_assign(H1, b"f", b"w")]
    return worker
