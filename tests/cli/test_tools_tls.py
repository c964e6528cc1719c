"""``gearman -S`` and ``gearadmin -S``: TLS with the environment's files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.servers import RunningServer, running_geartrain


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("signed"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[RunningServer]:
    """Run a job server that speaks TLS and demands a certificate."""
    mine = authority.issue("server")
    flags = ("--tls-cert", str(mine.cert), "--tls-key", str(mine.key))
    with running_geartrain(*flags, "--tls-ca", str(authority.ca)) as running:
        yield running


@pytest.fixture(scope="module")
def shown(authority: Authority) -> dict[str, str]:
    """Return the environment that names the certificate to show."""
    client = authority.issue("client")
    return {
        "GEARMAN_CLIENT_PEM": str(client.cert),
        "GEARMAN_CLIENT_KEY": str(client.key),
    }


def run(
    tool: str, server: RunningServer, *words: str, **environment: str
) -> tuple[int, str, str]:
    """Run a tool to its end for the job server."""
    where = ("-h", server.host, "-p", str(server.port), "-S")
    done = subprocess.run(
        [sys.executable, "-m", f"geartrain.cli.{tool}", *where, *words],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("is_verified", [True, False])
def test_they_speak_tls(
    server: RunningServer,
    authority: Authority,
    shown: dict[str, str],
    is_verified: bool,
) -> None:
    files = dict(shown)
    if is_verified:
        files["GEARMAND_CA_CERTIFICATE"] = str(authority.ca)
    submitted = run("gearman", server, "-b", "-f", "up", "work", **files)
    assert submitted == (0, "", "")
    assert run("gearadmin", server, "--status", **files) == (0, "up\t1\t0\t0\n.\n", "")
    did = run("gearman", server, "-w", "-f", "up", "-c", "1", **files)
    assert did == (0, "work", "")


def test_a_job_server_that_another_authority_vouches_for_is_not_trusted(
    server: RunningServer, shown: dict[str, str], tmp_path: Path
) -> None:
    files = {**shown, "GEARMAND_CA_CERTIFICATE": str(Authority(tmp_path / "b").ca)}
    status, out, err = run("gearadmin", server, "--status", **files)
    assert (status, out) == (1, "")
    assert "Error connecting to 127.0.0.1" in err
    status, out, err = run("gearman", server, "-f", "up", "-s", **files)
    assert (status, out) == (0, "")
    assert "GEARMAN_COULD_NOT_CONNECT" in err


@pytest.mark.parametrize("tool", ["gearman -f up -s", "gearadmin --status"])
def test_a_file_that_is_not_there_is_named(server: RunningServer, tool: str) -> None:
    name, *words = tool.split()
    status, out, err = run(name, server, *words, GEARMAND_CA_CERTIFICATE="/no/ca.pem")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "/no/ca.pem" in err
