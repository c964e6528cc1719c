"""``geartrain``'s command line: what it tells the server, and its errors."""

from __future__ import annotations

import contextlib
import platform
import re
from pathlib import Path

import pytest

from geartrain import core_build
from geartrain.cli.server import server, server_configuration, service_of
from geartrain.cli.service import Service
from geartrain.server.options import GIB, MIB, Options
from geartrain.stores.locations import default_store
from geartrain.transport.address import Address
from tests.support.programs import run

COVERS = (
    "cli/main",
    "cli/program",
    "server/options",
)


@pytest.fixture(autouse=True)
def _default_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEARTRAIN_HTTP")


def service(*flags: str) -> Service:
    """Return what a command line would run."""
    parameters = server.make_context("server", list(flags)).params
    return service_of(server_configuration(parameters))


def options(*flags: str) -> Options:
    """Return what a command line tells the server."""
    return service(*flags).options


def test_the_defaults() -> None:
    plain = service()
    told = plain.options
    assert told == Options()
    assert told.addresses == (Address(host="127.0.0.1", port=4730),)
    assert told.store == default_store()
    assert told.probes == (60, 15, 4)
    assert told.log_level == "INFO"
    assert told.durability == "disk"
    assert plain.store_flag == "--store"
    assert plain.notices == []
    assert plain.log.file == "stderr"
    assert told.pid_file == ""
    assert told.user is None
    assert not plain.daemon


def test_the_port_is_for_addresses_that_name_none() -> None:
    assert options("--port", "7000").addresses == (
        Address(host="127.0.0.1", port=7000),
    )
    told = options(
        *("--listen", "localhost", "--listen", "10.0.0.1:1", "--listen", "[::1]"),
        *("--listen", "unix:/run/g.sock", "--port", "7000", "--listen", ":9"),
    )
    assert told.addresses == (
        Address(host="localhost", port=7000),
        Address(host="10.0.0.1", port=1),
        Address(host="::1", port=7000),
        Address(path="/run/g.sock", port=0),
        Address(host="", port=9),
    )


def test_an_address_named_twice_is_listened_on_once() -> None:
    told = options("--listen", "127.0.0.1", "--listen", "127.0.0.1:4730")
    assert told.addresses == (Address(host="127.0.0.1", port=4730),)


def test_every_other_flag_reaches_the_server() -> None:
    told = options(
        *("--store", "sqlite:///srv/jobs.db", "--durability", "os"),
        *("--max-packet", "64M", "--max-memory", "4G", "--max-outbox", "2G"),
        *("--job-retries", "0"),
        *("--handle-prefix", "J", "--exceptions", "--compat", "1.1", "--round-robin"),
        *("--timezone", "UTC", "--backlog", "7", "--descriptors", "99"),
        *("--keepalive-idle", "1", "--keepalive-interval", "2"),
        *("--keepalive-count", "3", "--log-level", "debug"),
    )
    assert told == Options(
        store="sqlite:///srv/jobs.db",
        durability="os",
        max_packet=64 * MIB,
        max_memory=4 * GIB,
        max_outbox=2 * GIB,
        job_retries=0,
        handle_prefix="J",
        exceptions=True,
        compat="1.1",
        round_robin=True,
        timezone="UTC",
        backlog=7,
        descriptors=99,
        keepalive_idle=1,
        keepalive_interval=2,
        keepalive_count=3,
        log_level="DEBUG",
    )


def test_the_configuration_file_reaches_the_server(tmp_path: Path) -> None:
    path = tmp_path / "geartrain.toml"
    path.write_text('[functions."mail.*"]\nmax_attempts = 3\n[functions.f]\nttl = 9\n')
    assert options("--config", str(path)).policies == (
        (b"mail.*", {"max_attempts": 3}),
        (b"f", {"ttl": 9.0}),
    )
    assert options().policies == ()


def test_no_configuration_file_is_read_unasked(tmp_path: Path) -> None:
    (tmp_path / "geartrain.toml").write_text("nonsense")
    with contextlib.chdir(tmp_path):
        assert options().policies == ()


