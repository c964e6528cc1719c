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


LATE_DEFECT = """
import sys
from geartrain.cli.main import main
from geartrain.http.server import HttpServer

def start(self):
    raise TypeError("after the store was opened")

HttpServer.start = start
sys.argv[1:] = ["server", "--port", "0", "--store", sys.argv[1], "--http",
                "127.0.0.1:0"]
main()
"""


def test_a_defect_after_the_store_was_opened_ends_the_process(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LATE_DEFECT, f"sqlite://{tmp_path}/jobs.db"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    assert "TypeError: after the store was opened" in done.stderr
