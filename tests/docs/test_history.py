"""The session of docs/history.md."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.documents import PORT, run, snippets
from tests.support.jobs_in_states import fail_all, submit
from tests.support.servers import geartrain_command, run_server


def test_what_happened_is_told_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    now, more, past, story, policy = snippets("docs/history.md", "sh")
    (program,) = snippets("docs/history.md", "python")
    # It is shown until Ctrl-C.
    more = more.replace("geartrain statistics --watch 5\n", "")
    command = [*geartrain_command("geartrain"), "server", "--store", "memory:"]
    with run_server(command, PORT) as server:
        submit(server, b"resize", b"picture 1")
        fail_all(server, b"resize", b"no space left")
        submit(server, b"resize", b"picture 2")
        shown = run(now, tmp_path, environment).splitlines()
        assert shown[0].split()[:2] == ["FUNCTION", "WAITING"]
        assert [line.split()[0] for line in shown[1:]] == ["resize", "TOTAL"]
        assert run(more, tmp_path, environment).count("\nTOTAL ") == 1
        listed = run(past, tmp_path, environment)
        assert " dead " in listed
        assert "no space left" in listed
        told = run(story, tmp_path, environment)
        assert "state       dead\n" in told
        assert "story\n  20" in told
        assert "  exception  gravedigger 127.0.0.1  no space left\n" in told
        assert "report*  history  86400  run time\n" in run(
            policy, tmp_path, environment
        )
        printed = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout
        assert printed.splitlines()[0].startswith("1 0.0 ")
