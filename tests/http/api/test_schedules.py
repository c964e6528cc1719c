"""What comes when, by HTTP."""

from __future__ import annotations

from tests.support.http_client import HttpServer
from tests.support.jobs_in_states import schedule, submit_later


def test_what_comes_is_listed(server: HttpServer) -> None:
    recurring = schedule(server.jobs, b"recur")
    later = submit_later(server.jobs, b"recur", 60)
    items = server.get("/v1/upcoming?function=recur").json["items"]
    assert {each["handle"] for each in items} == {recurring, later}
    (job,) = server.get("/v1/upcoming?function=recur&kind=job").json["items"]
    assert (job["kind"], job["state"]) == ("job", "scheduled")


def test_a_recurring_job_is_run_skipped_and_ended(server: HttpServer) -> None:
    handle = schedule(server.jobs, b"nightly")
    path = f"/v1/schedules/{handle}"

    def due() -> list[float]:
        items = server.get("/v1/schedules").json["items"]
        return [each["due"] for each in items if each["handle"] == handle]

    (before,) = due()
    assert server.ask("POST", f"{path}/run").status == 204
    jobs = server.get("/v1/jobs?function=nightly").json["items"]
    assert [each["state"] for each in jobs] == ["ready"]
    assert server.ask("POST", f"{path}/skip").status == 204
    assert due()[0] > before
    assert server.ask("DELETE", path).status == 204
    assert due() == []
    for method, end in (("POST", "/run"), ("POST", "/skip"), ("DELETE", "")):
        reply = server.ask(method, path + end)
        assert (reply.status, reply.kind) == (404, "unknown-job")
