"""Requests that a browser sends for a page of another site, which run no jobs.

Browsers say where a request comes from, in one of two headers; other programs do not.
After DNS rebinding a page is this server's own to a browser: its name leads here now.
Only the name tells, which is not one of this machine.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Final

__all__ = ["is_cross_site", "is_local_name", "is_rebound"]

_PORTS: Final = {b"http": b"80", b"https": b"443"}
# What browsers send with each request, however a page wants it to look, or with most.
_OF_BROWSERS: Final = (b"accept-language", b"origin", b"referer", b"sec-fetch-site")
_OF_NAMES: Final = b"abcdefghijklmnopqrstuvwxyz0123456789-._"


def is_cross_site(site: bytes, origin: bytes, host: bytes) -> bool:
    """Return whether the page of another site sent a request.

    The arguments are its headers ``Sec-Fetch-Site``, ``Origin`` and ``Host``, empty if
    it lacks them. The first is the better witness. An origin is this server if its host
    is the request's. Either may leave the port of the origin's scheme out: proxies tend
    to add it to ``Host``, and browsers never do.
    """
    if site:
        return site not in (b"same-origin", b"none")
    if not origin:
        return False
    scheme, _, authority = origin.lower().partition(b"://")
    port = _PORTS.get(scheme)
    if port is None or not authority:
        return True
    return _with_port(authority, port) != _with_port(host.lower(), port)


def is_rebound(headers: Mapping[bytes, bytes]) -> bool:
    """Return whether a page whose name was rebound may have sent a request.

    ``headers`` have their names in lower case. A program may use any name that leads
    here; a browser has to use an address, or ``localhost``.
    """
    host = headers.get(b"host")
    if host is None or is_local_name(host):
        return False
    agent = headers.get(b"user-agent", b"")
    return agent.startswith(b"Mozilla/") or any(
        each in headers for each in _OF_BROWSERS
    )


def is_local_name(host: bytes) -> bool:
    """Return whether a Host header has an address or ``localhost``.

    Nobody can have such a name lead elsewhere.
    """
    name = _without_port(host.lower()).removesuffix(b".")
    if name == b"localhost" or name.endswith(b".localhost"):
        # Not user@localhost, nor anything else that only ends so.
        return all(byte in _OF_NAMES for byte in name)
    if name[:1] == b"[" and name[-1:] == b"]":
        name = name[1:-1]
    try:
        ipaddress.ip_address(name.decode())
    except ValueError:
        return False
    return True


def _without_port(host: bytes) -> bytes:
    name, colon, port = host.rpartition(b":")
    # A bare IPv6 address has more colons.
    if (
        colon
        and (port.isdigit() or not port)
        and (b":" not in name or name[-1:] == b"]")
    ):
        return name
    return host


def _with_port(authority: bytes, port: bytes) -> bytes:
    # An IPv6 address has colons, too, and ends with a bracket.
    if authority.rpartition(b":")[2].isdigit() and b":" in authority:
        return authority
    return authority + b":" + port
