"""The session of docs/results.md."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path

from geartrain.client import Client
from geartrain.worker import Worker, WorkerJob
from tests.support.documents import PORT, run, snippets
from tests.support.servers import geartrain_command, run_server


def test_results_are_fetched_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (policies,) = snippets("docs/results.md", "toml")
    fetch, cached = snippets("docs/results.md", "python")
    (shell,) = snippets("docs/results.md", "sh")
    (script,) = snippets("docs/results.md", "php")
    file = tmp_path / "geartrain.toml"
    file.write_text(policies)
    runs: list[bytes] = []

    def small(job: WorkerJob) -> bytes:
        runs.append(job.workload)
        return b"small " + job.workload

    command = [*geartrain_command("geartrain"), "server", "--config", str(file)]
    with run_server(command, PORT), Worker(f"127.0.0.1:{PORT}") as worker:
        worker.register("thumbnail.small", small)
        worker.register("exchange-rate", small)
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            for program, expected in (
                (fetch, "b'small holiday.jpg'\n"),
                (cached, "b'small EUR/USD'\n"),
            ):
                done = subprocess.run(
                    [sys.executable, "-c", program],
                    capture_output=True,
                    text=True,
                    check=True,
                )
                assert done.stdout == expected
            assert runs.count(b"EUR/USD") == 1
            printed = run(shell, tmp_path, environment)
            assert '"state": "succeeded", ' in printed
            assert (tmp_path / "small.jpg").read_bytes() == b"small holiday.jpg"
            with Client() as client:
                handle = client.do_background("thumbnail.small", b"\xff")
            php = shutil.which("php")
            assert php is not None
            page = tmp_path / "result.php"
            page.write_text(script)
            said = subprocess.run([php, page, handle], capture_output=True, check=True)
            assert said.stdout == b"small \xff\n"
            said = subprocess.run([php, page, "H:9:9"], capture_output=True, check=True)
            assert said.stdout == b"H:9:9: unknown \n"
        finally:
            worker.stop()
            thread.join()
