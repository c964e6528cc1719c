"""docs/metrics.md: its table, its commands, and what it says of alerts and probes."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.documents import PORT, ROOT, run, snippets
from tests.support.metrics_page import PAGE, with_metrics
from tests.support.servers import geartrain_command, run_server
from tests.support.waiting import wait_until

DOCUMENT = "docs/metrics.md"
HTTP_PORT = 4731


def test_the_table_is_that_of_the_metrics() -> None:
    text = PAGE.read_text()
    assert text == with_metrics(text), "run: python -m tests.support.metrics_page"


def test_the_command_shows_metrics(tmp_path: Path, environment: dict[str, str]) -> None:
    (script,) = snippets(DOCUMENT, "sh")
    server, curl = script.splitlines()
    command = [*geartrain_command("geartrain"), *server.split()[1:-1]]
    with run_server(command, PORT) as running:
        # Without the port there is no HTTP, and another server would answer.
        told = f"http://127.0.0.1:{HTTP_PORT}"
        wait_until(lambda: told in running.log.read_text(), told)
        assert "gearman_functions 0" in run(curl, tmp_path, environment)


def test_the_scrape_configuration_is_the_shipped_one() -> None:
    shipped = (ROOT / "deploy/prometheus/prometheus.yml").read_text()
    assert snippets(DOCUMENT, "yaml")[0] in shipped


def test_every_alert_is_explained() -> None:
    rules = (ROOT / "deploy/prometheus/alerts.yml").read_text()
    alerts = re.findall(r"- alert: (\w+)", rules)
    explained = re.findall(r"^\| (Geartrain\w+) \|", PAGE.read_text(), re.MULTILINE)
    assert explained == alerts


def test_the_probes_are_of_paths_that_are_answered() -> None:
    probes = snippets(DOCUMENT, "yaml")[1]
    assert re.findall(r"path: (\S+),", probes) == ["/livez", "/readyz"]
