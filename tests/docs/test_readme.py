"""The commands and programs of README.md."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests.support.documents import run, running, snippets


def test_a_worker_and_a_client(
    tmp_path: Path, environment: dict[str, str], server: None
) -> None:
    worker, client = snippets("README.md", "python")
    start_server, start_worker = snippets("README.md", "sh")
    assert start_server == "script/server\n"
    (tmp_path / "tasks.py").write_text(worker)
    (tmp_path / "client.py").write_text(client)
    with running(["bash", "-c", f"exec {start_worker}"], tmp_path, environment):
        printed = run(f"{sys.executable} client.py", tmp_path, environment)
    assert printed.splitlines() == ["!dlroW olleH", "1000 jobs are on disk"]
    counted = run("geartrain counters", tmp_path, environment)
    assert re.search(r"^reverse +1001 ", counted, re.MULTILINE), counted
