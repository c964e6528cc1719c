"""The commands of docs/durable-jobs.md."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.documents import PORT, run, snippets
from tests.support.servers import run_server


def test_jobs_are_kept_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str], state: Path
) -> None:
    plain, named = snippets("docs/durable-jobs.md", "sh")
    # The how-to's path is the system's; here it is below this test's folder.
    named = named.replace("sqlite://", f"sqlite://{tmp_path}")
    for start, file in ((plain, state / "jobs.db"), (named, tmp_path / "srv/jobs")):
        command = start.split()
        command[0] = shutil.which("geartrain", path=environment["PATH"]) or ""
        with run_server(command, PORT) as first:
            run("gearman -b -f count kept", tmp_path, environment)
            first.process.kill()
        assert file.exists()
        with run_server(command, PORT):
            assert "count\t1\t0\t0" in run("gearadmin --status", tmp_path, environment)
