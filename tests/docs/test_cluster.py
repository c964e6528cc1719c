"""The snippets of docs/cluster.md are run here, with two job servers."""

from __future__ import annotations

import os
import shlex
import socket
import tomllib
from pathlib import Path

from geartrain.admin import Admin
from geartrain.cli.server import server, server_configuration
from geartrain.client import Client
from tests.support.commands import objects
from tests.support.documents import run, running, snippets
from tests.support.peers import need
from tests.support.servers import (
    free_port,
    geartrain_command,
    run_server,
    running_geartrain,
)
from tests.support.waiting import wait_until

DOCUMENT = "docs/cluster.md"


def test_two_job_servers_help_each_other() -> None:
    start, shared, _, look = snippets(DOCUMENT, "sh")
    _, _, *flags = shlex.split(shared)
    options = server_configuration(server.make_context("server", flags).params).options
    assert str(options.node_address) == "jobs1.example.com:-1"
    assert look.split() == ["geartrain", "cluster"]
    with running_geartrain("--node-name", "jobs2", "--no-http") as jobs2:
        port = free_port()
        _, *words = shlex.split(
            start.replace("jobs1.example.com", f"127.0.0.1:{port}")
            .replace("jobs2.example.com", jobs2.address)
            .replace("jobs3.example.com", f"127.0.0.1:{free_port()}")
        )
        command = [*geartrain_command("geartrain"), *words, "--no-http"]
        with run_server([*command, "--store", "memory:"], port) as jobs1:

            def is_connected() -> bool:
                return any(
                    (row["node"], row["state"]) == ("jobs2", "connected")
                    for row in objects(jobs1, "cluster")
                )

            wait_until(is_connected, "jobs1 helps jobs2")
            own, _, away = objects(jobs1, "cluster")
            assert own["node"] == "jobs1"
            assert away["state"] in ("connecting", "away")
            (helper,) = objects(jobs2, "cluster")[1:]
            assert (helper["role"], helper["node"]) == ("helper", "jobs1")


def test_an_upgrade_takes_four_commands() -> None:
    # tests/interop/test_rolling_upgrade.py does it: a restart is SIGTERM, and a start.
    before, upgrade, restart, after = snippets(DOCUMENT, "sh")[2].splitlines()
    assert before == after == snippets(DOCUMENT, "sh")[3].strip() == "geartrain cluster"
    assert upgrade.split()[-1] == "'geartrain[postgresql]'"
    unit = Path("deploy/systemd/geartrain.service")
    assert restart == f"systemctl restart {unit.stem}"
    assert "KillSignal" not in unit.read_text()


def test_the_file_says_the_same(tmp_path: Path) -> None:
    (text,) = snippets(DOCUMENT, "toml")
    path = tmp_path / "geartrain.toml"
    path.write_text(text)
    assert tomllib.loads(text)["server"]["node_name"] == "jobs1"
    flags = server.make_context("server", ["--config", str(path)]).params
    options = server_configuration(flags).options
    assert [str(each) for each in options.peer_addresses] == [
        "jobs2.example.com:4730",
        "jobs3.example.com:4730",
    ]


def test_a_worker_in_php_starts_while_a_job_server_is_down(tmp_path: Path) -> None:
    need("php", "php-cli php-gearman")
    *_, snippet = snippets(DOCUMENT, "php")
    server_command = [*geartrain_command("geartrain"), "server", "--no-http"]
    server_command += ["--store", "memory:"]
    port = free_port()
    with running_geartrain("--no-http") as alive:
        servers = f"127.0.0.1:{port},{alive.address}"
        lines = (
            "<?php",
            snippet.replace("jobs1.example.com,jobs2.example.com", servers)
            + "$worker->setTimeout(500);",
            "$worker->addFunction('upper', fn($job) => strtoupper($job->workload()));",
            "while (true) { @$worker->work(); usleep(10000); }",
        )
        (tmp_path / "worker.php").write_text("\n".join(lines))
        with running(["php", "worker.php"], tmp_path):
            with Client(alive.address) as client:
                assert client.do("upper", b"one", timeout=20) == b"ONE"
            with (
                run_server([*server_command, "--port", str(port)], port) as back,
                Client(back.address) as client,
            ):
                assert client.do("upper", b"two", timeout=20) == b"TWO"


def test_a_client_in_php_goes_on_while_a_job_server_hangs(tmp_path: Path) -> None:
    need("php", "php-cli php-gearman")
    snippet, *_ = snippets(DOCUMENT, "php")
    with (
        socket.create_server(("127.0.0.1", 0)) as hanging,
        running_geartrain("--no-http") as alive,
    ):
        port = alive.address.rpartition(":")[2]
        program = (
            snippet.replace("'jobs1.example.com', 4730", f"'127.0.0.1', {port}")
            .replace(
                "'jobs2.example.com', 4730",
                f"'127.0.0.1', {hanging.getsockname()[1]}",
            )
            .replace("setTimeout(2000)", "setTimeout(200)")
            .replace("shuffle($servers)", "$servers = array_reverse($servers)")
        )
        (tmp_path / "submit.php").write_text(
            f"<?php\n{program}\necho submit('upper', 'one', 'unique-1');\n"
        )
        handle = run("php submit.php", tmp_path, dict(os.environ))
        with Admin(alive.address) as admin:
            (job,) = admin.jobs(function="upper")
        assert (job.handle, job.unique) == (handle.strip(), "unique-1")
