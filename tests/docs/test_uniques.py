"""The recipes of docs/uniques.md."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path

from geartrain.client import Client
from geartrain.worker import Worker, WorkerJob
from tests.support.documents import PORT, snippets
from tests.support.servers import geartrain_command, run_server
from tests.support.waiting import wait_until


def test_equal_jobs_are_treated_as_the_how_to_says(tmp_path: Path) -> None:
    (policies,) = snippets("docs/uniques.md", "toml")
    thumbnails, drafts = snippets("docs/uniques.md", "php")
    file = tmp_path / "geartrain.toml"
    file.write_text(policies)
    php = shutil.which("php")
    assert php is not None
    runs: list[tuple[str, bytes]] = []

    def note(job: WorkerJob) -> None:
        runs.append((job.function, job.workload))

    def page(script: str) -> list[str]:
        (tmp_path / "page.php").write_text(script)
        done = subprocess.run(
            [php, tmp_path / "page.php"], capture_output=True, text=True, check=True
        )
        return done.stdout.split()

    command = [*geartrain_command("geartrain"), "server", "--config", str(file)]
    with run_server(command, PORT), Worker(f"127.0.0.1:{PORT}") as worker:
        for name in ("thumbnail", "save-draft"):
            worker.register(name, note)
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            handles = page(thumbnails)
            assert (len(handles), len(set(handles))) == (3, 1)
            wait_until(lambda: runs == [("thumbnail", b"photos/7.jpg")])
            assert page(thumbnails) == handles
            page(drafts)
            wait_until(lambda: runs[1:] == [("save-draft", b"Dear")])
            with Client(f"127.0.0.1:{PORT}") as client:
                client.do_background("sensor", b"1")
        finally:
            worker.stop()
            thread.join()
