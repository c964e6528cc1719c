"""``geartrain owners``, and the same by HTTP and in Python."""

from __future__ import annotations

from pathlib import Path

from geartrain.admin import Admin
from tests.support.commands import ask, objects
from tests.support.http_client import running_http
from tests.support.jobs_in_states import submit

COVERS = ("admin/owners",)

RULES = """
[access.web]
address = "loopback"
submit = "*"
administer = "*"
max_jobs = 4
"""


def test_owners_are_listed_with_their_limits(tmp_path: Path) -> None:
    (tmp_path / "geartrain.toml").write_text(RULES)
    with running_http("--config", str(tmp_path / "geartrain.toml")) as server:
        for _ in range(3):
            submit(server.jobs, b"resize")
        (row,) = objects(server.jobs, "owners")
        assert (row["owner"], row["used"]) == ("web", 0.75)
        status, out, _ = ask(server.jobs, "owners")
        assert status == 0
        assert out.splitlines()[1].split()[0] == "web"
        (row_by_http,) = server.get("/v1/owners").json["items"]
        with Admin(server.jobs.address) as admin:
            (found,) = admin.owners(match="w*")
        assert (found.jobs, found.max_jobs) == (3, 4)
        assert (row_by_http["jobs"], row_by_http["max_jobs"]) == (3, 4)
        assert len(objects(server.jobs, "jobs", "--owner", "web")) == 3
        assert objects(server.jobs, "jobs", "--owner", "other") == []
