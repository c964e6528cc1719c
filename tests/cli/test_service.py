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


LOST = """
import os, signal, sys
from geartrain.cli.main import main
from geartrain.errors import StoreError
from geartrain.stores.sqlite.store import SqliteStore

looks, opened = [], []
look, open_store = SqliteStore.probe, SqliteStore.open

def open_later(self):
    opened.append(self)
    if len(opened) in (2, 3):
        raise StoreError("the database is starting up")
    return open_store(self)

def probe(self, health):
    look(self, health)
    looks.append(self)
    if self is looks[0]:
        self.is_lost = len(looks) > 1
    elif len(looks) > 4:
        os.kill(os.getpid(), signal.SIGTERM)

SqliteStore.probe, SqliteStore.open = probe, open_later
sys.argv[1:] = ["server", "--port", "0", "--store", sys.argv[1], "--no-http"]
main()
"""


def test_a_server_whose_store_was_taken_over_begins_anew(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOST, f"sqlite://{tmp_path}/jobs.db"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr.count("ready on") == 2
    assert "another job server has taken over" in done.stderr
    # It waits for a store that is away then, and says so once.
    assert done.stderr.count("beginning anew") == 1
    assert done.stderr.count("the database is starting up") == 1
