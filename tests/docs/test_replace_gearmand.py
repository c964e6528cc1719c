"""The steps of docs/replace-gearmand.md."""

from __future__ import annotations

import time
from pathlib import Path

from tests.support.documents import run, snippets


def test_gearmand_is_replaced_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    start, look, end, check = snippets("docs/replace-gearmand.md", "sh")
    run(start, tmp_path, environment)
    pid = int((tmp_path / "gearmand.pid").read_text())
    assert f"\n{pid}\n" in run(look, tmp_path, environment)
    run(end, tmp_path, environment)
    wait_until_gone(tmp_path / "gearmand.pid")
    run(check, tmp_path, environment)


def wait_until_gone(pid_file: Path) -> None:
    deadline = time.monotonic() + 10
    while pid_file.exists():
        assert time.monotonic() < deadline, f"{pid_file} is still there"
        time.sleep(0.02)
