"""The programs and commands of docs/map-reduce.md."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.access_logs import write_access_log
from tests.support.documents import run, running, snippets
from tests.support.examples import EXAMPLES
from tests.support.peers import need

PAGE = "docs/map-reduce.md"
MAIN = 'if __name__ == "__main__":'


@pytest.mark.usefixtures("server")
def test_requests_are_counted_as_the_how_to_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    need("php", "php-cli php-gearman")
    write_access_log(tmp_path / "access.log", 9_000_000, 1)
    (program,) = snippets(PAGE, "python")
    _, main, rest = (EXAMPLES / "count_requests.py").read_text().partition(MAIN)
    (tmp_path / "count_requests.py").write_text(
        f"import sys\nfrom geartrain import Client\n{program}\n{main}{rest}"
    )
    reducer, client = snippets(PAGE, "php")
    (tmp_path / "reducer.php").write_text(reducer)
    (tmp_path / "client.php").write_text(client)
    (commands,) = snippets(PAGE, "sh")
    splitting, counting, asking = commands.splitlines()
    lines = (tmp_path / "access.log").read_text().splitlines()
    expected = Counter(line.split(" ")[6] for line in lines)
    with running(shlex.split(splitting), tmp_path, environment):
        with running(shlex.split(counting), tmp_path, environment):
            ours = asking.replace("python", sys.executable, 1)
            found = run(ours, tmp_path, environment)
        rows = (row.split(" ", 1) for row in found.splitlines())
        assert {path: int(count) for count, path in rows} == expected
        with running(["php", "reducer.php"], tmp_path):
            found = run("php client.php access.log", tmp_path, environment)
        assert int(found) == expected["/"]
