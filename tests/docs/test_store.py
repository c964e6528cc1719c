"""The commands of docs/store.md."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.documents import PORT, run, snippets
from tests.support.jobs_in_states import submit
from tests.support.servers import geartrain_command, run_server


def test_the_store_is_looked_after_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    # The how-to's paths are the system's; here they are below this test's folder.
    check, backup, compact, copy = (
        snippet.replace("/var/lib/geartrain", str(tmp_path))
        for snippet in snippets("docs/store.md", "sh")
    )
    location = f"sqlite://{tmp_path}/jobs.db"
    command = [*geartrain_command("geartrain"), "server", "--store", location]
    with run_server(command, PORT) as server:
        handle = submit(server, b"resize")
        backed_up = run(backup, tmp_path, environment).rstrip("\n")
    printed = run(check, tmp_path, environment)
    # How many statistics are among the entries depends on when the minute ended.
    counted = "1 jobs, 0 dead letters, 0 recurring jobs, \\d+ entries, 0 results"
    counted += ", 0 endings, 0 problems"
    assert re.search(f"/jobs.db: {counted}\n$", printed)
    assert run(f"geartrain store check {backed_up}", tmp_path, environment).startswith(
        f"{tmp_path}/jobs.db.backup-"
    )
    assert " bytes before, " in run(compact, tmp_path, environment)
    assert run(copy, tmp_path, environment).endswith(" imported\n")
    command[-1] = f"sqlite://{tmp_path}/copy.db"
    with run_server(command, PORT):
        assert handle in run("geartrain jobs", tmp_path, environment)
