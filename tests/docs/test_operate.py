"""docs/operate.md: its units are ones that systemd takes."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.documents import snippets

DOCUMENT = "docs/operate.md"
SERVICE = "[Service]\nExecStart=/bin/true\n"


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
