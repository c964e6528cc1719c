"""What is open to whom, in sentences."""

from __future__ import annotations

import pytest

from geartrain.engine.model.principals import Principal
from geartrain.server.access import read_access
from geartrain.server.exposure import exposed, http_dangers, known_by
from geartrain.server.options import Options
from geartrain.transport.address import parse_address
from tests.support.access import file_of

EVERYWHERE = (parse_address("0.0.0.0:4730"), parse_address("127.0.0.1:4730"))


def test_what_others_reach_without_rules_is_said() -> None:
    (said,) = exposed(Options(listen=EVERYWHERE))
    assert said.startswith("everybody who reaches 0.0.0.0:4730 may submit jobs, work")
    assert "[access]" in said
    (said,) = exposed(Options(listen=EVERYWHERE, tls_cert="c", tls_ca="a"))
    assert said.startswith("everybody with a certificate of --tls-ca who reaches")


def test_what_is_for_this_machine_or_has_rules_is_not() -> None:
    assert list(exposed(Options())) == []
    rules = (Principal(b"web", {"see": (b"*",)}),)
    assert list(exposed(Options(listen=EVERYWHERE, access=rules))) == []


def test_secrets_that_pass_in_clear_are_said() -> None:
    http = (parse_address("0.0.0.0:4731"), parse_address("127.0.0.1:4731"))
    (said,) = http_dangers(Options(http=http, http_password_file="people"))
    assert said.startswith("passwords, tokens and jobs pass 0.0.0.0:4731 of HTTP in")
    for options in (
        Options(http=http),
        Options(http=http[1:], http_password_file="people"),
        Options(http=http, http_password_file="people", http_tls_cert="cert"),
    ):
        assert list(http_dangers(options)) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            'user = "0"\nsee = ["a", "b"]\noperate = "c"',
            "p, known by user, may see a, b; operate c",
        ),
        (
            'certificate = "w"\naddress = "10.0.0.0/8"\nsubmit = "*"',
            "p, known by certificate and address, may submit *",
        ),
        ('address = "any"\nsubmit = "*"', "p, known by any address, may submit *"),
        (
            'see = "*"',
            "p, only the role of people who log in, may see *",
        ),
    ],
)
def test_a_principal_is_told_in_a_sentence(settings: str, said: str) -> None:
    (principal,) = read_access(file_of(f"[access.p]\n{settings}"))
    assert known_by(principal) == said
