"""What gearmand's TLS flags and environment variables ask for."""

from __future__ import annotations

import click
import pytest

from geartrain.cli.gearmand import command
from geartrain.cli.gearmand_tls import tls_notices, tls_options
from geartrain.server.options import Options
from geartrain.transport.tls import Tls


def parsed(*words: str) -> click.Context:
    return command.make_context("gearmand", list(words))


def files(*words: str, **environment: str) -> Tls | None:
    options = tls_options(parsed(*words).params, environment)
    return Options(**options).tls


def test_without_ssl_connections_are_plain() -> None:
    assert files("--ssl-certificate=/a") is None
    assert files(GEARMAND_SERVER_PEM="/a") is None


def test_the_flags_name_the_files() -> None:
    flags = ("--ssl", "--ssl-certificate=/a", "--ssl-key=/b", "--ssl-ca-file=/c")
    assert files(*flags) == Tls(cert="/a", key="/b")
    assert files(*flags, "--ssl-verify-peer") == Tls(cert="/a", key="/b", ca="/c")


def test_variables_go_before_flags() -> None:
    flags = ("--ssl", "--ssl-certificate=/a", "--ssl-key=/b", "--ssl-verify-peer")
    found = files(
        *flags,
        GEARMAND_SERVER_PEM="/1",
        GEARMAND_SERVER_KEY="/2",
        GEARMAND_CA_CERTIFICATE="/3",
    )
    assert found == Tls(cert="/1", key="/2", ca="/3")
    assert files(*flags[:3], GEARMAND_SERVER_PEM="") == Tls(cert="/a", key="/b")


def test_files_that_nothing_names_are_where_the_original_has_them() -> None:
    folder = "/etc/ssl/certs/gearmand"
    assert files("--ssl", "--ssl-verify-peer") == Tls(
        cert=f"{folder}.pem", key=f"{folder}.key", ca=f"{folder}-ca.pem"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], []),
        (["--ssl"], []),
        (["--ssl", "--ssl-ca-file=/c", "--ssl-verify-peer"], []),
        (
            ["--ssl-key=/b", "--ssl-verify-peer"],
            ["--ssl-key does nothing", "--ssl-verify-peer does nothing"],
        ),
        (["--ssl", "--ssl-ca-file=/c"], ["--ssl-ca-file demands no certificate"]),
    ],
)
def test_the_log_says_what_does_nothing(words: list[str], said: list[str]) -> None:
    notices = tls_notices(parsed(*words))
    assert len(notices) == len(said)
    for notice, beginning in zip(notices, said, strict=True):
        assert notice.startswith(beginning)
