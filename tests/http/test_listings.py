"""Jobs, functions and connections listed by HTTP, and jobs steered."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_from_bytes

import pytest

from geartrain.http.rows import readable
from geartrain.protocol.constants import PacketType
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import bury, schedule, submit, submit_later
from tests.support.wire import Wire

COVERS = (
    "http/api/connections",
    "http/kept",
    "http/rows",
    "http/api/jobs",
    "http/api/dead",
    "http/api/functions",
    "http/api/parts",
    "http/api/server",
)


def listed(server: HttpServer, path: str) -> Iterator[dict[str, Any]]:
    """Yield all items of a list, slice by slice."""
    cursor = ""
    joint = "&" if "?" in path else "?"
    while True:
        told = server.get(path + (f"{joint}cursor={quote(cursor)}" if cursor else ""))
        assert told.status == 200, told.body
        yield from told.json["items"]
        if told.json["next"] is None:
            return
        cursor = told.json["next"]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpServer]:
    store = tmp_path_factory.mktemp("store") / "jobs.db"
    with running_http("--store", str(store)) as server:
        yield server


def test_all_jobs_are_listed_once_slice_by_slice(stored: HttpServer) -> None:
    handles = [submit(stored.jobs, b"slices") for _ in range(25)]
    path = "/v1/jobs?function=slices&limit=10"
    assert [job["handle"] for job in listed(stored, path)] == handles
    assert len(stored.get(path).json["items"]) <= 10


def test_jobs_that_only_the_store_has_are_listed_too(stored: HttpServer) -> None:
    path = "/v1/functions/far/jobs?delay=90000"
    for _ in range(15):
        assert stored.ask("POST", path, b"x").status == 202
    path = "/v1/jobs?function=far&state=scheduled&limit=4"
    assert len({job["handle"] for job in listed(stored, path)}) == 15


def test_jobs_are_found_by_unique_and_state(server: HttpServer) -> None:
    handle = submit(server.jobs, b"found", unique=b"order 17")
    submit(server.jobs, b"found")
    for query in ("unique=order+17", "unique=order%2017&state=ready&function=found"):
        found = server.get(f"/v1/jobs?{query}").json
        assert [job["handle"] for job in found["items"]] == [handle]
        assert found["next"] is None
    assert server.get("/v1/jobs?unique=none").json == {"items": [], "next": None}


@pytest.mark.parametrize("cursor", ["x", "gone.memory-100", ".store-x", ".%0Ashutdown"])
def test_a_cursor_that_is_none_is_a_problem(server: HttpServer, cursor: str) -> None:
    reply = server.get(f"/v1/jobs?cursor={cursor}")
    assert reply.kind in ("invalid", "expired-cursor", "unavailable")
    assert server.get("/v1/server").status == 200


def test_a_slice_is_answered_once(server: HttpServer) -> None:
    for _ in range(3):
        submit(server.jobs, b"twice")
    path = "/v1/jobs?function=twice&limit=2"
    following = f"{path}&cursor={server.get(path).json['next']}"
    assert server.get(following).status == 200
    assert (server.get(following).status, server.get(following).kind) == (
        410,
        "expired-cursor",
    )


def test_a_job_is_shown_without_its_workload(server: HttpServer) -> None:
    handle = submit(server.jobs, b"shown", b"the workload", b"u")
    job = server.get(f"/v1/jobs/{handle}").json
    assert (job["function"], job["unique"], job["size"]) == ("shown", "u", 12)
    assert "workload" not in job


@pytest.mark.parametrize("size", [0, 5, 48 * 1024, 3_000_000])
def test_a_workload_is_fetched_whole(
    server: HttpServer, stored: HttpServer, size: int
) -> None:
    workload = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    for each, query in ((server, ""), (stored, "?delay=90000")):
        handle = each.submit("large", workload, query).json["handle"]
        reply = each.get(f"/v1/jobs/{handle}/workload")
        assert (reply.status, reply.body == workload) == (200, True)
        assert reply.headers["content-type"] == "application/octet-stream"
        assert each.get(f"/v1/jobs/{handle}").json["size"] == size


def test_a_job_that_is_not_there_is_a_problem(server: HttpServer) -> None:
    for method, path in [
        ("GET", "/v1/jobs/H:x:999"),
        ("DELETE", "/v1/jobs/H:x:999"),
        ("POST", "/v1/jobs/H:x:999/release"),
        ("POST", "/v1/jobs/H:x:999/retry"),
        ("GET", "/v1/dead/H:x:999"),
        ("DELETE", "/v1/dead/H:x:999"),
        ("POST", "/v1/dead/H:x:999/retry"),
        ("GET", "/v1/jobs/%00%0A%FF"),
        ("GET", "/v1/jobs/H:x:999/workload"),
    ]:
        reply = server.ask(method, path)
        assert (reply.status, reply.kind) == (404, "unknown-job"), path


def test_jobs_and_recurring_jobs_are_cancelled(server: HttpServer) -> None:
    for handle in (
        submit(server.jobs, b"cancelled"),
        submit_later(server.jobs, b"cancelled", 900),
        schedule(server.jobs, b"cancelled"),
    ):
        assert server.ask("DELETE", f"/v1/jobs/{handle}").status == 204
        assert server.ask("DELETE", f"/v1/jobs/{handle}").status == 404
    assert list(listed(server, "/v1/jobs?function=cancelled")) == []


def test_a_running_job_is_released_and_retried(server: HttpServer) -> None:
    handle = submit(server.jobs, b"run")
    with Wire(server.jobs.connect()) as hand:
        hand.register(b"run")
        hand.grab()
        assert server.get(f"/v1/jobs/{handle}").json["state"] == "running"
        assert server.ask("POST", f"/v1/jobs/{handle}/release").status == 204
        hand.grab()
        path = f"/v1/jobs/{handle}/retry?delay=900&error=no+such%20picture%0A"
        assert server.ask("POST", path).status == 204
    job = server.get(f"/v1/jobs/{handle}").json
    assert (job["state"], job["error"]) == ("scheduled", "no such picture\n")
    assert job["due"] > time.time() + 800


def test_dead_letters_are_shown_retried_and_dropped(server: HttpServer) -> None:
    first, second = bury(server.jobs, b"die", [b"1", b"2"], b"no such picture")
    path = "/v1/dead?function=die&limit=1"
    assert [each["handle"] for each in listed(server, path)] == [first, second]
    letter = server.get(f"/v1/dead/{first}").json
    assert (letter["state"], letter["error"]) == ("dead", "no such picture")
    assert server.ask("POST", f"/v1/dead/{first}/retry").status == 204
    assert server.get(f"/v1/jobs/{first}").json["state"] == "ready"
    assert server.ask("DELETE", f"/v1/dead/{second}").status == 204
    assert list(listed(server, path)) == []


def test_functions_and_connections_are_listed(server: HttpServer) -> None:
    submit(server.jobs, b"served")
    with Wire(server.jobs.connect()) as hand:
        hand.register(b"served")
        function = server.get("/v1/functions/served").json
        assert (function["normal"], function["workers"]) == (1, 1)
        rows = {row["function"]: row for row in listed(server, "/v1/functions")}
        # The wait of the first job has grown meanwhile.
        assert rows["served"].pop("oldest") >= function.pop("oldest")
        assert rows["served"] == function
        workers = list(listed(server, "/v1/workers"))
        assert [worker["functions"] for worker in workers] == [["served"]]
        connections = list(listed(server, "/v1/connections"))
        assert workers[0] in connections
        # This very request is one of them.
        ours = [each for each in connections if each["descriptor"] == 0]
        assert {(each["address"], each["id"]) for each in ours} == {
            ("127.0.0.1", "http")
        }
    counters = {each["function"]: each for each in listed(server, "/v1/counters")}
    assert counters["served"]["submitted"] == 1


def test_workers_are_found_and_paged(server: HttpServer) -> None:
    with Wire(server.jobs.connect()) as ann, Wire(server.jobs.connect()) as bob:
        for hand, name in ((ann, b"ann"), (bob, b"bob")):
            hand.send(PacketType.SET_CLIENT_ID, name)
            hand.register(b"shared")
            assert hand.echoes()
        path = "/v1/workers?function=shared&sort=number&names=0"
        first = server.get(f"{path}&limit=1").json
        (row,) = first["items"]
        assert (row["id"], row["functions"], row["abilities"]) == ("bob", [], 1)
        rest = server.get(f"{path}&limit=1&cursor={first['next']}").json
        assert [each["id"] for each in rest["items"]] == ["ann"]
        found = server.get("/v1/connections?kind=worker&match=AN").json["items"]
        assert [each["id"] for each in found] == ["ann"]
    assert server.get("/v1/workers?function=never").kind == "unknown-function"
    assert server.get("/v1/connections?kind=robot").kind == "invalid"


def test_processes_are_listed(server: HttpServer) -> None:
    with Wire(server.jobs.connect()) as supervisor:
        supervisor.command(b"announce supervisor host=web1 processes=2")
        for place in (b"0", b"1"):
            line = b"announce process target=t state=working place=" + place
            assert supervisor.command(line) == b"OK\r\n"
        first = server.get("/v1/processes?limit=1&match=web").json
        rest = server.get(f"/v1/processes?match=web&cursor={first['next']}").json
        places = [row["place"] for row in first["items"] + rest["items"]]
        assert places == [0, 1]


def test_a_function_that_is_not_there_is_a_problem(server: HttpServer) -> None:
    reply = server.get("/v1/functions/never")
    assert (reply.status, reply.kind) == (404, "unknown-function")


@pytest.mark.parametrize(
    "name", [b"caf\xe9", b'"}\n{"', b"a b", "käse 🧀".encode(), b"\\udc80", b"<b>&amp;"]
)
def test_any_name_is_shown_so_that_any_language_reads_it(
    server: HttpServer, name: bytes
) -> None:
    handle = submit(server.jobs, name, unique=name)
    path = quote_from_bytes(name, safe="")
    reply = server.get(f"/v1/jobs?unique={path}")
    reply.body.decode()
    (job,) = reply.json["items"]
    assert job["handle"] == handle
    # Whoever encodes it as UTF-8 must not fail.
    assert job["function"].encode() == name.decode("utf-8", "replace").encode()
    assert job.get("function_encoded", path) == path
    assert server.get(f"/v1/functions/{path}").json["normal"] == 1
    assert server.get(f"/v1/jobs/{handle}").json["unique"] == job["unique"]


def test_names_in_lists_are_readable_too() -> None:
    row = {"functions": ["ok", "caf\udce9"], "id": "x\udcff", "n": 1}
    shown = readable(row)
    json.dumps(shown, ensure_ascii=False).encode()
    assert shown == {
        "functions": ["ok", "caf\ufffd"],
        "functions_encoded": ["ok", "caf%E9"],
        "id": "x\ufffd",
        "id_encoded": "x%FF",
        "n": 1,
    }
    nested = readable({"story": [{"error": "caf\udce9"}]})
    assert nested == {"story": [{"error": "caf\ufffd", "error_encoded": "caf%E9"}]}


def test_why_a_job_does_not_run_is_told(server: HttpServer) -> None:
    handle = submit(server.jobs, b"unserved")
    told = server.get(f"/v1/jobs/{handle}/why").json
    assert (told["code"], told["function"]) == ("no_worker", "unserved")
    assert "unserved" in told["why"]


def test_a_job_that_has_ended_is_found(server: HttpServer) -> None:
    handle = submit(server.jobs, b"past", unique=b"u")
    with Wire(server.jobs.connect()) as hand:
        hand.register(b"past")
        hand.grab()
        hand.send(PacketType.WORK_COMPLETE, handle.encode(), b"done")
        assert hand.echoes()
    job = server.get(f"/v1/jobs/{handle}").json
    assert (job["status"], job["result_size"]) == ("succeeded", 4)
    assert [each["outcome"] for each in job["story"]] == ["succeeded"]
    for query in ("function=past", "unique=u&state=succeeded", "limit=1"):
        assert job in server.get(f"/v1/history?{query}").json["items"]
    assert server.get("/v1/history?function=past&state=failed").json["items"] == []


def test_policies_are_shown_and_changed(server: HttpServer) -> None:
    json_type = {"Content-Type": "application/json; charset=utf-8"}
    body = json.dumps({"timeout": 60, "max_attempts": 3})
    path = "/v1/policies/mail.*"
    assert server.ask("PATCH", path, body, json_type).status == 204
    assert server.get("/v1/functions/mail.send/policy").json["max_attempts"] == 3
    (row,) = listed(server, "/v1/policies")
    assert (row["pattern"], row["timeout"], row["max_attempts"]) == ("mail.*", 60, 3)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "bad-request"),
        (b"{", "bad-request"),
        (b"\xff", "bad-request"),
        (b"[" * 20000, "bad-request"),
        (b"{}", "invalid"),
        (b"[]", "invalid"),
        (b"1", "invalid"),
        (b'{"timeout": [1]}', "invalid"),
        (b'{"timeout": -1}', "invalid"),
        (b'{"timeout": 1e999}', "invalid"),
        (b'{"timeout": NaN}', "invalid"),
        (b'{"timeout": ""}', "invalid"),
        (b'{"timeout": "\\ud800"}', "invalid"),
        (b'{"\\n": 1}', "invalid"),
        (b'{"": 1}', "invalid"),
        (b'{"colour": 1}', "invalid"),
        (b'{"timeout": "' + b"x" * 70000 + b'"}', "too-large"),
    ],
)
def test_a_wrong_policy_is_refused(server: HttpServer, body: bytes, kind: str) -> None:
    json_type = {"Content-Type": "application/json"}
    reply = server.ask("PATCH", "/v1/policies/wrong", body, json_type)
    assert reply.kind == kind


def test_settings_of_another_type_are_refused(server: HttpServer) -> None:
    reply = server.ask("PATCH", "/v1/policies/f", b"timeout=1")
    assert (reply.status, reply.kind) == (415, "unsupported-type")


def test_the_server_and_its_store_are_shown(stored: HttpServer) -> None:
    told = stored.get("/v1/server").json
    assert told["pid"] == stored.jobs.process.pid
    assert "geartrain" in told["version"]
    assert stored.get("/v1/store").json["state"] == "ok"


def test_what_is_wrong_is_listed(server: HttpServer) -> None:
    submit(server.jobs, b"no-worker-at-all")
    rows = {row["function"]: row for row in listed(server, "/v1/problems")}
    row = rows["no-worker-at-all"]
    assert row["problem"] == "no_worker"
    assert "'no-worker-at-all'" in row["remedy"]


def test_ten_thousand_functions_are_listed(server: HttpServer) -> None:
    with Wire(server.jobs.connect()) as hand:
        for number in range(10_000):
            hand.send_bytes(b"create function f%d\n" % number)
            if number % 100 == 99:
                for _ in range(100):
                    hand.read_line()
    names = {each["function"] for each in listed(server, "/v1/functions")}
    assert names >= {f"f{number}" for number in range(10_000)}
