"""Sound files converted by sox, which knows nothing of Gearman."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from geartrain.testing import LocalServer
from tests.support.examples import EXAMPLES, at_work

SCRIPT = EXAMPLES / "convert_audio.sh"


@pytest.fixture(autouse=True)
def _sox() -> None:
    assert shutil.which("sox"), "sox is missing: apt-get install sox"


def command() -> tuple[str, str]:
    """Return the function and the command line in the script's own first lines."""
    found = re.search(r"--exec ([\w-]+)='(.+)'", SCRIPT.read_text())
    assert found
    return found[1], found[2]


def test_each_sound_file_is_converted(server: LocalServer, tmp_path: Path) -> None:
    name, line = command()
    names = ["a", "b"]
    for each in names:
        tone = ["synth", "0.5", "sine", "440"]
        subprocess.run(["sox", "-n", tmp_path / f"{each}.wav", *tone], check=True)
    host, _, port = server.address.partition(":")
    with at_work(server, "--processes", "2", "--exec", f"{name}={line}"):
        subprocess.run(
            [SCRIPT, *[str(tmp_path / f"{each}.wav") for each in names]],
            env={**os.environ, "GEARMAN_SERVERS": f"{host}:{port}"},
            check=True,
            timeout=40,
        )
    for each in names:
        told = subprocess.run(
            ["soxi", tmp_path / f"{each}.ogg"],
            capture_output=True,
            text=True,
            check=False,
        )
        size = (tmp_path / f"{each}.ogg").stat().st_size
        assert told.returncode == 0, f"{told.stderr}, of {size} bytes"
        assert "Vorbis" in told.stdout
        assert "00:00:00.50" in told.stdout


def test_what_is_no_sound_fails(server: LocalServer) -> None:
    name, line = command()
    with (
        at_work(server, "--exec", f"{name}={line}"),
        server.client() as client,
    ):
        client.do_background(name, b"no sound")
        server.wait_idle(20)
    assert [each.state for each in server.submitted()] == ["dead"]
