"""The programs and commands of docs/submissions.md."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from geartrain.admin import Admin
from geartrain.admin.job_rows import JobRow
from tests.support.documents import PORT, run, snippets
from tests.support.peers import need
from tests.support.servers import geartrain_command, run_server

PAGE = "docs/submissions.md"


def waiting(function: str) -> list[JobRow]:
    """Return the jobs of a function, each with its options."""
    with Admin(f"127.0.0.1:{PORT}") as admin:
        listed = list(admin.jobs(function=function))
        return [row for each in listed for row in admin.job(each.handle)]


def test_options_in_names_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    need("php", "php-cli php-gearman")
    (program,) = snippets(PAGE, "php")
    (file,) = snippets(PAGE, "toml")
    _, commands = snippets(PAGE, "sh")
    (tmp_path / "geartrain.toml").write_text(file)
    config = ["--config", str(tmp_path / "geartrain.toml"), "--store", "memory:"]
    with run_server([*geartrain_command("geartrain"), "server", *config], PORT):
        (tmp_path / "submit.php").write_text(program)
        run("php submit.php", tmp_path, environment)
        (row,) = waiting("close-order")
        assert row.options == {"key": "shop-7"}
        assert row.due is not None
        assert row.submitted is not None
        assert row.due - row.submitted == pytest.approx(1200, abs=1)
        (row,) = waiting("newsletter")
        assert row.options == {"key": "Müller & Söhne", "ttl": "3600"}
        assert row.priority == "low"
        # The tool that comes with libgearman, and the HTTP API beside it.
        run(commands.split("curl")[0], tmp_path, environment)
        assert [row.options["key"] for row in waiting("close-order")] == ["shop-7"] * 3


def test_options_from_python_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str], server: None
) -> None:
    (program,) = snippets(PAGE, "python")
    change, commands = snippets(PAGE, "sh")
    subprocess.run([sys.executable, "-c", program], env=os.environ, check=True)
    (row,) = waiting("preview")
    assert row.options == {"ttl": "15", "max_attempts": "2"}
    (row,) = waiting("close-order")
    assert row.options == {"key": "shop-7"}
    run(change, tmp_path, environment)
    assert "options_in_names" in run("geartrain policy", tmp_path, environment)
    run(commands, tmp_path, environment)
    assert len(waiting("close-order")) == 4
