"""The commands of docs/redis.md."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.documents import PORT, run, snippets
from tests.support.redis_servers import running_redis_server
from tests.support.servers import run_server


@pytest.mark.interop
def test_jobs_are_kept_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    start, prepare = snippets("docs/redis.md", "sh")
    with running_redis_server() as redis:
        prepare = prepare.replace("redis-cli", f"redis-cli -p {redis.port}")
        assert run(prepare, tmp_path, environment).split() == ["OK", "OK"]
        command = start.replace("6379", str(redis.port)).split()
        command[0] = shutil.which("geartrain", path=environment["PATH"]) or ""
        with run_server(command, PORT) as first:
            run("gearman -b -f count kept", tmp_path, environment)
            first.process.kill()
        redis.kill()
        redis.start("--appendonly", "yes", "--appendfsync", "always")
        with run_server(command, PORT):
            assert "count\t1\t0\t0" in run("gearadmin --status", tmp_path, environment)
            said = run("geartrain store status", tmp_path, environment)
        assert f"redis://127.0.0.1:{redis.port}" in said
        assert "appendfsync always" in said
