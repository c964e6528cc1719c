"""The files of ``deploy/``: systemd, Docker and their linters take them."""

from __future__ import annotations

import configparser
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from geartrain.cli.server import server
from geartrain.cli.worker import worker
from geartrain.server.options import Options as ServerOptions
from geartrain.supervisor.options import WorkerOptions

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
COMMANDS = {"server": (server, ServerOptions), "worker": (worker, WorkerOptions)}
# What systemd calls "OK"; a unit without any of the settings has 9.6.
MOST_EXPOSED = 2.0


def analyzed(*words: object) -> str:
    done = subprocess.run(
        ["systemd-analyze", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


def read(unit: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit)
    return parser


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = unit.read_text().replace("/usr/local/bin/geartrain", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    said = analyzed("verify", *(tmp_path / unit.name for unit in UNITS))
    assert "geartrain" not in said


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_service_is_hardened(unit: Path) -> None:
    said = analyzed("security", "--offline=true", unit)
    level = re.search(r"exposure level for \S+: ([0-9.]+)", said)
    assert level is not None, said
    assert float(level[1]) <= MOST_EXPOSED, said


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_service_has_time_to_stop(unit: Path) -> None:
    settings = read(unit)["Service"]
    _, name, *flags = shlex.split(settings["ExecStart"])
    command, options = COMMANDS[name]
    given = command.make_context(name, flags).params
    limit = "drain" if name == "server" else "grace"
    seconds = given[limit] or getattr(options(), limit)
    assert float(settings["TimeoutStopSec"]) >= seconds + 10
    assert settings["Type"] == "notify"


def test_hadolint_has_nothing_to_say_about_the_image() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [hadolint, DEPLOY / "docker" / "Dockerfile"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_runs_a_command_that_there_is() -> None:
    text = (DEPLOY / "docker" / "Dockerfile").read_text()
    (words,) = re.findall(r"^CMD \[(.*)\]$", text, re.MULTILINE)
    name, *flags = shlex.split(words.replace(",", " "))
    context = COMMANDS[name][0].make_context(name, flags)
    assert context.params["listen"]


def test_compose_waits_longer_than_jobs_may_take() -> None:
    text = (DEPLOY / "docker" / "compose.yaml").read_text()
    periods = [int(each) for each in re.findall(r"stop_grace_period: (\d+)s", text)]
    assert len(periods) == len(re.findall(r"^  \w+:\n    (?:build|image):", text, re.M))
    assert min(periods) >= max(ServerOptions().drain, WorkerOptions().grace) + 10
