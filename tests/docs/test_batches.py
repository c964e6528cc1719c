"""The programs of docs/batches.md, by PHP's real extension."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from geartrain.admin import Admin
from tests.support.documents import PORT, run, running, snippets
from tests.support.peers import need
from tests.support.servers import geartrain_command, run_server
from tests.support.waiting import wait_until

PAGE = "docs/batches.md"
MAILS = 200


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Run a job server as the page configures it; write its programs into a folder."""
    need("php", "php-cli php-gearman")
    names = ("bar", "progress", "chain", "worker")
    for name, program in zip(names, snippets(PAGE, "php"), strict=True):
        (tmp_path / f"{name}.php").write_text(program)
    mails = "".join(f"reader-{number}@example.org\n" for number in range(MAILS))
    (tmp_path / "recipients.txt").write_text(mails)
    file = tmp_path / "geartrain.toml"
    file.write_text(snippets(PAGE, "toml")[0])
    command = [*geartrain_command("geartrain"), "server", "--store", "memory:"]
    with run_server([*command, "--config", str(file)], PORT):
        yield tmp_path


def test_the_programs_do_what_the_how_to_says(
    folder: Path, environment: dict[str, str]
) -> None:
    run("gearman -b -n -f 'mail?batch=news' < recipients.txt", folder, environment)
    first = json.loads(run("php progress.php", folder, environment))
    assert (first["ended"], first["done"], first["total"]) == (False, 0, MAILS)
    run("php chain.php", folder, environment)
    bar_command = ["php", "bar.php"]
    with subprocess.Popen(bar_command, cwd=folder, stdout=subprocess.PIPE) as process:
        # A worker that is there before would be done before anybody waits.
        with Admin(f"127.0.0.1:{PORT}") as admin:
            wait_until(lambda: len(admin.batch("news").waiting) == 2, "it waits")
        with running(["php", "worker.php"], folder):
            bar_output = process.communicate(timeout=30)[0].decode()
    with running(["php", "worker.php"], folder):
        *bar, report = bar_output.splitlines()
        assert report == f"{2 * MAILS} of {2 * MAILS} mails were sent"
        told = [int(line.removesuffix(f" of {2 * MAILS} mails")) for line in bar]
        assert told, "no progress was told"
        assert told == sorted(set(told))
        python = [sys.executable, "-c", snippets(PAGE, "python")[0]]
        said = subprocess.run(python, capture_output=True, text=True, check=True)
        assert sorted(said.stdout.strip().split(", ")) == [
            "sent to ann@example.org",
            "sent to bo@example.org",
        ]
        ask = f"php progress.php {first['report']}"
        until = time.monotonic() + 20
        while not json.loads(run(ask, folder, environment))["ended"]:
            assert time.monotonic() < until
        first_commands, commands = snippets(PAGE, "sh")
        printed = run(first_commands, folder, environment)
        assert printed.endswith(f"{2 * MAILS} of {2 * MAILS} mails were sent")
    assert (folder / "published.txt").read_text() == "small holiday.jpg"
    shown = run(commands, folder, environment)
    assert f"{2 * MAILS} of {2 * MAILS} jobs ended, {2 * MAILS} of them well" in shown
