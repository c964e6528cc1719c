"""The programs of docs/broadcasts.md: by PHP's real extension, and a web server."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from geartrain.admin import Admin
from tests.support.documents import PORT, run, running, snippets
from tests.support.peers import need
from tests.support.servers import free_port, geartrain_command, run_server
from tests.support.waiting import wait_until

PAGE = "docs/broadcasts.md"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Run a job server and a web server; write the page's programs into a folder."""
    need("php", "php-cli php-gearman php-apcu")
    port = free_port()
    names = ("clear-apcu", "worker", "deploy", "last-line")
    for name, program in zip(names, snippets(PAGE, "php"), strict=True):
        text = program.replace("http://127.0.0.1/", f"http://127.0.0.1:{port}/")
        (tmp_path / f"{name}.php").write_text(text)
    (tmp_path / "fill.php").write_text(
        "<?php echo $_GET['put'] ?? '' ? apcu_store('page', 'old') : "
        "(apcu_exists('page') ? 'full' : 'empty');"
    )
    file = tmp_path / "geartrain.toml"
    file.write_text(snippets(PAGE, "toml")[0])
    command = [*geartrain_command("geartrain"), "server", "--store", "memory:"]
    with ExitStack() as stack:
        stack.enter_context(run_server([*command, "--config", str(file)], PORT))
        web = ["php", "-S", f"127.0.0.1:{port}"]
        stack.enter_context(running(web, tmp_path))
        wait_until(lambda: is_listening(port), "the web server listens")
        for name in ("web-1", "web-2"):
            stack.enter_context(running(["php", "worker.php", name], tmp_path))
        with Admin(f"127.0.0.1:{PORT}") as admin:
            wait_until(lambda: len(list(admin.workers())) == 2, "they have come")
        (tmp_path / "port").write_text(str(port))
        yield tmp_path


def is_listening(port: int) -> bool:
    """Tell whether the web server has come."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except ConnectionRefusedError:
        return False
    return True


def asked(folder: Path, path: str) -> str:
    """Ask the web server for a page."""
    from urllib.request import urlopen

    port = (folder / "port").read_text()
    with urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
        return str(answer.read().decode())


def test_every_web_host_clears_its_cache(
    folder: Path, environment: dict[str, str]
) -> None:
    assert asked(folder, "fill.php?put=1") == "1"
    assert asked(folder, "fill.php") == "full"
    told = run("php deploy.php", folder, environment).splitlines()
    assert asked(folder, "fill.php") == "empty"
    assert sorted(line for line in told if "web-" in line) == [
        "web-1: cleared",
        "web-2: cleared",
    ]
    assert told[-1] == "2 caches are empty"
    last = run("php last-line.php", folder, environment).splitlines()
    assert sorted(last) == [
        "web-1 on 127.0.0.1: succeeded",
        "web-2 on 127.0.0.1: succeeded",
    ]
    (folder / "clear-apcu.php").unlink()
    told = run("php deploy.php", folder, environment).splitlines()
    assert "web-1: the web server does not answer" in told
    assert told[-2:] == ["web-1 still has old pages", "web-2 still has old pages"] or (
        told[-2:] == ["web-2 still has old pages", "web-1 still has old pages"]
    )
    commands = snippets(PAGE, "sh")[0]
    run(commands, folder, environment)
    program = snippets(PAGE, "python")[0].split("    print")[0]
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
    with Admin(f"127.0.0.1:{PORT}") as admin:
        waiting = list(admin.jobs(function="restart-sync"))
    assert len(waiting) == 4
