"""The file, the commands and the PHP worker of docs/schedules.md."""

from __future__ import annotations

import subprocess
from pathlib import Path

from geartrain.configuration.file import read_file
from geartrain.server.cron import calendar
from geartrain.server.schedules import read_schedules
from tests.support.documents import PORT, run, snippets
from tests.support.servers import geartrain_command, run_server

PAGE = "docs/schedules.md"


def test_schedules_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str], state: Path
) -> None:
    file, _ = snippets(PAGE, "toml")
    start, steer = snippets(PAGE, "sh")
    (worker,) = snippets(PAGE, "php")
    (tmp_path / "geartrain.toml").write_text(file)
    (tmp_path / "worker.php").write_text(worker)
    assert start == "geartrain server --config geartrain.toml\n"
    config = str(tmp_path / "geartrain.toml")
    command = [*geartrain_command("geartrain"), "server", "--config", config]
    with run_server(command, PORT):
        printed = run(steer, tmp_path, environment)
        assert "cleanup: submitted\n" in printed
        assert "cleanup: paused\n" in printed
        assert "nightly-report" in printed
        run("geartrain schedule run nightly-report", tmp_path, environment)
        done = subprocess.run(
            ["php", str(tmp_path / "worker.php")],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        assert done.stdout == "report of sales for 1 day\n"
        shown = run("geartrain schedule show nightly-report", tmp_path, environment)
        assert "succeeded" in shown


def test_a_line_of_a_crontab_becomes_a_table(tmp_path: Path) -> None:
    _, table = snippets(PAGE, "toml")
    (tmp_path / "geartrain.toml").write_text(table)
    found = read_schedules(read_file(str(tmp_path / "geartrain.toml")), calendar("UTC"))
    assert list(found) == [b"report"]
