"""``geartrain token`` and ``geartrain password``."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from geartrain.cli.password import password
from geartrain.cli.token import token
from geartrain.errors import StartError
from geartrain.server.access import token_line
from geartrain.server.passwords import is_password, read_passwords

COVERS = ("cli/password",)


def test_a_token_comes_with_the_line_that_knows_it() -> None:
    lines = CliRunner().invoke(token).output.splitlines()
    made, line = lines
    assert len(made) >= 40
    assert line == f'token = "{token_line(made.encode())}"'


def test_a_token_goes_into_a_file_of_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "token"
    (line,) = CliRunner().invoke(token, ["--file", str(file)]).output.splitlines()
    assert file.stat().st_mode & 0o777 == 0o600
    assert line == f'token = "{token_line(file.read_bytes().strip())}"'
    again = CliRunner().invoke(token, ["--file", str(file)])
    assert isinstance(again.exception, StartError)
    assert "is there already" in str(again.exception)


def test_a_password_makes_a_line_of_the_file(tmp_path: Path) -> None:
    arguments = ["alice", "--role", "operate"]
    said = CliRunner().invoke(password, arguments, input="sesame 123\n").output
    file = tmp_path / "passwords"
    file.write_text(said)
    account = read_passwords(str(file))["alice"]
    assert account.role == "operate"
    assert is_password("sesame 123", account.hash)
    assert "sesame" not in said


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (["alice"], "short", "a password has 8 characters or more"),
        (["a:b"], "sesame 123", "'a:b': a name has letters, digits and . _ @ -"),
        (["a", "--role", "x y"], "sesame 123", "'x y': a role has letters"),
    ],
)
def test_what_cannot_be_is_refused(arguments: list[str], given: str, said: str) -> None:
    result = CliRunner().invoke(password, arguments, input=given)
    assert result.exit_code != 0
    assert said in result.output
