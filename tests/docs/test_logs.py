"""docs/logs.md: the line that it shows is one that is written."""

from __future__ import annotations

import json
from pathlib import Path

from geartrain.client import Client
from geartrain.protocol.constants import PacketType
from tests.support.documents import snippets
from tests.support.servers import running_geartrain
from tests.support.wire import Wire

DOCUMENT = "docs/logs.md"


def test_a_dead_letter_is_such_a_line(tmp_path: Path) -> None:
    shown = json.loads(snippets(DOCUMENT, "json")[0])
    with running_geartrain(
        *("--store", str(tmp_path / "jobs.db"), "--log-format", "json"),
        *("--handle-prefix", "H:web1"),
    ) as server:
        with Wire(server.connect()) as worker, Client(server.address) as client:
            handle = client.submit("resize", b"w", background=True).handle
            worker.register(b"resize")
            worker.grab()
            worker.send(PacketType.WORK_EXCEPTION, handle.encode(), b"no such picture")
            assert worker.echoes()
        lines = [
            json.loads(line)
            for line in server.log.read_text().splitlines()
            if line.startswith("{")
        ]
    assert {"time", "level", "logger", "action", "message"} <= set.intersection(
        *(set(line) for line in lines)
    )
    (written,) = [line for line in lines if line["action"] == "dead_letter"]
    assert list(written) == list(shown)
    for name in ("level", "logger", "action", "function", "error"):
        assert written[name] == shown[name]
    assert written["message"].endswith(shown["message"].partition(" of ")[2])
