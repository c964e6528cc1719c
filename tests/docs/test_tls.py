"""The session of docs/tls.md, on another port."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.documents import run, snippets
from tests.support.servers import free_port, geartrain_command, run_server


def test_tls_is_spoken_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    port = free_port()
    make, start, ask, look = snippets("docs/tls.md", "sh")
    (program,) = snippets("docs/tls.md", "python")

    def on_port(script: str) -> str:
        return script.replace("localhost:4730", f"localhost:{port}")

    run(make, tmp_path, environment)
    assert {path.name for path in tmp_path.glob("*.pem")} == {
        "ca.pem",
        "server.pem",
        "web1.pem",
    }
    words = [
        str(tmp_path / word) if word.endswith((".pem", ".key")) else word
        for word in start.split()[1:]
    ]
    command = [*geartrain_command("geartrain"), *words]
    command += ["--port", str(port), "--store", "memory:"]
    with run_server(command, port):
        assert "no jobs wait or run" in run(on_port(ask), tmp_path, environment)
        done = subprocess.run(
            [sys.executable, "-c", on_port(program)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "0 jobs\n"
        assert run(on_port(look), tmp_path, environment).endswith(" - :\n.\n")
