"""The commands of docs/memcached.md."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.documents import PORT, run, snippets
from tests.support.memcached_servers import running_memcached_server
from tests.support.servers import run_server


@pytest.mark.interop
def test_jobs_are_kept_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (start,) = snippets("docs/memcached.md", "sh")
    with running_memcached_server() as memcached:
        command = start.replace("11211", str(memcached.port)).split()
        command[0] = shutil.which("geartrain", path=environment["PATH"]) or ""
        with run_server(command, PORT):
            run("gearman -b -f count kept", tmp_path, environment)
        with run_server(command, PORT):
            assert "count\t1\t0\t0" in run("gearadmin --status", tmp_path, environment)
            said = run("geartrain store status", tmp_path, environment)
        assert f"memcached://127.0.0.1:{memcached.port}/jobs" in said
        assert "memcached is a cache" in said
