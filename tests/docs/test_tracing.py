"""The program in docs/tracing.md."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from tests.support.documents import PORT, snippets
from tests.support.servers import geartrain_command, run_server


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
