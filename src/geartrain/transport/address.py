"""Addresses a job server listens on: TCP over IPv4 or IPv6, or a unix socket."""

# Not `from __future__ import annotations`: of text, NamedTuple has the compiler make
# types, which takes longer than the rest of the module.

from typing import NamedTuple

from geartrain.errors import AddressError

__all__ = ["DEFAULT_PORT", "Address", "parse_address"]

DEFAULT_PORT = 4730


class Address(NamedTuple):
    """Where to listen: either ``host`` and ``port``, or ``path``.

    Attributes:
        host: a name or numeric address; the empty string is every interface.
        port: the TCP port; 0 lets the system choose.
        path: the file of a unix socket, else the empty string.
    """

    host: str = ""
    port: int = DEFAULT_PORT
    path: str = ""

    @property
    def is_local(self) -> bool:
        """Tell whether only this machine can reach it: loopback or unix socket."""
        if self.path:
            return True
        import ipaddress

        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        host = self.host or "*"
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


def parse_address(text: str, default_port: int = DEFAULT_PORT) -> Address:
    """Read ``host``, ``host:port``, ``[v6]:port``, ``:port`` or ``unix:/path``.

    Raises:
        AddressError: the text is none of these; the message says what is wrong.
    """
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path.startswith("/"):
            raise AddressError(f"{text!r}: a unix socket needs a full path, unix:/path")
        return Address(path=path, port=0)
    if not text:
        raise AddressError("an address is empty: use host:port or unix:/path")
    host, port = _split_port(text)
    host = "" if host == "*" else host
    if any(character.isspace() or character == "/" for character in host):
        raise AddressError(f"{text!r} is not an address: use host:port or unix:/path")
    if not _is_encodable(host):
        raise AddressError(f"{text!r}: {host!r} cannot be a host name")
    if ":" in host and not _is_ipv6(host):
        raise AddressError(
            f"{text!r} is not an address: use host:port or [IPv6 address]:port"
        )
    return Address(host=host, port=default_port if port is None else _port(text, port))


def _split_port(text: str) -> tuple[str, str | None]:
    """Part the host from the port; a bare IPv6 address has none."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise AddressError(f"{text!r}: write an IPv6 address as [address]:port")
        return host, rest[1:] if rest else None
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port
    return text, None


def _is_encodable(host: str) -> bool:
    """Tell whether a name server could be asked for ``host``."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True


def _is_ipv6(host: str) -> bool:
    """Tell whether ``host`` is an IPv6 address, with or without a zone."""
    import ipaddress

    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False


def _port(text: str, port: str) -> int:
    """Read a port number of 0 to 65535."""
    if not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise AddressError(f"{text!r}: {port!r} is not a port from 0 to 65535")
    return int(port)
