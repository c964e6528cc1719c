"""Whoever waits for a job is told what became of its process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from geartrain.client import Client
from geartrain.errors import JobExceptionError
from tests.support.servers import RunningServer, running_geartrain
from tests.support.supervised import running_workers


@pytest.fixture
def strict() -> Iterator[RunningServer]:
    with running_geartrain("--job-retries", "1", "--max-packet", "1M") as server:
        yield server


def told(server: RunningServer, function: str, workload: bytes = b"") -> str:
    """Have a job fail; return why, as its client is told."""
    with (
        Client(server.address) as client,
        pytest.raises(JobExceptionError) as caught,
    ):
        client.do(function, workload)
    return str(caught.value)


def test_how_a_process_ended_is_told(folder: Path, strict: RunningServer) -> None:
    with running_workers(folder, strict, "tasks"):
        assert "lost its worker: killed by signal 11 (SIGSEGV)" in told(
            strict, "kill", b"SIGSEGV"
        )
        assert "lost its worker: exited with status 7" in told(strict, "sys_exit", b"7")
        assert "timed out after 1 s" in told(strict, "limited", b"10")


def test_a_command_s_output_that_is_too_large_fails_its_job(
    folder: Path, strict: RunningServer
) -> None:
    command = "big=head -c 2000000 /dev/zero"
    with running_workers(folder, strict, "--exec", command):
        assert "WORK_COMPLETE of" in told(strict, "big")


@pytest.mark.parametrize("flags", [[], ["-n"]])
def test_so_does_that_of_gearman_s(strict: RunningServer, flags: list[str]) -> None:
    command = [sys.executable, "-m", "geartrain.cli.gearman", "-w", "-f", "big"]
    command += [*flags, "-h", "127.0.0.1", "-p", str(strict.port), "--"]
    process = subprocess.Popen([*command, "head", "-c", "2000000", "/dev/zero"])
    try:
        assert "more than the 1114112 this server takes" in told(strict, "big")
    finally:
        process.kill()
        process.wait()
