"""What Prometheus reads."""

from __future__ import annotations

import re
import subprocess

from tests.support.http_client import HttpServer

__all__ = ["Samples", "checked_metrics", "read_samples"]

Samples = dict[str, float]
"""Values by name and labels, as they are written."""

_LINE = re.compile(r"(\w+(?:\{.*\})?) (\S+)")


def read_samples(text: str) -> Samples:
    """Return the values in a text, each of which is there once."""
    found: Samples = {}
    for line in text.split("\n"):
        match = _LINE.fullmatch(line)
        if match:
            assert match[1] not in found
            found[match[1]] = float(match[2])
    return found


def checked_metrics(server: HttpServer) -> Samples:
    """Return what a scrape tells, having Prometheus' own tool check it."""
    reply = server.get("/metrics")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    command = ["promtool", "check", "metrics"]
    tool = subprocess.run(command, input=reply.body, capture_output=True, check=False)
    assert (tool.returncode, tool.stderr) == (0, b"")
    return read_samples(reply.body.decode())
