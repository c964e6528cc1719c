"""The commands of docs/mysql.md."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.databases import mariadb
from tests.support.documents import PORT, run, snippets
from tests.support.servers import run_server


@pytest.mark.interop
def test_jobs_are_kept_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    start, move = snippets("docs/mysql.md", "sh")
    (prepare,) = snippets("docs/mysql.md", "sql")
    with mariadb() as database:
        address = f"-h 127.0.0.1 -P {database.port} -u root"
        # There is such a database already, for the tests of the import.
        prepare = prepare.replace("CREATE DATABASE jobs", "CREATE DATABASE geartrain")
        prepare = prepare.replace("jobs.*", "geartrain.*")
        run(f"mariadb {address} <<'SQL'\n{prepare}\nSQL", tmp_path, environment)
        start, move = (
            each.replace("3306/jobs", f"{database.port}/geartrain")
            for each in (start, move)
        )
        command = [shutil.which("geartrain", path=environment["PATH"]) or "", "server"]
        with run_server([*command, "--store", f"{tmp_path}/jobs.db"], PORT):
            run("gearman -b -f count moved", tmp_path, environment)
        move = move.replace("/var/lib/geartrain", str(tmp_path))
        assert " imported" in run(move, tmp_path, environment)
        command = start.split()
        command[0] = shutil.which("geartrain", path=environment["PATH"]) or ""
        with run_server(command, PORT) as first:
            run("gearman -b -f count kept", tmp_path, environment)
            first.process.kill()
        with run_server(command, PORT):
            assert "count\t2\t0\t0" in run("gearadmin --status", tmp_path, environment)
            said = run("geartrain store status", tmp_path, environment)
        assert f"mysql://geartrain:…@127.0.0.1:{database.port}/geartrain" in said
        assert "innodb_flush_log_at_trx_commit=1" in said
