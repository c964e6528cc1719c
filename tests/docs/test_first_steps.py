"""The commands and programs of docs/first-steps.md."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.documents import run, running, snippets

DOCUMENT = "docs/first-steps.md"


def test_a_shell_worker_counts_bytes(
    tmp_path: Path, environment: dict[str, str], server: None
) -> None:
    worker, clients, look, lists = snippets(DOCUMENT, "sh")
    with running(["bash", "-c", f"exec {worker}"], tmp_path):
        assert run(clients, tmp_path, environment) == "12\n"
        assert re.search(r"^count\t\d\t\d\t1\n\.\n", run(look, tmp_path, environment))
    assert re.search(r"^count +2 ", run(lists, tmp_path, environment), re.MULTILINE)


def test_a_php_worker_and_its_client(
    tmp_path: Path, environment: dict[str, str], server: None
) -> None:
    worker, client = snippets(DOCUMENT, "php")
    (tmp_path / "worker.php").write_text(worker)
    (tmp_path / "client.php").write_text(client)
    with running(["php", "worker.php"], tmp_path):
        assert run("php client.php", tmp_path, environment) == "!dlroW olleH\n"
