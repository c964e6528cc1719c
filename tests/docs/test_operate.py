"""docs/operate.md: its units are ones that systemd takes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.support.documents import ROOT, snippets

DOCUMENT = "docs/operate.md"
SERVICE = "[Service]\nExecStart=/bin/true\n"


def test_the_commands_name_files_that_are_there() -> None:
    service, container = snippets(DOCUMENT, "sh")
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
