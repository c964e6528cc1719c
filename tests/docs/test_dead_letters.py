"""The session of docs/dead-letters.md."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.support.documents import PORT, run, snippets
from tests.support.jobs_in_states import fail_all, submit, submit_later
from tests.support.servers import geartrain_command, run_server


def test_jobs_are_seen_and_steered_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    look, cancel, dead, again, count = snippets("docs/dead-letters.md", "sh")
    (program,) = snippets("docs/dead-letters.md", "python")
    command = [*geartrain_command("geartrain"), "server", "--store", "memory:"]
    with run_server(command, PORT) as server:
        later = submit_later(server, b"resize", 900, b"order-17")
        submit(server, b"resize", b"picture 2")
        listed = run(look, tmp_path, environment)
        assert f"\n{later} " in listed
        assert f"handle      {later}\n" in listed
        assert " is delayed: no worker has the function 'resize'\n" in listed
        assert (tmp_path / "workload").read_text() == "later"
        assert run(cancel, tmp_path, environment) == "1 cancelled\n"
        fail_all(server, b"resize", b"no such picture")
        submit(server, b"resize", b"picture 3")
        fail_all(server, b"resize", b"no such picture")
        # Both snippets are one session: the second uses the first's handle.
        printed = run(f"{dead}\n{again}", tmp_path, environment)
        assert "reason      exception\n" in printed
        assert printed.endswith(
            "workload\n  picture 2\n1 retried\n1 retried\n0 dropped\n"
        )
        fail_all(server, b"resize", b"no such picture")
        counted = run(count, tmp_path, environment).splitlines()
        assert re.match(r"resize +3 +0 ", counted[1])
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        assert len(re.findall(r"exception no such picture\n", done.stdout)) == 2
        assert run("geartrain dead list --json", tmp_path, environment) == ""