def test_a_wrong_configuration_file_stops_the_start_in_one_line(
    tmp_path: Path,
) -> None:
    path = tmp_path / "geartrain.toml"
    path.write_text("[functions.f]\ntime_out = 3\n")
    status, out, err = run("geartrain", "server", "--config", str(path))
    assert (status, out) == (2, "")
    assert err == (
        f"geartrain server: {path}:2:"
        " [functions.\"f\"]: 'time_out' is no setting of a policy: did you mean"
        " 'timeout'?\n"
    )


def test_keepalive_can_be_left_out_and_in_part() -> None:
    assert options("--no-keepalive").probes is None
    assert options("--keepalive-idle", "5").probes == (5, 15, 4)


def test_round_robin_alone_is_said_to_change_nothing() -> None:
    (notice,) = service("--round-robin").notices
    assert "changes nothing" in notice
    assert service("--round-robin", "--compat", "1.1").notices == []


@pytest.mark.parametrize("durability", ["memory", "os", "disk"])
def test_a_durability_of_jobs_in_memory_is_said_to_change_nothing(
    durability: str,
) -> None:
    flags = ["--durability", durability]
    (notice,) = service("--store", "memory:", *flags).notices
    assert notice == "--durability changes nothing: jobs in memory survive no stop"
    assert service("--store", "memory:").notices == []
    assert service(*flags).notices == []
    assert options(*flags).durability == durability


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--store", "mysql:h"], "'mysql:h' is no store: use sqlite:///full/path, "),
        (["--store", "jobs/"], "/jobs/ is a folder: name a file in it"),
        (["--durability", "paper"], "'paper' is not one of 'memory', 'os', 'disk'"),
        (["--prot", "5"], "unrecognised option '--prot', did you mean '--port'?"),
        (["extra"], "Got unexpected extra argument"),
        (["--listen", "host:gear"], "'host:gear': 'gear' is not a port"),
        (["--listen", "unix:x"], "a unix socket needs a full path"),
        (["--listen", ""], "an address is empty"),
        (["--port", "70000"], "70000 is not a port from 0 to 65535"),
        (["--max-packet", "1X"], "'1X' is not a size: write 4096, 64M or 1G"),
        (["--max-outbox", "0"], "out of range"),
        (["--job-retries", "256"], "256 is not in the range"),
        (["--config", "/no/such"], "/no/such: cannot be read: No such file"),
        (["--config", ""], ": cannot be read: No such file"),
        (["--compat", "3"], "'3' is not one of '1.1', '2.0'"),
        (["--timezone", "Mars/X"], "no time zone 'Mars/X'"),
        (["--log-level", "loud"], "'loud' is not one of"),
        (["--user", "no-such-user"], "Could not find user: no-such-user"),
        (["--handle-prefix", "a b"], "use visible ASCII characters"),
        (["--no-keepalive", "--keepalive-idle", "3"], "exclude each other"),
    ],
)
def test_a_usage_error_is_one_line_and_status_two(flags: list[str], line: str) -> None:
    status, out, err = run("geartrain", "server", *flags)
    assert (status, out) == (2, "")
    assert err.startswith("geartrain server: ")
    assert line in err
    assert err.count("\n") == 1


def test_an_unknown_command_gets_the_nearest() -> None:
    status, out, err = run("geartrain", "servr")
    assert (status, out) == (2, "")
    assert err == "geartrain: No such command 'servr'. Did you mean 'server'?\n"


def test_the_version_tells_the_build() -> None:
    status, out, err = run("geartrain", "--version")
    assert (status, err) == (0, "")
    python = re.escape(platform.python_version())
    assert re.fullmatch(
        rf"geartrain 0\.1\.0 \({core_build()} core, Python {python}\)\n", out
    )


@pytest.mark.parametrize("flags", [[], ["-h"], ["--help"]])
def test_the_help_names_the_commands(flags: list[str]) -> None:
    status, out, err = run("geartrain", *flags)
    assert (status, err) == (0, "")
    assert "server" in out
