"""The session of docs/tls.md, on another port."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.documents import run, snippets
from tests.support.servers import free_port, geartrain_command, run_server
from tests.support.waiting import wait_until


def test_tls_is_spoken_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    port, http_port = free_port(), free_port()
    make, start, serve, get, ask, look = snippets("docs/tls.md", "sh")
    (program,) = snippets("docs/tls.md", "python")

    def on_port(script: str) -> str:
        script = script.replace("localhost:4731", f"localhost:{http_port}")
        return script.replace("localhost:4730", f"localhost:{port}")

    run(make, tmp_path, environment)
    assert {path.name for path in tmp_path.glob("*.pem")} == {
        "ca.pem",
        "server.pem",
        "web1.pem",
    }
    words = [
        str(tmp_path / word) if word.endswith((".pem", ".key")) else word
        for word in [*start.split()[1:], *on_port(serve).split()[2:]]
    ]
    command = [*geartrain_command("geartrain"), *words]
    command += ["--port", str(port), "--store", "memory:"]
    with run_server(command, port) as server:
        wait_until(lambda: f":{http_port}" in server.log.read_text())
        assert run(on_port(get), tmp_path, environment) == '{"status": "live"}\n'
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
