"""What a broadcast knows of its jobs."""

from __future__ import annotations

import json

from tests.support.addressed_jobs import (
    addressing,
    end_next,
    named_worker,
    submitted,
)


def test_its_jobs_are_members_until_they_have_ended() -> None:
    world = addressing()
    workers = [named_worker(world, name) for name in (b"a", b"b")]
    handle = submitted(world.client(), b"f?to=everyone")
    broadcast = world.engine.state.graph.batches[handle].broadcast
    assert broadcast is not None
    assert broadcast.is_kept
    first, second = broadcast.members
    end_next(workers[0], b"done")
    assert list(broadcast.members) == [second]
    assert json.loads(broadcast.outcomes[first])["result"] == "done"
    assert broadcast.size == len(b"done")
    end_next(workers[1])
    assert world.engine.state.graph.batches[handle].broadcast is None
