"""The snippets of docs/http.md."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.documents import PORT, run, snippets
from tests.support.raw_workers import reverse, worker
from tests.support.servers import (
    RunningServer,
    geartrain_command,
    run_server,
)
from tests.support.waiting import wait_until

DOCUMENT = "docs/http.md"
HTTP_PORT = 4731


@pytest.fixture
def http(state: Path) -> Iterator[RunningServer]:
    with run_server([*geartrain_command("geartrain"), "server"], PORT) as server:
        # Without the port there is no HTTP, and another server would answer.
        told = f"ready on 127.0.0.1:{PORT}, http://127.0.0.1:{HTTP_PORT}"
        wait_until(lambda: told in server.log.read_text(), told)
        with worker(server.connect, "reverse", reverse):
            yield server


def test_curl_does_what_it_says(
    tmp_path: Path, environment: dict[str, str], http: RunningServer
) -> None:
    submit, wait, stream, look, wrong, _ = snippets(DOCUMENT, "sh")
    (tmp_path / "picture.jpg").write_bytes(b"\xff\xd8picture")
    told = json.loads(run(submit, tmp_path, environment))
    assert told["unique"] == "picture-7"
    assert run(wait, tmp_path, environment) == "olleh"
    created, complete = run(stream, tmp_path, environment).splitlines()
    shown, problem = snippets(DOCUMENT, "json")
    assert created.partition("H:")[0] == shown.partition("H:")[0]
    assert complete == shown.splitlines()[1]
    listed = run(look, tmp_path, environment)
    for name in ("picture-7", '"workers": 1', '"total"'):
        assert name in listed
    assert run(wrong, tmp_path, environment) == problem


def test_php_does_what_it_says(tmp_path: Path, http: RunningServer) -> None:
    by_file, by_curl = snippets(DOCUMENT, "php")
    assert php(by_file, tmp_path) == "202 picture-8\n200 olleh\n"
    assert php(by_curl, tmp_path) == "200 olleh\n"


def php(snippet: str, folder: Path) -> str:
    script = folder / "script.php"
    script.write_text(snippet)
    done = subprocess.run(
        ["php", "-d", "display_errors=stderr", script],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def test_python_does_what_it_says(http: RunningServer) -> None:
    (snippet,) = snippets(DOCUMENT, "python")
    done = subprocess.run(
        [sys.executable, "-c", snippet], capture_output=True, text=True, check=True
    )
    assert done.stdout == "picture-9\n"


def test_a_token_lets_others_in(tmp_path: Path, environment: dict[str, str]) -> None:
    guarded = snippets(DOCUMENT, "sh")[-1]
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 8731))
    script = f"{guarded}\nkill $!\nwait $! || true\n"
    answer = run(script, tmp_path, environment)
    assert '"pid": ' in answer
    assert oct(os.stat(tmp_path / "http-token").st_mode)[-3:] == "600"
