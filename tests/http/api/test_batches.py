"""Batches, by HTTP."""

from __future__ import annotations

from tests.support.batches_at_work import submit_batch
from tests.support.http_client import HttpServer


def test_batches_are_told_cancelled_and_retried(server: HttpServer) -> None:
    *_, report = submit_batch(server.jobs, "news-7", failing=2)
    items = server.get("/v1/batches?state=open").json["items"]
    assert [each["name"] for each in items] == ["news-7"]
    row = server.get("/v1/batches/news-7").json
    assert (row["dead"], row["left"], row["waiting"]) == (2, 1, [report])
    jobs = server.get("/v1/jobs?batch=news-7").json["items"]
    assert [each["function"] for each in jobs] == ["mail"]
    assert server.ask("POST", "/v1/batches/news-7/retry").json == {"count": 2}
    assert server.ask("POST", "/v1/batches/news-7/cancel").json == {"count": 3}
    reply = server.get("/v1/batches/other")
    assert (reply.status, reply.kind) == (404, "unknown-batch")
