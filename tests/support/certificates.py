"""Certificates for tests, made by ``openssl`` when they are needed."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from geartrain.transport.tls import Tls

__all__ = ["Authority", "Issued"]

_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_EXTENSIONS = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
_HERE = "subjectAltName=DNS:localhost,IP:127.0.0.1"


def _openssl(*words: str | Path) -> None:
    if not shutil.which("openssl"):
        raise RuntimeError("openssl is missing: apt-get install openssl")
    subprocess.run(["openssl", *words], check=True, capture_output=True)


@dataclass(frozen=True)
class Issued:
    """A certificate and its private key, each in a file."""

    cert: Path
    key: Path

    def tls(self, ca: Path | str = "", **others: str | bool) -> Tls:
        """Return what shows this certificate."""
        return Tls(cert=str(self.cert), key=str(self.key), ca=str(ca), **others)  # type: ignore[arg-type]


@dataclass
class Authority:
    """Signs certificates; its own is ``ca``.

    Attributes:
        folder: where all its files are.
        ca: its certificate.
    """

    folder: Path
    ca: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca = self.folder / "ca.pem"
        self._key = self.folder / "ca.key"
        usage = "keyUsage=critical,keyCertSign,cRLSign"
        words = ("-subj", "/CN=Tests", "-addext", usage, "-days", "2")
        _openssl("req", "-x509", *_CURVE, *words, "-keyout", self._key, "-out", self.ca)

    def issue(self, name: str, days: int = 2, subject: str = _HERE) -> Issued:
        """Sign a certificate for this machine; less than no days have it expired."""
        issued = Issued(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        wanted = self.folder / f"{name}.csr"
        extensions = self.folder / f"{name}.cnf"
        extensions.write_text(_EXTENSIONS + subject)
        asked = ("-subj", f"/CN={name}", "-keyout", issued.key, "-out", wanted)
        _openssl("req", "-new", *_CURVE, *asked)
        signer = ("-CA", self.ca, "-CAkey", self._key, "-extfile", extensions)
        rest = ("-days", str(days), "-in", wanted, "-out", issued.cert)
        _openssl("x509", "-req", *signer, *rest)
        return issued
