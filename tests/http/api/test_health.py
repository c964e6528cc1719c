"""Whether the job server is alive, and whether it takes jobs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from geartrain.http.api.health import reasons
from tests.support.http_client import HttpServer, running_http


def test_a_server_is_alive_and_ready(server: HttpServer) -> None:
    assert server.get("/livez").json == {"status": "live"}
    assert server.get("/readyz").json == {"status": "ready", "reasons": []}


def test_a_server_whose_store_refuses_is_not_ready(tmp_path: Path) -> None:
    store = tmp_path / "jobs.db"
    with running_http("--store", f"sqlite://{store}") as server:
        assert server.get("/readyz").status == 200
        # Its file goes away, which it notices within a second or two.
        store.unlink()
        for _ in range(100):
            reply = server.get("/readyz")
            if reply.status != 200:
                break
            time.sleep(0.1)
        assert (reply.status, reply.json["status"]) == (503, "not ready")
        assert reply.json["reasons"] == ["store refusing"]
        assert str(tmp_path) not in reply.body.decode()
        assert server.get("/livez").status == 200


@pytest.mark.parametrize(
    ("state", "store", "is_full", "told"),
    [
        ("running", "ok", False, []),
        ("stopping", "ok", False, ["stopping"]),
        ("running", "failing", True, ["store failing", "memory full"]),
    ],
)
def test_each_reason_is_told(
    state: str, store: str, is_full: bool, told: list[str]
) -> None:
    server = {"state": state, "memory": {"is_full": is_full}}
    assert reasons(server, {"state": store}) == told
