"""Results of background jobs, and jobs followed by HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from geartrain.protocol.constants import PacketType as P
from tests.support.http_client import HttpServer, Reply, running_http
from tests.support.jobs_in_states import fail_all, submit
from tests.support.raw_workers import count, reverse, worker
from tests.support.waiting import wait_until
from tests.support.wire import Wire

COVERS = ("http/api/results", "http/stories")


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpServer]:
    folder = tmp_path_factory.mktemp("results")
    file = folder / "geartrain.toml"
    file.write_text('[functions."*"]\nresult_ttl = 600\nresult_size = 100000\n')
    with running_http("--config", str(file), "--store", str(folder / "jobs.db")) as it:
        yield it


def result(server: HttpServer, handle: str, wait: float = 0) -> Reply:
    return server.get(f"/v1/jobs/{handle}/result?wait={wait}")


def test_a_result_is_fetched_by_its_handle(keeping: HttpServer) -> None:
    handle = submit(keeping.jobs, b"reverse", b"abc\xff\0")
    reply = result(keeping, handle)
    assert (reply.status, reply.json["handle"]) == (202, handle)
    assert reply.json["state"] == "waiting"
    with worker(keeping.jobs.connect, "reverse", reverse):
        reply = result(keeping, handle, 20)
    assert (reply.status, reply.body) == (200, b"\0\xffcba")
    assert result(keeping, handle).body == b"\0\xffcba"
    told = keeping.get(f"/v1/jobs/{handle}/result", Accept="application/json").json
    assert (told["state"], told["kept"], told["size"]) == ("succeeded", "whole", 5)


def test_a_wait_ends_in_time(keeping: HttpServer) -> None:
    handle = submit(keeping.jobs, b"slow")
    assert result(keeping, handle, 0.1).status == 202


def test_a_job_that_failed_is_a_problem(keeping: HttpServer) -> None:
    handle = submit(keeping.jobs, b"die")
    fail_all(keeping.jobs, b"die", b"no such picture")
    reply = result(keeping, handle, 10)
    assert (reply.status, reply.kind) == (502, "job-failed")
    assert (reply.json["state"], reply.json["error"]) == ("dead", "no such picture")


def test_a_result_that_is_not_kept_is_a_problem(
    keeping: HttpServer, server: HttpServer
) -> None:
    with worker(keeping.jobs.connect, "large", reverse):
        handle = submit(keeping.jobs, b"large", bytes(200_000))
        wait = threading.Thread(target=result, args=(keeping, handle, 10))
        wait.start()
        wait.join()
    # Whoever waited got it; nobody else does.
    reply = result(keeping, handle)
    assert (reply.status, reply.kind) == (410, "no-result")
    assert "result_size" in reply.json["detail"]


def test_the_answer_does_not_blame_the_policy_for_a_result_that_has_expired(
    keeping: HttpServer,
) -> None:
    json_type = {"Content-Type": "application/json"}
    keeping.ask("PATCH", "/v1/policies/brief", '{"result_ttl": 0.5}', json_type)
    handle = submit(keeping.jobs, b"brief", b"ab")
    with worker(keeping.jobs.connect, "brief", reverse):
        assert result(keeping, handle, 20).body == b"ba"
        wait_until(lambda: result(keeping, handle).status == 410)
    detail = result(keeping, handle).json["detail"]
    assert "keeps no results" not in detail
    assert "any more" in detail
    assert "result_ttl" in detail


def test_a_result_of_no_job_is_a_problem(keeping: HttpServer) -> None:
    assert result(keeping, "H:other:77").kind == "unknown-job"
    for path in ("result", "events"):
        reply = keeping.get(f"/v1/jobs/a%20b%0A/{path}")
        assert reply.kind in ("unknown-job", "invalid")


def test_a_job_that_was_submitted_before_is_followed(keeping: HttpServer) -> None:
    handle = submit(keeping.jobs, b"count", b"ab")
    replies = []

    def follow() -> None:
        accept = {"Accept": "application/x-ndjson"}
        replies.append(keeping.ask("GET", f"/v1/jobs/{handle}/events", None, accept))

    with Wire(keeping.jobs.connect()) as hand:
        hand.register(b"count")
        thread = threading.Thread(target=follow)
        thread.start()
        hand.grab()
        hand.send(P.WORK_DATA, handle.encode(), b"half")
        hand.send(P.WORK_COMPLETE, handle.encode(), b"whole")
        thread.join(20)
    told = [json.loads(line) for line in replies[0].body.splitlines()]
    assert told[0] == {"event": "created", "handle": handle}
    assert [(each["event"], each["data"]) for each in told[1:]] == [
        ("data", "half"),
        ("complete", "whole"),
    ]


def test_a_story_that_is_over_is_told_from_what_is_kept(
    keeping: HttpServer, tmp_path: Path
) -> None:
    handle = submit(keeping.jobs, b"told", b"a")
    with worker(keeping.jobs.connect, "told", count):
        result(keeping, handle, 10)
    reply = keeping.get(f"/v1/jobs/{handle}/events")
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert b"event: complete\n" in reply.body
