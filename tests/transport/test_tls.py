"""Contexts from files, and files that are not what they should be."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from geartrain.errors import OptionError
from geartrain.transport.tls import (
    RenewedContext,
    Tls,
    client_context,
    environment_tls,
    server_context,
)
from tests.support.certificates import Authority, Issued


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def issued(authority: Authority) -> Issued:
    return authority.issue("server")


@pytest.fixture
def no_pem(tmp_path: Path) -> str:
    path = tmp_path / "text"
    path.write_text("this is no certificate\n")
    return str(path)


def test_a_client_verifies_unless_told_not_to(authority: Authority) -> None:
    context = client_context(Tls(ca=str(authority.ca)))
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1
    context = client_context(Tls(ca=str(authority.ca), verify=False))
    assert context.verify_mode == ssl.CERT_NONE


def test_a_client_without_authorities_trusts_the_systems() -> None:
    expected = ssl.create_default_context().cert_store_stats()
    assert client_context(Tls()).cert_store_stats() == expected


def test_a_server_demands_certificates_if_it_knows_who_signs(
    authority: Authority, issued: Issued
) -> None:
    assert server_context(issued.tls()).verify_mode == ssl.CERT_NONE
    context = server_context(issued.tls(authority.ca))
    assert context.verify_mode == ssl.CERT_REQUIRED


def test_both_sides_speak_tls_1_2_or_later(issued: Issued) -> None:
    for context in (client_context(Tls()), server_context(issued.tls())):
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_certificate_and_key_may_be_one_file(issued: Issued, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(issued.key.read_bytes() + issued.cert.read_bytes())
    server_context(Tls(cert=str(both)))
    client_context(Tls(cert=str(both)))


def complaint(tls: Tls) -> str:
    with pytest.raises(OptionError) as caught:
        server_context(tls)
    return str(caught.value)


def test_a_server_without_a_certificate() -> None:
    assert complaint(Tls()) == "TLS needs the job server's certificate and its key"


def test_a_key_without_a_certificate(issued: Issued) -> None:
    with pytest.raises(OptionError, match="is of no use alone: name its certificate"):
        client_context(Tls(key=str(issued.key)))


def test_a_file_that_is_not_there(authority: Authority, issued: Issued) -> None:
    key, cert, ca = str(issued.key), str(issued.cert), str(authority.ca)
    said = "/no/file cannot be read: No such file or directory"
    assert complaint(Tls(cert="/no/file", key=key)) == said
    assert complaint(Tls(cert=cert, key="/no/file")) == said
    assert complaint(Tls(cert=cert, key=key, ca="/no/file")) == said
    with pytest.raises(OptionError, match=said):
        client_context(Tls(ca="/no/file"))
    assert complaint(Tls(cert=str(authority.folder), key=key, ca=ca)) == (
        f"{authority.folder} cannot be read: Is a directory"
    )


def test_a_file_of_another_kind(authority: Authority, issued: Issued) -> None:
    key, cert = str(issued.key), str(issued.cert)
    assert complaint(Tls(cert=key, key=key)) == f"{key} holds no certificate in PEM"
    assert complaint(Tls(cert=cert)) == f"{cert} holds no private key in PEM"
    said = f"{key} holds no certificate in PEM"
    assert complaint(Tls(cert=cert, key=key, ca=key)) == said


def test_a_file_that_is_no_pem(issued: Issued, no_pem: str) -> None:
    key, cert = str(issued.key), str(issued.cert)
    assert (
        complaint(Tls(cert=no_pem, key=key)) == f"{no_pem} holds no certificate in PEM"
    )
    assert (
        complaint(Tls(cert=cert, key=no_pem)) == f"{no_pem} holds no private key in PEM"
    )


def test_a_certificate_that_is_cut(issued: Issued, tmp_path: Path) -> None:
    cut = tmp_path / "cut.pem"
    cut.write_bytes(issued.cert.read_bytes()[:300])
    key = str(issued.key)
    assert complaint(Tls(cert=str(cut), key=key)).startswith(
        f"{cut} and {key} cannot be used as a certificate and its private key: "
    )
    said = complaint(Tls(cert=str(issued.cert), key=key, ca=str(cut)))
    assert said.startswith(f"{cut} holds a certificate that cannot be read: ")


def test_a_key_of_another_certificate(authority: Authority, issued: Issued) -> None:
    other = authority.issue("other")
    assert complaint(Tls(cert=str(issued.cert), key=str(other.key))) == (
        f"{other.key} is not the private key of the certificate {issued.cert}"
    )


def test_a_key_with_a_passphrase_is_not_asked_for(
    issued: Issued, tmp_path: Path
) -> None:
    locked = tmp_path / "locked.key"
    command = f"openssl pkey -in {issued.key} -aes256 -passout pass:x -out {locked}"
    subprocess.run(command.split(), check=True)
    said = complaint(Tls(cert=str(issued.cert), key=str(locked)))
    assert f"{locked} has a passphrase" in said
    assert f"openssl pkey -in {locked} -out" in said


def test_the_files_of_libgearmans_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GEARMAND_CA_CERTIFICATE", "GEARMAN_CLIENT_PEM", "GEARMAN_CLIENT_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert environment_tls() == Tls()
    monkeypatch.setenv("GEARMAND_CA_CERTIFICATE", "/ca")
    monkeypatch.setenv("GEARMAN_CLIENT_PEM", "/pem")
    monkeypatch.setenv("GEARMAN_CLIENT_KEY", "/key")
    assert environment_tls() == Tls(ca="/ca", cert="/pem", key="/key")


def test_a_context_is_made_anew_when_a_file_changes(
    authority: Authority, issued: Issued, tmp_path: Path
) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "cert.key"
    shutil.copy(issued.cert, cert)
    shutil.copy(issued.key, key)
    renewed = RenewedContext(Tls(ca=str(authority.ca), cert=str(cert), key=str(key)))
    first = renewed.get()
    assert renewed.get() is first

    other = authority.issue("renewed")
    shutil.copy(other.cert, tmp_path / "next")
    os.replace(tmp_path / "next", cert)
    # The key is still that of the other one.
    assert renewed.get() is first

    shutil.copy(other.key, key)
    second = renewed.get()
    assert second is not first
    assert renewed.get() is second


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o666, 0o620])
def test_a_key_that_others_can_read_gets_a_warning_once(
    mode: int, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    issued = authority.issue(f"open-{mode:o}")
    issued.key.chmod(mode)
    tls = issued.tls(authority.ca)
    server_context(tls)
    client_context(tls)
    (said,) = caplog.messages
    can = "change" if mode == 0o620 else "read"
    assert said == (
        f"others can {can} the private key {issued.key}: chmod 600 {issued.key}"
    )


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640])
def test_a_key_for_its_owner_and_group_gets_none(
    mode: int, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    issued = authority.issue(f"closed-{mode:o}")
    issued.key.chmod(mode)
    server_context(issued.tls(authority.ca))
    assert caplog.messages == []
