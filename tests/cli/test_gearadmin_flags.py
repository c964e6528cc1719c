"""The command line of ``gearadmin``."""

from __future__ import annotations

import pytest

from geartrain.cli.gearadmin_flags import HELP, GearadminFlags
from geartrain.errors import OptionError


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ([], {}),
        (["--status"], {"status": ""}),
        (["--stat", "word"], {"status": ""}),
        (["-h", "x", "-p4731"], {"host": "x", "port": "4731"}),
        (["--host=x", "--po", "1"], {"host": "x", "port": "1"}),
        (["-Sh", "x"], {"ssl": "", "host": "x"}),
        (["--cancel-job", "--status"], {"cancel-job": "--status"}),
        (["--create-function", ""], {"create-function": ""}),
        (["--", "--status"], {}),
        (["-"], {}),
    ],
)
def test_what_is_given(words: list[str], values: dict[str, str]) -> None:
    assert GearadminFlags(words).values == values


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--bogus"], "unrecognised option '--bogus'"),
        (["-Sx"], "unrecognised option '-Sx'"),
        (["--show"], "ambiguous and matches '--show-jobs', and '--show-unique-jobs'"),
        (["--status=1"], "'--status' does not take any arguments"),
        (["--host="], "should follow immediately after the equal sign"),
        (["--host"], "the required argument for option '--host' is missing"),
        (["-h", "-p"], "the required argument for option '--host' is missing"),
        (["-h", "x", "--host=y"], "'--host' cannot be specified more than once"),
    ],
)
def test_what_is_wrong(words: list[str], error: str) -> None:
    with pytest.raises(OptionError) as caught:
        GearadminFlags(words)
    assert error in str(caught.value)


def test_the_help_names_every_flag() -> None:
    names = {
        line.split("--")[1].split()[0] for line in HELP.splitlines() if "--" in line
    }
    for name in names:
        value = [] if f"--{name} arg" not in HELP and "arg (" not in HELP else ["x"]
        assert name in GearadminFlags([f"--{name}", *value]).values
    assert len(names) == 15
