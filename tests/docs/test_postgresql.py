"""The commands of docs/postgresql.md."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from tests.support.documents import PORT, run, snippets
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.servers import run_server


@pytest.mark.interop
def test_jobs_are_kept_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (start,) = snippets("docs/postgresql.md", "sh")
    (prepare,) = snippets("docs/postgresql.md", "sql")
    database = PostgresqlServer()
    database.start()
    try:
        with psycopg.connect(database.url(), autocommit=True) as connection:
            for statement in prepare.strip().rstrip(";").split(";"):
                connection.execute(statement.encode())
        command = start.replace("5432", str(database.port)).split()
        command[0] = shutil.which("geartrain", path=environment["PATH"]) or ""
        with run_server(command, PORT) as first:
            run("gearman -b -f count kept", tmp_path, environment)
            first.process.kill()
        with run_server(command, PORT):
            assert "count\t1\t0\t0" in run("gearadmin --status", tmp_path, environment)
            said = run("geartrain store status", tmp_path, environment)
        assert f"postgresql://geartrain:…@127.0.0.1:{database.port}/jobs" in said
        assert "synchronous_commit=on" in said
    finally:
        with suppress(OSError):
            database.stop()
