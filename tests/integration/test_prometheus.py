"""A real Prometheus scrapes a loaded job server, with the files that are shipped."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from geartrain.http.families import (
    CLUSTER_FAMILIES,
    FUNCTION_FAMILIES,
    PEER_FAMILIES,
    SCHEDULE_FAMILIES,
    SERVER_FAMILIES,
    STORE_FAMILIES,
)
from tests.support.documents import ROOT, snippets
from tests.support.http_client import HttpServer, running_http
from tests.support.raw_workers import complain, reverse, worker
from tests.support.servers import free_port

DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yml"
DASHBOARD = DEPLOY / "grafana" / "geartrain.json"

SERIES = {
    name
    for each in (
        *FUNCTION_FAMILIES,
        *SCHEDULE_FAMILIES,
        *STORE_FAMILIES,
        *CLUSTER_FAMILIES,
        *PEER_FAMILIES,
        *SERVER_FAMILIES,
    )
    for name, _ in each.series()
}


def rule_expressions() -> list[str]:
    return re.findall(r"^ +expr: (.*)$", RULES.read_text(), re.MULTILINE)


def dashboard_expressions() -> list[str]:
    dashboard = json.loads(DASHBOARD.read_text())
    found = [t["expr"] for panel in dashboard["panels"] for t in panel["targets"]]
    variables = dashboard["templating"]["list"][1:]
    return found + [
        re.sub(r"label_values\((.*), \w+\)", r"\1", each["query"]["query"])
        for each in variables
    ]


def document_expressions() -> list[str]:
    text = "\n".join(snippets("docs/metrics.md", "yaml"))
    return re.findall(r"^ +query: (.*)$", text, re.MULTILINE)


def expressions() -> list[str]:
    return rule_expressions() + dashboard_expressions() + document_expressions()


def filled_in(expression: str) -> str:
    """Return an expression of the dashboard as Grafana would ask it."""
    for name, value in (
        ("$job", "geartrain"),
        ("$instance", ".*"),
        ("$function", ".*"),
        ("$__rate_interval", "1m"),
    ):
        expression = expression.replace(name, value)
    return expression


class Prometheus:
    """A running Prometheus."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1"

    def ask(self, path: str, **parameters: str) -> Any:
        """Return the data that an address of its API answers with."""
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self._url}/{path}?{query}", timeout=10) as said:
            return json.load(said)["data"]

    def value(self, expression: str) -> float | None:
        """Return the value of an expression, None if it has none."""
        found = self.ask("query", query=expression)["result"]
        return float(found[0]["value"][1]) if found else None

    def wait_for(self, expression: str, value: float) -> None:
        """Return once an expression has a value."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if self.value(expression) == value:
                    return
            except (OSError, urllib.error.URLError):
                # It has only been started.
                pass
            time.sleep(0.2)
        pytest.fail(f"{expression} never was {value}")


@pytest.fixture(scope="module")
def scraped(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[HttpServer, Prometheus]]:
    """A job server with a store, and the Prometheus that scrapes it twice a second."""
    folder = tmp_path_factory.mktemp("prometheus")
    store = ("--store", f"sqlite://{folder / 'jobs.db'}")
    with running_http(*store, "--peer", f"127.0.0.1:{free_port()}") as server:
        shipped = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
        config = folder / "prometheus.yml"
        config.write_text(
            shipped.replace("127.0.0.1:4731", f"127.0.0.1:{server.port}")
            .replace("15s", "500ms")
            .replace("alerts.yml]", f"{RULES}]")
        )
        port = free_port()
        command = [
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            prometheus = Prometheus(port)
            prometheus.wait_for('up{job="geartrain"}', 1)
            yield server, prometheus
        finally:
            process.terminate()
            process.wait(20)


def load(server: HttpServer, prometheus: Prometheus) -> None:
    """Have jobs succeed, fail and wait; return once Prometheus knows."""

    def connect() -> socket.socket:
        return socket.create_connection(("127.0.0.1", server.jobs.port), 30)

    # Their counters have to be known before they rise.
    for function in ("resize", "mail", "nobody"):
        server.submit(function)
    nobody = 'sum(gearman_jobs_submitted_total{function="nobody"})'
    prometheus.wait_for(nobody, 1)
    with worker(connect, "resize", reverse), worker(connect, "mail", complain):
        for _ in range(20):
            server.submit("resize")
        for function, outcome, count in (
            ("resize", "succeeded", 21),
            ("mail", "dead", 1),
        ):
            labels = f'function="{function}",outcome="{outcome}"'
            prometheus.wait_for(f"gearman_jobs_finished_total{{{labels}}}", count)
    prometheus.wait_for('sum(gearman_workers{function="resize"})', 0)


def test_every_expression_has_a_value_on_a_loaded_server(
    scraped: tuple[HttpServer, Prometheus],
) -> None:
    server, prometheus = scraped
    load(server, prometheus)
    asked = [filled_in(each) for each in dashboard_expressions()]
    missing = [each for each in asked if prometheus.value(each) is None]
    # Nothing is refused, so that its rate is 0, but there is one. The store is not
    # shared.
    assert [each for each in missing if "gearman_lease_seconds" not in each] == []
    for each in document_expressions():
        assert prometheus.value(each) is not None
    # What would be wrong is none; that it can be asked is what is tried.
    for each in rule_expressions():
        prometheus.ask("query", query=each)
    age = prometheus.value('gearman_oldest_job_age_seconds{function="nobody"}')
    assert age is not None
    assert age > 0
    rules = prometheus.ask("rules")["groups"][0]["rules"]
    deadline = time.monotonic() + 30
    while any(each["health"] == "unknown" for each in rules):
        assert time.monotonic() < deadline
        time.sleep(0.2)
        rules = prometheus.ask("rules")["groups"][0]["rules"]
    assert {each["health"] for each in rules} == {"ok"}
    states = {each["name"]: each["state"] for each in rules}
    assert states["GeartrainNoWorker"] == "pending"
    assert states["GeartrainDeadLetters"] == "firing"
    assert states["GeartrainStoreRefuses"] == "inactive"
    assert states["GeartrainDown"] == "inactive"


def test_every_metric_that_is_named_is_there() -> None:
    for expression in expressions():
        named = set(re.findall(r"\b(?:gearman|process)_\w+", expression))
        assert named or "up{" in expression
        assert named <= SERIES, expression


@pytest.mark.parametrize(
    "command",
    [
        ["check", "rules", "alerts.yml"],
        ["check", "config", "prometheus.yml"],
        ["test", "rules", "alerts_test.yml"],
    ],
    ids=" ".join,
)
def test_promtool_accepts_what_is_shipped(command: list[str]) -> None:
    folder: Path = DEPLOY / "prometheus"
    done = subprocess.run(
        ["promtool", *command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
