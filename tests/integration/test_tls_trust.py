"""Whom a job server that speaks TLS lets in, by which files, and who trusts it."""

from __future__ import annotations

import shutil
import signal
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from geartrain.admin import Admin
from geartrain.transport.tls import Tls
from tests.support.certificates import Authority, Issued
from tests.support.programs import run
from tests.support.servers import (
    RunningServer,
)
from tests.support.tls import TlsServer, complaint, gearmand, said, tls_server, unharmed
from tests.support.waiting import wait_until


@pytest.fixture
def server(shown: Issued, trusting: Tls) -> Iterator[TlsServer]:
    with tls_server(shown, trusting) as running:
        yield running


def s_client(server: RunningServer, *words: str) -> subprocess.CompletedProcess[str]:
    """Ask for the workers by ``openssl s_client``."""
    command = f"(echo workers; sleep 0.5) | openssl s_client -connect {server.address} "
    return subprocess.run(
        ["bash", "-c", command + " ".join(words)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_a_server_that_is_not_trusted(
    server: TlsServer, stranger: Authority, trusting: Tls
) -> None:
    for tls in (Tls(), Tls(ca=str(stranger.ca))):
        assert "its certificate is not to be trusted: " in complaint(server, tls)
    wait_until(lambda: said(server, "unknown ca"))
    named = Tls(ca=trusting.ca, name="jobs.example")
    assert "Hostname mismatch" in complaint(server, named)


def test_a_servers_certificate_can_be_for_another_name(
    authority: Authority, trusting: Tls
) -> None:
    elsewhere = authority.issue("elsewhere", subject="subjectAltName=DNS:jobs.example")
    named = Tls(ca=trusting.ca, name="jobs.example")
    with tls_server(elsewhere, named) as server, unharmed(server):
        assert "mismatch" in complaint(server, trusting)
        with Admin(server.address, tls=Tls(verify=False)) as admin:
            assert admin.counters()


def test_an_expired_certificate_of_a_server(
    authority: Authority, trusting: Tls
) -> None:
    with tls_server(authority.issue("old", days=-1), trusting) as server:
        assert "certificate has expired" in complaint(server, trusting)


def test_peers_must_show_a_certificate_that_is_trusted(
    authority: Authority, stranger: Authority, shown: Issued, trusting: Tls
) -> None:
    ca = str(authority.ca)
    known = authority.issue("client").tls(ca)
    with tls_server(shown, known, "--tls-ca", ca) as server, unharmed(server):
        assert complaint(server, trusting)
        wait_until(lambda: said(server, "peer did not return a certificate"))
        for other, cause in (
            (stranger.issue("client"), "unable to get local issuer certificate"),
            (authority.issue("expired", days=-1), "certificate has expired"),
        ):
            # Of many failures at a time only one is logged.
            tls = other.tls(ca)
            wait_until(lambda: bool(complaint(server, tls)) and said(server, cause))  # noqa: B023


def test_only_tls_1_2_and_later_is_spoken(server: TlsServer) -> None:
    weak = "-cipher ALL:@SECLEVEL=0"
    for version in ("-tls1", "-tls1_1"):
        assert s_client(server, version, weak).returncode != 0
    wait_until(lambda: said(server, "TLS: unsupported protocol"))
    for version in ("-tls1_2", "-tls1_3"):
        done = s_client(server, version, "-quiet", "-no_ign_eof")
        assert done.stdout.endswith(" - :\n.\n"), done


def serial(server: TlsServer) -> str:
    with server.connect() as connection:
        assert isinstance(connection, ssl.SSLSocket)
        certificate = connection.getpeercert()
        assert certificate is not None
        return str(certificate["serialNumber"])


def test_a_renewed_certificate_is_shown_after_sighup(
    authority: Authority, trusting: Tls, tmp_path: Path
) -> None:
    first, second = authority.issue("first"), authority.issue("second")
    used = Issued(tmp_path / "cert.pem", tmp_path / "cert.key")
    shutil.copy(first.cert, used.cert)
    shutil.copy(first.key, used.key)
    with tls_server(used, trusting) as server, unharmed(server):
        before = serial(server)
        shutil.copy(second.cert, used.cert)
        server.process.send_signal(signal.SIGHUP)
        sentence = f"{used.key} is not the private key of the certificate {used.cert}"
        wait_until(lambda: said(server, f"the TLS files are as they were: {sentence}"))
        assert serial(server) == before

        shutil.copy(second.key, used.key)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: said(server, "the TLS files were read again"))
        assert serial(server) != before


def test_commands_speak_tls(authority: Authority, shown: Issued, trusting: Tls) -> None:
    ca = str(authority.ca)
    known = authority.issue("operator")
    flags = ("--tls-ca", ca)
    with tls_server(shown, known.tls(ca), *flags) as server:
        asked = ("counters", "--server", server.address)
        tls = (*flags, "--tls-cert", str(known.cert), "--tls-key", str(known.key))
        status, out, err = run("geartrain", *asked, *tls)
        assert (status, err) == (0, "")
        assert out == "nothing has been counted yet\n"
        environment = {
            "GEARTRAIN_TLS_CA": ca,
            "GEARTRAIN_TLS_CERT": str(known.cert),
            "GEARTRAIN_TLS_KEY": str(known.key),
        }
        assert run("geartrain", *asked, **environment) == (0, out, "")
        status, _, err = run("geartrain", *asked, "--tls")
        assert status == 1
        assert "its certificate is not to be trusted" in err


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--tls-cert", "/no/file"], "/no/file cannot be read: No such file"),
        (["--tls-key", "/no/file"], "--tls-key is of no use without --tls-cert"),
        (["--tls-ca", "/no/file"], "--tls-ca is of no use without --tls-cert"),
    ],
)
def test_a_server_does_not_start_without_its_files(
    flags: Sequence[str], sentence: str
) -> None:
    words = ("server", "--store", "memory:", "--port", "0")
    status, out, err = run("geartrain", *words, *flags)
    assert status != 0
    assert out == ""
    assert sentence in err


def test_gearmands_flags(authority: Authority, shown: Issued, trusting: Tls) -> None:
    ca = f"--ssl-ca-file={authority.ca}"
    files = (f"--ssl-certificate={shown.cert}", f"--ssl-key={shown.key}", ca)
    with gearmand("--ssl", *files) as server:
        with unharmed(TlsServer(**vars(server), tls=trusting)):
            pass
        assert "--ssl-ca-file demands no certificate" in server.log.read_text()
    with gearmand("--ssl", "--ssl-verify-peer", *files) as server:
        assert complaint(TlsServer(**vars(server), tls=trusting), trusting)
        known = authority.issue("worker").tls(authority.ca)
        with unharmed(TlsServer(**vars(server), tls=known)):
            pass
    with gearmand(*files) as server, unharmed(server):
        assert "--ssl-key does nothing without --ssl" in server.log.read_text()


def test_gearmands_environment_goes_before_its_flags(
    shown: Issued, trusting: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEARMAND_SERVER_PEM", str(shown.cert))
    monkeypatch.setenv("GEARMAND_SERVER_KEY", str(shown.key))
    wrong = ("--ssl-certificate=/no/pem", "--ssl-key=/no/key")
    with (
        gearmand("--ssl", *wrong) as server,
        unharmed(TlsServer(**vars(server), tls=trusting)),
    ):
        pass
