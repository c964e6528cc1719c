"""What a program is told by flags, environment and file, and what it says of it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click
import pytest

from geartrain.cli.flags import (
    Configuration,
    flags_of,
    read_configuration,
    show_configuration,
    typed,
    usage_errors,
)
from geartrain.configuration.kinds import whole
from geartrain.errors import OptionError
from tests.support.configuration_files import Write, write
from tests.support.programs import run
from tests.support.sample_options import Sample

__all__ = ["write"]

command = click.Command("sample", params=flags_of(Sample))


def told(*flags: str) -> Configuration[Sample]:
    """Return what a command line tells the sample."""
    parameters = command.make_context("sample", list(flags)).params
    return read_configuration(Sample, parameters)


def test_nothing_but_defaults() -> None:
    plain = told()
    assert plain.options == Sample()
    assert (plain.given, plain.notices, plain.file) == ({}, [], None)


def test_a_flag_goes_before_a_variable_and_that_before_the_file(
    monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    path = write("[server]\nnumber = 1\npause = 1\nplace = '/file'\n")
    monkeypatch.setenv("GEARTRAIN_NUMBER", "2")
    monkeypatch.setenv("GEARTRAIN_PAUSE", "2")
    found = told("--config", path, "--number", "3")
    assert found.options == Sample(number=3, pause=2.0, place="/file")
    assert {name: each.place for name, each in found.given.items()} == {
        "number": "--number",
        "pause": "GEARTRAIN_PAUSE",
        "place": f"{path}:4",
    }


@pytest.mark.parametrize(
    ("text", "flags", "is_open"),
    [
        ("false", [], False),
        ("false", ["--is-open"], True),
        ("true", ["--no-is-open"], False),
        ("", ["--no-is-open"], False),
        ("", [], True),
    ],
)
def test_what_is_on_can_be_switched_off_and_on_again(
    text: str, flags: list[str], is_open: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEARTRAIN_IS_OPEN", text)
    assert told(*flags).options.is_open is is_open


def test_a_flag_can_take_back_what_the_file_names(write: Write) -> None:
    path = write("[server]\nplace = '/file'\n")
    assert told("--config", path, "--place", "").options.place == ""


def test_a_list_is_replaced_as_a_whole(write: Write) -> None:
    path = write("[server]\nnames = ['a', 'b']\n")
    assert told("--config", path).options.names == ("a", "b")
    flags = ("--names", "c", "--names", "d,e")
    assert told("--config", path, *flags).options.names == ("c", "d,e")


def test_a_variable_names_the_file(
    monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    monkeypatch.setenv("GEARTRAIN_CONFIG", write("[server]\nnumber = 1\n"))
    assert told().options.number == 1
    monkeypatch.setenv("GEARTRAIN_CONFIG", "/no/such")
    with pytest.raises(OptionError) as caught:
        told()
    assert str(caught.value) == (
        "GEARTRAIN_CONFIG: /no/such: cannot be read: No such file or directory"
    )
    monkeypatch.setenv("GEARTRAIN_CONFIG", "")
    assert told().file is None


def test_no_file_is_read_unasked(tmp_path: Path) -> None:
    (tmp_path / "geartrain.toml").write_text("nonsense")
    with contextlib.chdir(tmp_path):
        assert told().file is None


def test_what_is_wrong_is_told_even_where_something_stronger_is_right(
    monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    path = write("[server]\nnumber = 11\n")
    with pytest.raises(OptionError, match=r":2: number: 11 is not in the range"):
        told("--config", path, "--number", "3")
    monkeypatch.setenv("GEARTRAIN_NUMBER", "many")
    with pytest.raises(OptionError, match="GEARTRAIN_NUMBER: 'many' is not a valid"):
        told("--number", "3")


def test_the_variables_of_every_program_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GEARTRAIN_WORKER_PROCESSES", "4")
    monkeypatch.setenv("GEARTRAIN_SERVER_TLS_CERT", "/c")
    assert told().notices == []
    monkeypatch.setenv("GEARTRAIN_WORKER_PROCESES", "4")
    with pytest.raises(OptionError, match="did you mean GEARTRAIN_WORKER_PROCESSES"):
        told()


def test_the_configuration_is_shown_with_places_and_without_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    path = write("[server]\nnames = ['a', 'b']\n")
    monkeypatch.setenv("GEARTRAIN_HUSH", "password")
    monkeypatch.setenv("GEARTRAIN_VERSION", "1")
    show_configuration(told("--config", path, "--no-is-open"), [("more", "x", "y")])
    out, err = capsys.readouterr()
    assert [line.split("  ")[0] for line in out.splitlines()] == [
        *("OPTION", "number", "pause", "names", "secret", "place", "is_open"),
        *("is_quiet", "more"),
    ]
    rows = {line.split()[0]: line.split(maxsplit=1)[1] for line in out.splitlines()}
    assert rows["number"].split() == ["5", "default"]
    assert rows["pause"].split() == ["(as", "needed)", "default"]
    assert rows["names"].split() == ["a,", "b", f"{path}:2"]
    assert rows["secret"].split() == ["********", "GEARTRAIN_HUSH"]
    assert rows["place"].split() == ["-", "default"]
    assert rows["is_open"].split() == ["false", "--no-is-open"]
    assert "password" not in out
    assert err == "GEARTRAIN_VERSION is no variable of Geartrain: it is not used\n"
    starts = {line.rindex("  ") for line in out.splitlines()}
    assert len(starts) == 1


def test_a_wrong_option_is_a_usage_error() -> None:
    with pytest.raises(click.UsageError, match="of no use"), usage_errors():
        raise OptionError("of no use")
    with pytest.raises(click.BadParameter, match="'x' is not a valid number"):
        typed(whole())("x")


@pytest.mark.parametrize("program", ["server", "worker"])
def test_help_is_shown_whatever_else_is_wrong(program: str) -> None:
    status, out, err = run(
        *("geartrain", program, "--help"),
        GEARTRAIN_CONFIG="/no/such",
        GEARTRAIN_PROT="1",
    )
    assert (status, err) == (0, "")
    assert "--show-config" in out


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        (
            {"GEARTRAIN_PROT": "7000"},
            "GEARTRAIN_PROT is no variable of Geartrain: did you mean GEARTRAIN_PORT?",
        ),
        ({"GEARTRAIN_PORT": "70000"}, "GEARTRAIN_PORT: 70000 is not a port from 0 to"),
        ({"GEARTRAIN_LOG_LEVEL": "loud"}, "GEARTRAIN_LOG_LEVEL: 'loud' is not one of"),
        ({"GEARTRAIN_KEEPALIVE": "x"}, "GEARTRAIN_KEEPALIVE: 'x' is neither true nor"),
        ({"GEARTRAIN_CONFIG": "/no/such"}, "GEARTRAIN_CONFIG: /no/such: cannot be"),
        ({"GEARTRAIN_LISTEN": "a, b c:x"}, "GEARTRAIN_LISTEN: 'c:x': 'x' is not a"),
    ],
)
@pytest.mark.parametrize("flags", [[], ["--show-config"]])
def test_a_wrong_variable_is_one_line_and_status_two(
    environment: dict[str, str], line: str, flags: list[str]
) -> None:
    status, out, err = run("geartrain", "server", *flags, **environment)
    assert (status, out) == (2, "")
    assert err.startswith(f"geartrain server: {line}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            "[server]\noptions_in_names = true",
            ":2: 'options_in_names' is no option of [server]: write it in [submit]",
        ),
        ("[server]\nprot = 1", ":2: 'prot' is no option of [server]: did you mean"),
        ("[server]\nport = 70000", ":2: port: 70000 is not a port from 0 to 65535"),
        ("[server]\nport =", ": not TOML: Invalid value (at"),
        ("[sever]", ":1: 'sever' is no table of this file: did you mean 'server'?"),
        ("[server]\ntls_key = 'k'", ":2) is of no use without tls_cert"),
        (
            "[server]\nhttp_user_header = 'X-User'",
            ":2) is of no use without http_trust_proxy",
        ),
        (
            "[server]\nkeepalive = false\nkeepalive_idle = 5",
            ":3) exclude each other",
        ),
    ],
)
def test_a_wrong_file_is_one_line_and_status_two(
    content: str, line: str, write: Write
) -> None:
    path = write(content)
    status, out, err = run("geartrain", "server", "--config", path)
    assert (status, out) == (2, "")
    assert err.startswith("geartrain server: ")
    assert f"{path}{line}" in err
    assert err.count("\n") == 1
