"""docs/operate.md: its units are ones that systemd takes."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path
from typing import Any

from geartrain.configuration.file import read_file
from geartrain.engine.state.problems import NAMES
from geartrain.server.deliveries import signature
from geartrain.server.hooks import read_hooks
from tests.support.documents import PORT, ROOT, snippets
from tests.support.documents import run as run_snippet
from tests.support.programs import run
from tests.support.servers import geartrain_command, run_server

DOCUMENT = "docs/operate.md"
SERVICE = "[Service]\nExecStart=/bin/true\n"


def test_the_commands_name_files_that_are_there() -> None:
    service, container, *_ = snippets(DOCUMENT, "sh")
    named = re.findall(r"deploy/\S+", service + container)
    assert len(named) == 3
    for name in named:
        assert (ROOT / name).is_file()


def test_systemd_understands_its_socket(tmp_path: Path) -> None:
    (unit,) = snippets(DOCUMENT, "ini")
    (tmp_path / "geartrain.socket").write_text(unit)
    (tmp_path / "geartrain.service").write_text(SERVICE)
    verified = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "geartrain.socket"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "geartrain" not in verified.stderr


def test_its_hooks_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "geartrain.toml"
    file.write_text(snippets(DOCUMENT, "toml")[0])
    status, out, err = run(
        "geartrain", "server", "--config", str(file), "--show-config"
    )
    assert (status, err) == (0, ""), out
    command, web = read_hooks(read_file(str(file)))
    assert command.command[0] == "/usr/local/bin/alert"
    assert web.wants("dead_letter", "mailer")


def test_its_receiver_tells_what_is_genuine() -> None:
    names: dict[str, Any] = {}
    exec(snippets(DOCUMENT, "python")[0], names)
    now = str(int(time.time()))
    headers = {
        "Geartrain-Timestamp": now,
        "Geartrain-Signature": signature("key", now, b"{}"),
    }
    assert names["is_genuine"](b"key", headers, b"{}")
    assert not names["is_genuine"](b"other", headers, b"{}")
    assert not names["is_genuine"](b"key", headers, b"{ }")
    headers["Geartrain-Timestamp"] = "1750000000"
    headers["Geartrain-Signature"] = signature("key", "1750000000", b"{}")
    assert not names["is_genuine"](b"key", headers, b"{}")


def test_every_problem_is_explained() -> None:
    text = (ROOT / DOCUMENT).read_text()
    for name in NAMES:
        assert f"`{name}`" in text


def test_the_doctor_is_there(tmp_path: Path) -> None:
    words = snippets(DOCUMENT, "sh")[2].split()
    status, out, err = run(*words, GEARTRAIN_STORE=str(tmp_path / "jobs.db"))
    assert err == ""
    assert "configuration" in out
    assert status in (0, 1)


def test_the_start_of_the_server_is_marked(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    marks = snippets(DOCUMENT, "sh")[3]
    command = [*geartrain_command("geartrain"), "server", "--store", "memory:"]
    with run_server(command, PORT):
        told = run_snippet(marks, tmp_path, environment)
    assert "started" in told


def test_packets_are_shown_as_they_pass(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    trace = snippets(DOCUMENT, "sh")[4]
    command = [*geartrain_command("geartrain"), "server", "--store", "memory:"]
    with run_server(command, PORT):
        assert run_snippet(trace, tmp_path, environment) == ""
