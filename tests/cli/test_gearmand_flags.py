"""The drop-in's flags: what each does to the server, and what stops the start."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from geartrain.cli.gearmand import command, gear_port, service_of
from geartrain.cli.gearmand_flags import ABANDONED
from geartrain.cli.service import Service
from geartrain.errors import OptionError
from geartrain.server.options import Options, default_handle_prefix
from geartrain.transport.address import Address
from tests.support.programs import run

COVERS = ("cli/gearmand_config",)


@pytest.fixture(autouse=True)
def _no_port_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEARMAND_PORT", raising=False)


def service(*flags: str) -> Service:
    """Return what a command line would run."""
    return service_of(command.make_context("gearmand", list(flags)))


def options(*flags: str) -> Options:
    """Return what a command line tells the server."""
    return service(*flags).options


def test_the_defaults_are_the_originals() -> None:
    plain = service()
    told = plain.options
    assert told.addresses == (Address(host="", port=4730),)
    assert told.job_retries == -1
    assert told.handle_prefix == default_handle_prefix()
    assert told.exceptions is False
    assert told.compat == "2.0"
    assert told.log_level == "ERROR"
    assert told.store == "memory:"
    assert plain.store_flag == "--libsqlite3-db"
    assert told.descriptors is None
    assert told.probes == (None, None, None)
    assert plain.log.file == "/var/log/gearmand.log"
    assert told.pid_file == "/var/gearmand.pid"
    assert not plain.pid_file_wanted
    assert not plain.daemon
    assert told.user is None
    assert plain.notices == []


@pytest.mark.parametrize("flags", [["-p", "7000"], ["-p7000"], ["--port=7000"]])
def test_the_port_can_be_written_in_every_way(flags: list[str]) -> None:
    assert options(*flags).addresses == (Address(host="", port=7000),)


def test_listen_takes_a_host_and_may_be_repeated() -> None:
    assert options("-L", "127.0.0.1", "--listen=::1", "-p", "7000").addresses == (
        Address(host="127.0.0.1", port=7000),
        Address(host="::1", port=7000),
    )


def test_every_other_flag_reaches_the_server() -> None:
    told = options(
        *("-b", "77", "-f", "5000", "-j", "3", "--exceptions"),
        *("--job-handle-prefix", "J:here", "--verbose", "NOTICE"),
        *("--keepalive", "--keepalive-idle", "9", "--keepalive-interval", "8"),
        *("--keepalive-count", "-1", "--compat", "1.1", "-R"),
    )
    assert told.backlog == 77
    assert told.descriptors == 5000
    assert told.job_retries == 3
    assert told.exceptions is True
    assert told.handle_prefix == "J:here"
    assert told.log_level == "NOTICE"
    assert told.probes == (9, 8, None)
    assert (told.compat, told.round_robin) == ("1.1", True)


def test_flags_of_the_process() -> None:
    told = service("-d", "-l", "none", "-P", "/tmp/p", "--syslog", "--coredump")
    assert told.daemon
    assert told.log.file == "none"
    assert told.log.syslog
    assert (told.options.pid_file, told.pid_file_wanted) == ("/tmp/p", True)
    assert told.core_dumps


@pytest.mark.parametrize(
    ("compat", "given", "retries"),
    [
        ("2.0", "-1", -1),
        ("2.0", "0", 0),
        ("2.0", "255", 255),
        ("1.1", "0", -1),
        ("1.1", "1", 1),
    ],
)
def test_job_retries_of_both_versions(compat: str, given: str, retries: int) -> None:
    assert options("--compat", compat, "-j", given).job_retries == retries


@pytest.mark.parametrize("given", ["-2", "256", "4294967295"])
def test_job_retries_out_of_range(given: str) -> None:
    with pytest.raises(OptionError) as caught:
        service("-j", given)
    assert str(caught.value) == (
        "job-retries must be -1 (no limit), 0 (no retries), or between 1 and 255"
    )


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["-t", "4"], "--threads has no meaning here"),
        (["--threads=0"], "--threads has no meaning here"),
        (["-w", "2"], "--worker-wakeup has no meaning here"),
        (["--hashtable-buckets", "1733003"], "--hashtable-buckets has no meaning here"),
        (["-R"], "--round-robin has no meaning here"),
        (["--coredump"], "--coredump raises the limit"),
        (["--mysql-db", "jobs"], "does nothing without --queue-type=MySQL"),
        (["--keepalive-idle", "9"], "does nothing without --keepalive"),
        (["--libsqlite3-db", "/q"], "does nothing without --queue-type=libsqlite3"),
        (["--store-queue-on-shutdown"], "nothing without --queue-type=libsqlite3"),
    ],
)
def test_a_flag_without_meaning_is_said(flags: list[str], words: str) -> None:
    (notice,) = service(*flags).notices
    assert words in notice


def test_round_robin_means_something_to_the_older_version() -> None:
    assert service("-R", "--compat", "1.1").notices == []


@pytest.mark.parametrize("flag", ABANDONED)
@pytest.mark.parametrize("value", ["", "=x"])
def test_an_abandoned_database_stops_the_start(flag: str, value: str) -> None:
    with pytest.raises(OptionError) as caught:
        service(flag + value)
    assert str(caught.value).startswith(f"'{flag}': Tokyo Cabinet and Drizzle")


@pytest.mark.parametrize("protocol", ["HTTP", "gopher", ""])
def test_protocols_of_no_name(protocol: str) -> None:
    with pytest.raises(OptionError) as caught:
        service("-r", protocol)
    assert str(caught.value) == f"Unknown protocol module : {protocol}"


def test_http_has_a_port_of_its_own_where_it_is_asked_for() -> None:
    assert service("--http-port", "8000").options.web_addresses == ()
    words = ("-L", "127.0.0.1", "-L", "unix:/run/g", "-L", "127.0.0.1:99")
    found = service("-r", "http", *words).options.web_addresses
    assert [str(each) for each in found] == ["127.0.0.1:8080"]
    found = service("--protocol=http", "--http-port=8000").options.web_addresses
    assert [str(each) for each in found] == ["*:8000"]


def test_the_environments_port_is_for_want_of_the_option(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GEARMAND_PORT", "7001")
    assert options().addresses[0].port == 7001
    assert options("-p", "7002").addresses[0].port == 7002
    monkeypatch.setenv("GEARMAND_PORT", "tcp://10.0.0.1:4730")
    plain = service()
    assert plain.options.addresses[0].port == 4730
    assert "Kubernetes" in plain.notices[0]


def written(folder: Path, text: str) -> str:
    path = folder / "gearmand.conf"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("form", ["--config-file={}", "@{}"])
def test_a_configuration_file_is_a_command_line(form: str, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "# a comment, port=9\nport=9\n--port=7000 -j 3\n-L 127.0.0.1\n--exceptions\n",
    )
    told = options(form.format(path))
    assert told.addresses == (Address(host="127.0.0.1", port=7000),)
    assert told.job_retries == 3
    assert told.exceptions


def test_the_command_line_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEARMAND_PORT", "7009")
    path = written(tmp_path, "-p 7000 -j 3 -t 8 -L 127.0.0.1")
    told = service("-p", "7001", "--config-file", path, "-L", "::1")
    assert told.options.addresses == (Address(host="::1", port=7001),)
    assert told.options.job_retries == 3
    assert len(told.notices) == 1
    assert options("--config-file", path).addresses[0].port == 7000


def test_an_abandoned_database_stops_the_start_from_a_file_too(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="--libtokyocabinet-file"):
        service("--config-file", written(tmp_path, "--libtokyocabinet-file=db"))


def test_a_wrong_value_in_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(click.BadParameter, match="70000 is not a port"):
        service("--config-file", written(tmp_path, "--port=70000"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("--prot=1", "unrecognised option '--prot', did you mean '--port'?"),
        ("-x", "unrecognised option '-x'"),
        ("-j 1 --port", "requires an argument"),
    ],
)
def test_a_wrong_file_is_named(text: str, words: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(OptionError) as caught:
        service("--config-file", path)
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing"
    with pytest.raises(OptionError) as caught:
        service(f"@{path}")
    assert str(caught.value) == (
        f"Could not open configuration file {path}: No such file or directory"
    )


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--prot", "5"], "unrecognised option '--prot', did you mean '--port'?"),
        (
            ["--log-fle=x"],
            "unrecognised option '--log-fle', did you mean '--log-file'?",
        ),
        (["-v"], "unrecognised option '-v'"),
        (["extra"], "unrecognised option 'extra'"),
        (["--port"], "Option '--port' requires an argument"),
        (["--daemon=yes"], "Option '--daemon' does not take a value"),
        (
            ["-t", "x"],
            "Invalid value for '-t' / '--threads': 'x' is not a valid number",
        ),
        (["-j", "300"], "job-retries must be -1 (no limit), 0 (no retries), or"),
        (["--verbose=debug"], "Invalid value for '--verbose': 'debug' is not one of"),
        (["-u", "no-such-user"], "Could not find user: no-such-user"),
        (["-L", ""], "an address is empty"),
        (["-L", "a b"], "'a b' is not an address"),
        (
            ["--ssl", "--ssl-certificate=/no/pem", "--ssl-key=/no/key"],
            "/no/pem cannot be read: No such file or directory",
        ),
        (["@/no/such/file"], "Could not open configuration file /no/such/file"),
    ],
)
def test_an_error_is_one_line_and_status_one(flags: list[str], line: str) -> None:
    status, out, err = run("gearmand", *flags)
    assert (status, out) == (1, "")
    assert err.startswith("gearmand: ")
    assert line in err
    assert err.count("\n") == 1


def test_check_args_checks_and_does_nothing_else(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    good = ["--check-args", "-d", "-t", "4", "-p", "0", "-P", str(pid_file)]
    assert run("gearmand", *good) == (0, "", "")
    assert run("gearmand", *good, "-j", "999")[0] == 1
    assert not pid_file.exists()


def test_the_version() -> None:
    for flag in ("-V", "--version"):
        status, out, err = run("gearmand", flag)
        assert (status, err) == (0, "")
        assert out.startswith("gearmand 0.1.0 (")
        assert "Geartrain" in out
        assert out.count("\n") == 1


def test_the_help_names_every_flag_of_today() -> None:
    for flag in ("-h", "--help"):
        status, out, err = run("gearmand", flag)
        assert (status, err) == (0, "")
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert all(name in out for name in option.opts)
        assert "--libtokyocabinet-file" not in out


def test_the_option_goes_before_the_environment() -> None:
    assert gear_port(7000, "7001") == (7000, None)
    assert gear_port(7000, "nonsense") == (7000, None)
    assert gear_port(None, "7001") == (7001, None)
    assert gear_port(None, "http") == (80, None)
    assert gear_port(None, "") == (4730, None)
    assert gear_port(None, None) == (4730, None)


def test_what_kubernetes_sets_is_told_and_not_used() -> None:
    number, notice = gear_port(None, "tcp://10.0.0.1:4731")
    assert number == 4730
    assert notice is not None
    assert "tcp://10.0.0.1:4731" in notice
    assert "Kubernetes" in notice


def test_another_wrong_environment_is_named() -> None:
    with pytest.raises(OptionError) as caught:
        gear_port(None, "47x30")
    assert "GEARMAND_PORT" in str(caught.value)
    assert "47x30" in str(caught.value)
