"""The program in docs/tracing.md."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.support.documents import PORT, snippets
from tests.support.servers import geartrain_command, run_server
from tests.support.supervised import do, running_workers, write_tasks


def test_the_command_exports_spans_of_a_module(tmp_path: Path) -> None:
    (command,) = snippets("docs/tracing.md", "sh")
    program, worker, *flags = command.split()
    assert (program, worker) == ("geartrain", "worker")
    write_tasks(tmp_path)
    server = [*geartrain_command("geartrain"), "server", "--store", "memory:"]
    console = {"OTEL_TRACES_EXPORTER": "console"}
    with (
        run_server(server, PORT) as running,
        running_workers(tmp_path, running, *flags, environment=console) as workers,
    ):
        assert do(running, b"reverse", b"abc") == b"cba"
        assert workers.stop() == 0
        assert '"process reverse"' in workers.log()


def test_the_program_prints_both_spans_of_one_trace() -> None:
    (program,) = snippets("docs/tracing.md", "python")
    server = [*geartrain_command("geartrain"), "server", "--store", "memory:"]
    with run_server(server, PORT):
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    spans = [json.loads(each) for each in re.split(r"(?m)^(?=\{)", done.stdout) if each]
    assert sorted(each["name"] for each in spans) == ["process reverse", "send reverse"]
    assert len({each["context"]["trace_id"] for each in spans}) == 1
