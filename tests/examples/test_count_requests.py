"""Counts over the logs of a real web server."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from geartrain.testing import LocalServer
from tests.support.examples import at_work, run
from tests.support.servers import free_port, stop, wait_until_listening


def log_of_web_server(log: Path, found: int, missing: int) -> None:
    """Ask a web server for so many files, and for so many it does not have."""
    folder = log.with_suffix("")
    folder.mkdir()
    (folder / "page").write_text("hello")
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=output,
        )
    try:
        wait_until_listening(process, port, log)
        for name in ["page"] * found + ["nothing"] * missing:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}").close()
            except urllib.error.HTTPError as error:
                error.close()
    finally:
        stop(process)


def test_the_answers_in_all_logs_are_counted(
    server: LocalServer, tmp_path: Path
) -> None:
    logs = [tmp_path / "a.log", tmp_path / "b.log"]
    log_of_web_server(logs[0], 5, 2)
    log_of_web_server(logs[1], 3, 4)
    with (
        at_work(server, "count_requests:splitter"),
        at_work(server, "count_requests:counter", "--processes", "2"),
    ):
        printed = run(server, "count_requests.py", *map(str, logs))
    assert json.loads(printed) == {"200": 8, "404": 6}
    assert len(server.submitted("requests-in-file")) == 2
