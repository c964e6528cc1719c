"""Statistics by HTTP."""

from __future__ import annotations

from tests.support.http_client import HttpServer
from tests.support.jobs_in_states import bury, submit

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


def test_functions_are_found_by_their_names_and_the_least_come_first(
    server: HttpServer,
) -> None:
    for name in (b"found-a", b"found-b", b"found-b", b"other"):
        submit(server.jobs, name)
    query = "match=found-*&sort=-recent.submitted&minutes=3&limit=1"
    told = server.get(f"/v1/statistics?{query}").json
    first, everything = told["items"]
    assert first["function"] == "found-a"
    assert first["minutes"]["submitted"] == [0, 0, 1]
    assert (everything["matched"], everything["before"]) == (2, 0)
    more = server.get(f"/v1/statistics?{query}&cursor={told['next']}").json["items"]
    assert [row["function"] for row in more] == ["found-b", None]


def test_what_made_jobs_fail_is_told(server: HttpServer) -> None:
    bury(server.jobs, b"failing", [b"1", b"2"], b"no route")
    (row,) = server.get("/v1/failures?function=failing&limit=5").json["items"]
    assert (row["error"], row["count"], row["state"]) == ("no route", 2, "dead")


def test_one_function_is_looked_up_by_any_name(server: HttpServer) -> None:
    submit(server.jobs, b"a/b \xff")
    assert server.get("/v1/functions/a%2Fb%20%FF").json["normal"] == 1
    assert server.get("/v1/functions/a%2Fb").kind == "unknown-function"


def test_a_function_that_is_not_there_is_a_problem(server: HttpServer) -> None:
    reply = server.get("/v1/functions/never/statistics")
    assert (reply.status, reply.kind) == (404, "unknown-function")


def test_a_wrong_value_is_refused(server: HttpServer) -> None:
    for query in ("sort=beauty", "over=0", "over=61", "buckets=maybe", "limit=0"):
        assert server.get(f"/v1/statistics?{query}").kind == "invalid"
