"""Statistics by HTTP."""

from __future__ import annotations

from tests.support.http_client import HttpServer
from tests.support.jobs_in_states import submit

COVERS = ("http/api/statistics",)


def test_what_happened_is_told(server: HttpServer) -> None:
    for _ in range(3):
        submit(server.jobs, b"busy")
    told = server.get("/v1/functions/busy/statistics?over=10&buckets=true").json
    assert (told["function"], told["now"]["waiting"]) == ("busy", 3)
    assert told["total"]["submitted"] == told["recent"]["submitted"] == 3
    rows = server.get("/v1/statistics?sort=submitted&limit=10").json["items"]
    assert {row["function"] for row in rows} >= {None, "busy"}
    for period in ("minutes", "hours"):
        (row,) = server.get(f"/v1/statistics/{period}?function=busy").json["items"]
        assert row["submitted"] == 3


def test_a_function_that_is_not_there_is_a_problem(server: HttpServer) -> None:
    reply = server.get("/v1/functions/never/statistics")
    assert (reply.status, reply.kind) == (404, "unknown-function")


def test_a_wrong_value_is_refused(server: HttpServer) -> None:
    for query in ("sort=beauty", "over=0", "over=61", "buckets=maybe", "limit=0"):
        assert server.get(f"/v1/statistics?{query}").kind == "invalid"
