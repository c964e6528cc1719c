"""The fixtures, in runs of pytest as users start them."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLUGIN = "geartrain.testing.pytest_plugin"


def flags() -> list[str]:
    """Return what has pytest load the plugin where this checkout is not installed."""
    installed = [each.value for each in entry_points(group="pytest11")]
    return [] if PLUGIN in installed else ["-p", PLUGIN]


def run_pytest(folder: Path, program: str) -> str:
    """Run a test file with the fixtures; return what pytest prints."""
    (folder / "test_theirs.py").write_text(program)
    command = [sys.executable, "-m", "pytest", *flags(), "-p", "no:randomly"]
    done = subprocess.run(
        [*command, "-q", "--rootdir", str(folder), str(folder)],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    return done.stdout + done.stderr


def test_an_installation_brings_the_fixtures() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"geartrain": PLUGIN}


def test_each_test_has_a_job_server_and_its_client(tmp_path: Path) -> None:
    printed = run_pytest(
        tmp_path,
        """
import pytest

@pytest.mark.parametrize("turn", [1, 2])
def test_order(geartrain_server, geartrain_client, turn):
    assert geartrain_server.submitted() == []
    geartrain_client.do_background("mail", b"order 17")
    geartrain_server.assert_submitted("mail", workload=b"order 17", count=1)
""",
    )
    assert "2 passed" in printed, printed


def test_a_fixture_of_the_same_name_is_what_the_client_uses(tmp_path: Path) -> None:
    printed = run_pytest(
        tmp_path,
        """
import pytest
from geartrain.testing import LocalServer

@pytest.fixture
def geartrain_server():
    with LocalServer(port=0) as server:
        yield server

def test_port(geartrain_server, geartrain_client):
    geartrain_client.do_background("mail")
    assert geartrain_server.address.startswith("127.0.0.1:")
    assert geartrain_server.submitted("mail")
""",
    )
    assert "1 passed" in printed, printed


def test_a_failed_assertion_shows_what_was_submitted(tmp_path: Path) -> None:
    printed = run_pytest(
        tmp_path,
        """
def test_order(geartrain_server, geartrain_client):
    geartrain_client.do_background("mail", b"order 17")
    geartrain_server.assert_submitted("resize")
""",
    )
    assert "1 failed" in printed
    assert "mail b'order 17' background (ready)" in printed


def test_a_run_without_the_fixtures_loads_no_job_server(tmp_path: Path) -> None:
    printed = run_pytest(
        tmp_path,
        """
import sys

def test_modules():
    loaded = [name for name in sys.modules if name.startswith("geartrain.")]
    assert "geartrain.testing.pytest_plugin" in loaded
    assert not [name for name in loaded if "server" in name or "engine" in name]
""",
    )
    assert "1 passed" in printed, printed
