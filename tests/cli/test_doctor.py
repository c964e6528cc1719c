"""``geartrain doctor``: what it finds on a real machine, with a real server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from geartrain.admin import OptionRow
from geartrain.cli.examination import Finding, examine_machine
from geartrain.cli.running import Running
from geartrain.protocol.constants import PacketType
from geartrain.server.options import Options
from geartrain.transport.address import Address
from tests.support.certificates import Authority
from tests.support.commands import on_terminal
from tests.support.jobs_in_states import submit
from tests.support.programs import run
from tests.support.servers import RunningServer, free_port, running_geartrain
from tests.support.wire import Wire

COVERS = ("cli/examination", "cli/running")


def doctor(
    port: int, *flags: str, **variables: str
) -> tuple[int, list[dict[str, Any]]]:
    address = f"127.0.0.1:{port}"
    status, out, err = run(
        "geartrain", "doctor", "--json", "--server", address, *flags, **variables
    )
    assert err == ""
    return status, [json.loads(line) for line in out.splitlines()]


def levels(findings: list[dict[str, Any]], topic: str) -> list[str]:
    return [each["level"] for each in findings if each["topic"] == topic]


def test_a_sound_server(tmp_path: Path) -> None:
    store = f"sqlite://{tmp_path}/jobs.db"
    with running_geartrain("--store", store) as server:
        status, findings = doctor(server.port, GEARTRAIN_STORE=store)
    assert status == 0, findings
    assert levels(findings, "server") == levels(findings, "problems") == ["ok"]
    assert levels(findings, "configuration") == ["ok"]
    (said,) = [each for each in findings if each["topic"] == "store"]
    assert said["level"] == "ok"
    assert "in use" in said["text"]


def test_what_the_server_knows_is_told(tmp_path: Path) -> None:
    with running_geartrain() as server:
        with Wire(server.connect()) as client:
            client.send(PacketType.SUBMIT_JOB_BG, b"resize", b"", b"")
            client.expect(PacketType.JOB_CREATED)
        status, findings = doctor(server.port, GEARTRAIN_STORE=f"{tmp_path}/a.db")
    assert status == 1
    (problem,) = [each for each in findings if each["topic"] == "no_worker"]
    assert "'resize'" in problem["text"]
    assert problem["remedy"]


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    status, findings = doctor(free_port(), GEARTRAIN_STORE=f"{tmp_path}/a.db")
    assert status == 1
    assert levels(findings, "server") == ["wrong"]


def test_a_mistake_in_the_configuration_is_told_and_the_rest_examined(
    tmp_path: Path,
) -> None:
    file = tmp_path / "geartrain.toml"
    file.write_text("[server]\ndrian = 5\n")
    status, findings = doctor(free_port(), "--config", str(file))
    assert status == 1
    assert f"{file}:2" in findings[0]["text"]
    assert "drain" in findings[0]["text"]
    assert levels(findings, "server") == ["wrong"]


def test_of_a_server_that_is_named_the_default_store_is_not_judged() -> None:
    _, findings = doctor(free_port())
    (said,) = [each for each in findings if each["topic"] == "store"]
    assert (said["level"], said["text"][:13]) == ("ok", "not looked at")


def test_the_store_and_file_are_those_that_the_server_tells(tmp_path: Path) -> None:
    file = tmp_path / "geartrain.toml"
    file.write_text("[server]\ndrain = 5\n")
    used = f"sqlite://{tmp_path}/jobs.db"
    with running_geartrain(f"--config={file}", "--store", used) as server:
        address = f"127.0.0.1:{server.port}"
        status, findings = doctor(server.port)
        (configuration,) = (x for x in findings if x["topic"] == "configuration")
        assert configuration["level"] == "warning"
        assert f"{address} runs with {file}" in configuration["text"]
        assert configuration["remedy"].endswith(f"--config {file}")
        (store,) = (each for each in findings if each["topic"] == "store")
        assert store["level"] == "ok"
        assert store["text"] == f"{address} uses {used}, by --store"
        _, findings = doctor(server.port, f"--config={file}")
        assert levels(findings, "configuration") == ["ok"]
        assert [each for each in findings if each["topic"] == "store"] == [store]
    assert status == 0


def test_the_store_of_this_machines_server_is_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "jobs.db"
    told = OptionRow(option="store", value=f"sqlite://{file}", source="--store")
    assert _stores(told) == [f"127.0.0.1:4730 uses {told.value}, by --store"]
    assert _stores(told, is_here=True) == [
        f"127.0.0.1:4730 uses {told.value}, by --store",
        f"{file} will be made",
    ]
    memory = OptionRow(option="store", value="memory:", source="default")
    assert "gone when the server stops" in _stores(memory)[-1]


def _stores(told: OptionRow, *, is_here: bool = False) -> list[str]:
    running = Running(server="127.0.0.1:4730", options={"store": told})
    options = Options(listen=(Address(host="127.0.0.1", port=0),))
    found = examine_machine(options, has_store=is_here, running=running)
    return [each.text for each in found if each.topic == "store"]


def test_lines_for_people(tmp_path: Path) -> None:
    status, out, _ = run(
        *("geartrain", "doctor", "--server", f"127.0.0.1:{free_port()}"),
        GEARTRAIN_STORE=f"{tmp_path}/a.db",
    )
    assert status == 1
    assert "\nwrong    server          no job server answers on 127.0.0.1:" in out
    assert out.endswith(f"\n{' ' * 25}to do: start it, or name another by --server\n")


def test_on_a_terminal_nothing_is_cut(shared: RunningServer) -> None:
    submit(shared, b"a-function-with-a-long-name")
    _, lines = on_terminal(shared, "doctor", columns=80)
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    assert "start a worker for 'a-function-with-a-long-name', or look for a" in text


def examined(topic: str, **settings: Any) -> list[Finding]:
    options = Options(listen=(Address(host="127.0.0.1", port=0),), **settings)
    return [each for each in examine_machine(options) if each.topic == topic]


def test_a_store_in_memory_is_worth_a_warning() -> None:
    (finding,) = examined("store", store="memory:")
    assert finding.level == "warning"


def test_a_store_is_read(tmp_path: Path) -> None:
    store = f"sqlite://{tmp_path}/jobs.db"
    (finding,) = examined("store", store=store)
    assert finding.text.endswith("will be made")
    with running_geartrain("--store", store):
        pass
    (finding,) = examined("store", store=store)
    assert finding.text.endswith("0 jobs, 0 dead letters, no damage")
    (tmp_path / "jobs.db").write_bytes(b"no store at all, but some text" * 100)
    (finding,) = examined("store", store=store)
    assert finding.level == "wrong"


def test_limits_of_the_system_are_compared() -> None:
    assert [each.level for each in examined("limits", backlog=65535)][-1:] in (
        ["warning"],
        ["ok"],
    )


@pytest.mark.parametrize(
    ("days", "level"), [(365, "ok"), (10, "warning"), (-1, "wrong")]
)
@pytest.mark.parametrize("prefix", ["", "http_"])
def test_certificates(prefix: str, days: int, level: str, tmp_path: Path) -> None:
    issued = Authority(tmp_path).issue("server", days)
    cert, key = str(issued.cert), str(issued.key)
    files = {f"{prefix}tls_cert": cert, f"{prefix}tls_key": key}
    (finding,) = examined("certificate", **files)
    assert finding.level == level, finding
    assert cert in finding.text
    assert ("expired" in finding.text) is (level == "wrong")


def test_a_certificate_that_is_not_there(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.pem")
    (finding,) = examined("certificate", tls_cert=missing, tls_key=missing)
    assert finding.level == "wrong"


def test_who_may_not_ask_is_told_to_show_a_token(tmp_path: Path) -> None:
    rules = tmp_path / "geartrain.toml"
    rules.write_text('[access.web]\naddress = "loopback"\nsubmit = "*"\n')
    with running_geartrain(f"--config={rules}") as server:
        status, findings = doctor(server.port)
    assert status == 1
    (refused,) = (each for each in findings if each["level"] == "wrong")
    assert "web may not see anything" in refused["text"]
    assert "--token-file" in refused["remedy"]
