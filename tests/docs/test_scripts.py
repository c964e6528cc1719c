"""The scripts: what they say, and where they are listed."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

from tests.support.documents import ROOT
from tests.support.servers import stop


def test_script_server_starts_a_server_and_says_how_to_try_it(
    tmp_path: Path, state: Path
) -> None:
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [ROOT / "script/server", "--port", "0"], stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + 50
        while b"ready on 127.0.0.1:" not in log.read_bytes():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
    finally:
        assert stop(process) == 0
    tools = re.findall(
        r"^    (\S+/(?:gearman|gearadmin)) ", log.read_text(), re.MULTILINE
    )
    assert len(tools) == 3
    for tool in tools:
        assert os.access(ROOT / tool, os.X_OK), tool
    assert (state / "jobs.db").exists()


def test_contributing_lists_every_script() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    listed = set(re.findall(r"^\| `script/(\w+)", text, re.MULTILINE))
    programs = {each.name for each in (ROOT / "script").iterdir()}
    assert listed == programs - {"environment"}
    for name in programs - {"environment"}:
        assert os.access(ROOT / "script" / name, os.X_OK), name


def test_every_program_in_proof_has_its_script() -> None:
    programs = {each.parent.name for each in (ROOT / "proof").glob("*/__main__.py")}
    for name in programs:
        # The campaign of a cluster is ``script/torture --cluster``.
        own = "torture" if name == "cluster" else name
        script = (ROOT / "script" / own).read_text()
        assert f"-m proof.{name} " in script


def test_the_tests_install_every_peer_that_they_need() -> None:
    installed = (ROOT / "script/test").read_text().split("PEERS=(")[1].split(")")[0]
    programs = "".join(
        each.read_text() for each in sorted((ROOT / "tests").rglob("*.py"))
    )
    needed = re.findall(r'\bneed\(\s*"[^"]+",\s*"([^"]+)"', programs)
    assert len(needed) > 5
    assert set(" ".join(needed).split()) <= set(installed.split())
