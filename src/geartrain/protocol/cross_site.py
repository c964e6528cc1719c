"""Requests that a browser sends for a page of another site, which run no jobs.

Browsers say where a request comes from, in one of two headers; other programs do not.
"""

from __future__ import annotations

from typing import Final

__all__ = ["is_cross_site"]

_PORTS: Final = {b"http": b"80", b"https": b"443"}


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


def _with_port(authority: bytes, port: bytes) -> bytes:
    # An IPv6 address has colons, too, and ends with a bracket.
    if authority.rpartition(b":")[2].isdigit() and b":" in authority:
        return authority
    return authority + b":" + port
