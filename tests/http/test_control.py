"""Functions paused and drained, and many jobs steered at once, by HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.http_client import HttpServer, Reply, running_http
from tests.support.jobs_in_states import bury, submit, submit_later
from tests.support.wire import Wire

COVERS = ("http/api/control",)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpServer]:
    store = tmp_path_factory.mktemp("store") / "jobs.db"
    with running_http("--store", str(store)) as server:
        yield server


def post(server: HttpServer, path: str) -> Reply:
    return server.ask("POST", path)


def waiting(server: HttpServer, function: str) -> int:
    found: int = server.get(f"/v1/functions/{function}").json["normal"]
    return found


def test_a_function_is_paused_and_goes_on(server: HttpServer) -> None:
    submit(server.jobs, b"paused")
    assert post(server, "/v1/functions/paused/pause").status == 204
    with Wire(server.jobs.connect()) as hand:
        hand.register(b"paused")
        assert hand.command(b"policy paused").count(b"paused=true") == 1
        assert post(server, "/v1/functions/paus*/resume").status == 204
        assert post(server, "/v1/functions/paused/resume").status == 204
        hand.grab()


def test_a_function_that_drains_takes_no_new_jobs(server: HttpServer) -> None:
    submit(server.jobs, b"drained")
    assert post(server, "/v1/functions/drained/drain").status == 204
    reply = server.submit("drained")
    assert (reply.status, reply.kind) == (409, "draining")
    assert "drain" in reply.json["detail"]
    assert waiting(server, "drained") == 1


def test_one_job_is_run_now_moved_and_given_another_priority(
    server: HttpServer,
) -> None:
    handle = submit_later(server.jobs, b"one", 900)
    path = f"/v1/jobs/{handle}"
    assert post(server, f"{path}/run").status == 204
    assert post(server, f"{path}/move?to=an%20other").status == 204
    assert post(server, f"{path}/priority?priority=high").status == 204
    job = server.get(path).json
    told = job["state"], job["function"], job["priority"]
    assert told == ("ready", "an other", "high")
    for what in ("run", "move?to=f", "priority?priority=low"):
        assert post(server, f"/v1/jobs/H:x:99/{what}").kind == "unknown-job"
    for what in ("move", "priority", "priority?priority=urgent", "move?to="):
        assert post(server, f"{path}/{what}").kind == "invalid"


def test_many_jobs_are_counted_first_and_then_cancelled(stored: HttpServer) -> None:
    for _ in range(30):
        submit(stored.jobs, b"many")
    path = "/v1/jobs?function=many"
    assert stored.ask("DELETE", f"{path}&count=true").json == {"count": 30}
    assert waiting(stored, "many") == 30
    assert stored.ask("DELETE", path).json == {"count": 30}
    assert stored.ask("DELETE", path).json == {"count": 0}
    assert stored.ask("DELETE", "/v1/jobs").kind == "invalid"


def test_many_jobs_are_moved_hurried_and_run(stored: HttpServer) -> None:
    for _ in range(5):
        submit_later(stored.jobs, b"later", 900)
    for path in ("run?", "move?to=sooner&", "priority?priority=low&"):
        function = "sooner" if path.startswith("priority") else "later"
        reply = post(stored, f"/v1/jobs/{path}function={function}")
        assert reply.json == {"count": 5}, path
    assert stored.get("/v1/functions/sooner").json["low"] == 5


def test_dead_letters_are_steered_in_bulk(stored: HttpServer) -> None:
    bury(stored.jobs, b"dead", [b"1", b"2", b"3"], b"no such picture")
    path = "/v1/dead?function=dead&error=picture&reason=exception"
    assert stored.ask("DELETE", f"{path}&count=true").json == {"count": 3}
    assert post(stored, "/v1/dead/retry?function=dead").json == {"count": 3}
    assert waiting(stored, "dead") == 3
    bury(stored.jobs, b"gone", [b"1", b"2"])
    assert post(stored, "/v1/dead/move?to=saved&function=gone").json == {"count": 2}
    bury(stored.jobs, b"gone", [b"1"])
    assert stored.ask("DELETE", "/v1/dead?function=gone").json == {"count": 1}


def test_what_operators_did_is_listed(server: HttpServer) -> None:
    post(server, "/v1/functions/told/pause")
    (row,) = server.get("/v1/actions?function=told").json["items"]
    assert row["function"] == "told"
    assert (row["address"], row["client"]) == ("127.0.0.1", "http")


def test_when_the_server_started_is_listed(server: HttpServer) -> None:
    *_, first = server.get("/v1/marks?limit=100").json["items"]
    assert (first["mark"], first["function"]) == ("started", None)
    assert server.get("/v1/marks?limit=0").status == 422
