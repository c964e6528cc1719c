"""The snippets of docs/dashboard.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.documents import PORT, run, snippets
from tests.support.http_client import HttpServer
from tests.support.servers import (
    geartrain_command,
    run_server,
    wait_until_listening,
)

HTTP_PORT = 4731


def test_the_dashboard_is_served_below_a_path(
    tmp_path: Path, environment: dict[str, str], state: Path
) -> None:
    (commands,) = snippets("docs/dashboard.md", "sh")
    started, asked = commands.strip().split("\n")
    words = started.removesuffix(" &").split(" ")
    # It must not outlast the test, whatever becomes of the shell.
    with run_server([*geartrain_command("geartrain"), *words[1:]], PORT):
        assert "<title>Overview" in run(asked, tmp_path, environment)


def test_what_is_to_be_hidden_is_not_shown(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (hiding,) = snippets("docs/dashboard.md", "python")
    (configuration,) = snippets("docs/dashboard.md", "toml")
    (tmp_path / "hiding.py").write_text(hiding)
    (tmp_path / "geartrain.toml").write_text(configuration)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    flags = ("--config", str(tmp_path / "geartrain.toml"), "--store", "memory:")
    with run_server([*geartrain_command("geartrain"), "server", *flags], PORT) as jobs:
        wait_until_listening(jobs.process, HTTP_PORT, jobs.log)
        server = HttpServer(jobs, HTTP_PORT)
        for function, shown in (("payroll.run", b"hidden"), ("login", b"...")):
            handle = server.submit(function, b'{"password": "1234"}').json["handle"]
            page = server.get(f"/jobs/{handle}").body
            assert b"1234" not in page
            assert shown in page
