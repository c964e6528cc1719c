"""The program and the command in docs/headers.md."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from geartrain.admin import Admin
from tests.support.documents import PORT, run, snippets
from tests.support.servers import geartrain_command, run_server


def test_headers_travel_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (program,) = snippets("docs/headers.md", "python")
    (command,) = snippets("docs/headers.md", "sh")
    server = [*geartrain_command("geartrain"), "server", "--store", "memory:"]
    with run_server(server, PORT):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        # The client may warn that the worker is not there yet.
        assert (done.stdout, done.returncode) == ("b'Welcome, Ada'\n", 0)
        handle = run(command, tmp_path, environment).strip()
        with Admin(f"127.0.0.1:{PORT}") as admin:
            (row,) = admin.job(handle)
    assert row.headers == {"greeting": "Good morning", "tenant": "acme"}
