"""What the life of a server process leaves in its log."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DEFECT = """
import sys
from geartrain.cli.service import Service
from geartrain.server.logs import GearmandFormatter, LogTarget
from geartrain.server.options import Options
from geartrain.transport.address import Address

Service(
    options=Options(
        listen=(Address(host="127.0.0.1", port=0),),
        backlog="many",
        store="memory:",
        pid_file=sys.argv[2],
    ),
    log=LogTarget(file=sys.argv[1], level="ERROR", formatter=GearmandFormatter()),
).run()
"""


def test_a_defect_is_logged_with_its_traceback(tmp_path: Path) -> None:
    log, pid_file = tmp_path / "log", tmp_path / "pid"
    done = subprocess.run(
        [sys.executable, "-c", DEFECT, log, pid_file],
        stderr=subprocess.PIPE,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    assert "TypeError" in done.stderr
    text = log.read_text()
    assert "[  main ] ended by a defect\n  | Traceback" in text
    assert "TypeError" in text
    assert not pid_file.exists()
