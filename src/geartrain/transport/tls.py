"""TLS: what a job server shows its peers, and what they show and demand of it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geartrain.errors import OptionError

if TYPE_CHECKING:
    import ssl

__all__ = [
    "RenewedContext",
    "Tls",
    "client_context",
    "environment_tls",
    "load_certificate",
    "server_context",
]


_told_of: set[str] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """One side's files, all PEM.

    Attributes:
        ca: the certificates of those who sign the other side's; for a client empty
            means the system's. A server that has any demands a certificate of each
            peer.
        cert: this side's certificate, with those that lead to its signer.
        key: the private key of ``cert``, without a passphrase; empty if ``cert``
            holds it.
        name: what a job server's certificate must be for; empty for the host that
            was connected to.
        verify: whether a client looks at the job server's certificate at all.
        minimum: the oldest version that a server speaks, ``1.2`` or ``1.3``.
    """

    ca: str = ""
    cert: str = ""
    key: str = ""
    name: str = ""
    verify: bool = True
    minimum: str = "1.2"


def environment_tls() -> Tls:
    """Return the files that libgearman's environment variables name."""
    return Tls(
        ca=os.environ.get("GEARMAND_CA_CERTIFICATE", ""),
        cert=os.environ.get("GEARMAN_CLIENT_PEM", ""),
        key=os.environ.get("GEARMAN_CLIENT_KEY", ""),
    )


def client_context(tls: Tls) -> ssl.SSLContext:
    """Return what a client or worker connects with: TLS 1.2 or later.

    Raises:
        OptionError: a file cannot be read, or is not what it should be.
    """
    import ssl

    if tls.key and not tls.cert:
        raise OptionError(
            f"the key {tls.key} is of no use alone: name its certificate, too"
        )
    context = _context(ssl.Purpose.SERVER_AUTH, tls.ca)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert:
        load_certificate(context, tls)
    return context


def server_context(tls: Tls) -> ssl.SSLContext:
    """Return what a job server accepts connections with.

    Raises:
        OptionError: a file cannot be read, or is not what it should be.
    """
    import ssl

    if not tls.cert:
        raise OptionError("TLS needs the job server's certificate and its key")
    context = _context(ssl.Purpose.CLIENT_AUTH, tls.ca)
    load_certificate(context, tls)
    if tls.ca:
        context.verify_mode = ssl.CERT_REQUIRED
    if tls.minimum == "1.3":
        context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def load_certificate(context: ssl.SSLContext, tls: Tls) -> None:
    """Show the certificate of ``tls`` in all handshakes from now on.

    Raises:
        OptionError: a file cannot be read, is not what it should be, or the key is
            not the certificate's; ``context`` is as it was.
    """
    import ssl

    key = tls.key or tls.cert
    _check_pem(tls.cert, b"CERTIFICATE-----", "certificate")
    _check_pem(key, b"PRIVATE KEY-----", "private key")
    # Tried on another one first: half a change would stay.
    _load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), tls.cert, key)
    _load(context, tls.cert, key)
    _warn_of_access(key)


def _warn_of_access(key: str) -> None:
    """Warn, once in a process, of a private key that everybody may read.

    A group that may read it is often meant, such as Debian's ssl-cert.
    """
    try:
        mode = os.stat(key).st_mode
    except OSError:
        return
    if not mode & (stat.S_IRWXO | stat.S_IWGRP) or key in _told_of:
        return
    import logging

    _told_of.add(key)
    can = "read" if mode & stat.S_IROTH else "change"
    logging.getLogger("geartrain.tls").warning(
        "others can %s the private key %s: chmod 600 %s",
        can,
        key,
        key,
        extra={"action": "key_exposed"},
    )


def _load(context: ssl.SSLContext, cert: str, key: str) -> None:
    import ssl

    try:
        context.load_cert_chain(cert, key, password=_Passphrase(key))
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise OptionError(
                f"{key} is not the private key of the certificate {cert}"
            ) from None
        raise OptionError(
            f"{cert} and {key} cannot be used as a certificate and its private key:"
            f" {_said(error)}"
        ) from None
    except OSError as error:
        raise _unreadable(cert, error) from None


class RenewedContext:
    """A client's context, made anew when a file of its ``Tls`` has changed.

    A certificate that was renewed serves the next connection with no restart. While
    the files are wrong, the context is what it was.

    Attributes:
        has_certificate: it shows one.
    """

    def __init__(self, tls: Tls) -> None:
        """Make the first context; raises OptionError as ``client_context`` does."""
        self._tls = tls
        self.has_certificate = bool(tls.cert)
        self._stamps = self._looked_up()
        self._context = client_context(tls)

    def get(self) -> ssl.SSLContext:
        """Return the context for a new connection."""
        stamps = self._looked_up()
        if stamps != self._stamps:
            try:
                self._context = client_context(self._tls)
            except OptionError:
                return self._context
            self._stamps = stamps
        return self._context

    def _looked_up(self) -> list[tuple[int, int, int]]:
        """Return what changes when a file is written or replaced."""
        return [_stamp(path) for path in (self._tls.ca, self._tls.cert, self._tls.key)]


def _stamp(path: str) -> tuple[int, int, int]:
    if not path:
        return 0, 0, 0
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns


class _Passphrase:
    """Refuse a key with a passphrase, for which OpenSSL would ask at the terminal."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self) -> str:
        raise OptionError(
            f"{self._key} has a passphrase, which nobody could enter at a restart:"
            f" take it off by: openssl pkey -in {self._key} -out NEWFILE"
        )


def _context(purpose: ssl.Purpose, ca: str) -> ssl.SSLContext:
    """Return a context that trusts certificates signed by one of ``ca``."""
    import ssl

    if ca:
        _check_pem(ca, b"CERTIFICATE-----", "certificate")
    try:
        context = ssl.create_default_context(purpose, cafile=ca or None)
    except ssl.SSLError as error:
        raise OptionError(
            f"{ca} holds a certificate that cannot be read: {_said(error)}"
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _check_pem(path: str, mark: bytes, what: str) -> None:
    """Refuse a file that cannot be read, or is of another kind."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise _unreadable(path, error) from None
    if mark not in data:
        raise OptionError(f"{path} holds no {what} in PEM")


def _unreadable(path: str, error: OSError) -> OptionError:
    return OptionError(f"{path} cannot be read: {error.strerror or error}")


def _said(error: ssl.SSLError) -> str:
    """Return OpenSSL's reason in words."""
    return (error.reason or str(error)).replace("_", " ").lower()
