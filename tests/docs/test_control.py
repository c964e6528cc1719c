"""The commands of docs/control.md, in their order."""

from __future__ import annotations

from pathlib import Path

from tests.support.documents import PORT, run, snippets
from tests.support.jobs_in_states import bury, submit, submit_later
from tests.support.servers import geartrain_command, run_server


def test_functions_and_jobs_are_controlled_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    pause, drain, jobs, dead, actions = snippets("docs/control.md", "sh")
    command = [*geartrain_command("geartrain"), "server", "--store", "memory:"]
    with run_server(command, PORT) as server:
        bury(server, b"report", [b"1", b"2"])
        bury(server, b"other", [b"3"], b"no route to host")
        submit(server, b"mail.send")
        submit_later(server, b"mail.send", 900, b"u")
        assert run(pause, tmp_path, environment) == (
            "Pause: mail.send\nResume: mail.send\n"
        )
        assert run(drain, tmp_path, environment) == "Refuse new jobs of: report\n"
        assert run(jobs, tmp_path, environment) == (
            "1 purged\n0 cancelled\n1 changed\n1 moved\n0 due now\n"
        )
        assert run(dead, tmp_path, environment) == ("0 retried\n1 retried\n2 dropped\n")
        told = run(actions, tmp_path, environment)
        assert "pause" in told
        assert "dead drop" in told
