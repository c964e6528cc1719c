"""What comes when, and schedules, by HTTP."""

from __future__ import annotations

import json
from typing import Any

from tests.support.http_client import HttpServer, Reply
from tests.support.jobs_in_states import schedule, submit_later

NIGHTLY = {"function": "report", "cron": "0 3 * * *", "timezone": "Europe/Vienna"}


def send(server: HttpServer, method: str, path: str, values: object) -> Reply:
    body = json.dumps(values).encode()
    return server.ask(method, path, body, {"Content-Type": "application/json"})


def names(server: HttpServer) -> list[str]:
    items: list[dict[str, Any]] = server.get("/v1/schedules").json["items"]
    return [each["name"] for each in items]


def test_what_comes_is_listed(server: HttpServer) -> None:
    recurring = schedule(server.jobs, b"recur")
    later = submit_later(server.jobs, b"recur", 60)
    items = server.get("/v1/upcoming?function=recur").json["items"]
    assert {each["handle"] for each in items} == {recurring, later}
    (job,) = server.get("/v1/upcoming?function=recur&kind=job").json["items"]
    assert (job["kind"], job["state"]) == ("job", "scheduled")


def test_a_schedule_is_added_changed_steered_and_removed(server: HttpServer) -> None:
    path = "/v1/schedules/nightly"
    given = {**NIGHTLY, "headers": {"tenant": "a b"}, "workload": "w"}
    assert send(server, "POST", path, given).status == 204
    shown = server.get(path).json
    assert (shown["headers"], shown["workload"]) == ({"tenant": "a b"}, "w")
    assert send(server, "PATCH", path, {"every": 60, "missed": "all"}).status == 204
    assert server.get(path).json["every"] == 60
    assert send(server, "PATCH", path, {"missed": None, "jitter": 5}).status == 204
    assert server.get(path).json["missed"] == "once"
    assert server.ask("POST", f"{path}/run").status == 204
    before = server.get(path).json["next"]
    assert server.ask("POST", f"{path}/skip").status == 204
    shown = server.get(path).json
    assert shown["next"] == before + 60
    assert [run["outcome"] for run in shown["runs"]] == ["skipped", None]
    assert server.ask("POST", f"{path}/pause").status == 204
    assert server.get(path).json["state"] == "paused"
    assert server.ask("POST", f"{path}/resume").status == 204
    times = server.get(f"{path}/next?count=2").json["items"]
    assert times[1]["time"] - times[0]["time"] == 60
    assert server.ask("DELETE", path).status == 204
    for method, end in (
        ("GET", ""),
        ("POST", "/run"),
        ("DELETE", ""),
        ("GET", "/next"),
    ):
        reply = server.ask(method, path + end)
        assert (reply.status, reply.kind) == (404, "unknown-job")


def test_a_clients_schedule_is_one_by_its_handle(server: HttpServer) -> None:
    handle = schedule(server.jobs, b"weekly")
    (found,) = server.get("/v1/schedules?function=weekly").json["items"]
    assert (found["name"], found["source"]) == (handle, "client")
    assert (found["times"], found["cron"]) == ("30 7 * * mon", "30 7 * * mon")
    assert server.ask("DELETE", f"/v1/schedules/{handle}").status == 204
    assert handle not in names(server)


def test_a_wrong_schedule_is_refused_and_the_setting_named(server: HttpServer) -> None:
    path = "/v1/schedules/wrong"
    for given, reason in (
        ({"function": "f"}, "either cron"),
        ({**NIGHTLY, "corn": "x"}, "did you mean 'cron'"),
        ({**NIGHTLY, "cron": "61 * * * *"}, "Bad minute"),
        ({**NIGHTLY, "timezone": "Mars/Olympus"}, "Mars/Olympus"),
        ({**NIGHTLY, "paused": []}, "'paused' cannot be"),
    ):
        reply = send(server, "POST", path, given)
        assert (reply.status, reply.kind) == (422, "invalid")
        assert reason in reply.json["detail"]
    assert "wrong" not in names(server)


def test_times_are_shown_before_there_is_a_schedule(server: HttpServer) -> None:
    asked = "/v1/schedule-times?cron=0%2030%202%20*%20*%20*&timezone=UTC&count=3"
    times = [each["time"] for each in server.get(asked).json["items"]]
    assert [time % 86400 for time in times] == [9000.0] * 3
    assert server.get("/v1/schedule-times").kind == "invalid"


def test_a_list_is_gone_on_with(server: HttpServer) -> None:
    for name in ("a", "b", "c"):
        send(server, "POST", f"/v1/schedules/part-{name}", {**NIGHTLY, "function": "p"})
    first = server.get("/v1/schedules?function=p&limit=2").json
    assert [each["name"] for each in first["items"]] == ["part-a", "part-b"]
    path = f"/v1/schedules?function=p&limit=2&cursor={first['next']}"
    assert [each["name"] for each in server.get(path).json["items"]] == ["part-c"]
