"""Flow keys, by HTTP."""

from __future__ import annotations

from tests.support.http_client import HttpServer
from tests.support.keys_at_work import submit_accounts
from tests.support.wire import Wire


def test_flow_keys_are_listed_and_measured(server: HttpServer) -> None:
    with Wire(server.jobs.connect()) as wire:
        submit_accounts(server.jobs, wire)
        reply = server.get("/v1/functions/sync/keys?limit=1").json
        (row,) = reply["items"]
        assert (row["key"], row["held"], row["running"]) == ("account-7", 2, 1)
        rest = server.get(f"/v1/functions/sync/keys?limit=1&cursor={reply['next']}")
        assert [each["key"] for each in rest.json["items"]] == ["account-8"]
        jobs = server.get("/v1/jobs?key=account-8").json["items"]
        assert [each["key"] for each in jobs] == ["account-8"]
        function = server.get("/v1/functions/sync").json
        assert (function["held"], function["flow_keys"], function["next"]) == (
            2,
            2,
            None,
        )
        metrics = server.get("/metrics").body.decode()
        assert 'gearman_jobs_held{function="sync"} 2\n' in metrics
        assert 'gearman_flow_keys{function="sync"} 2\n' in metrics
        assert server.get("/v1/functions/none/keys").kind == "unknown-function"
