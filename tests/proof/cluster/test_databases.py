"""Database servers that are killed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.databases import kill_with_children


def test_nothing_is_left_of_a_server_that_is_killed() -> None:
    command = ["sh", "-c", "sleep 60 & sleep 60 & echo $!; wait"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        child = int(server.stdout.readline())
        kill_with_children(server.pid)
        assert server.wait() < 0
        stat = Path(f"/proc/{child}/stat")
        assert not stat.exists() or stat.read_text("ascii").split()[2] in "ZX"
