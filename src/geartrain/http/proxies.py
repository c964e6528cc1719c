"""Proxies that are trusted: whom they say that a request is from.

What a proxy adds to a request anybody could write there. So it counts only if the
connection comes from an address that is named by ``--http-trust-proxy``, and of a list
of addresses only the last that is not such a proxy's.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import HTTPConnection

from geartrain.engine.model.principals import UNIX, Identity, Network, read_host

__all__ = ["Proxies"]

# Where a proxy did not say whom it asks for: no rule knows this address.
_UNTOLD = "-"


class Proxies:
    """The proxies that are trusted."""

    def __init__(self, ranges: Sequence[Network | None]) -> None:
        """Take ranges of addresses; None is a unix socket."""
        self._networks = [each for each in ranges if each is not None]
        self._trusts_unix = None in ranges

    def is_trusted(self, address: str) -> bool:
        """Tell whether connections from an address are a trusted proxy's."""
        if address == UNIX:
            return self._trusts_unix
        host = read_host(address)
        return host is not None and any(host in each for each in self._networks)

    def client(self, request: HTTPConnection, peer: Identity) -> Identity:
        """Return who a request is from: the peer, or whom a trusted one asks for.

        It is an identity of its own: a connection may carry requests of several people.
        """
        if not self.is_trusted(peer.address):
            return peer.copy()
        told = ",".join(request.headers.getlist("x-forwarded-for"))
        for each in reversed(told.split(",")):
            address = _host(each.strip())
            if address and not self.is_trusted(address):
                return Identity(address)
        return Identity(_UNTOLD)

    def user(self, request: HTTPConnection, peer: Identity, header: str) -> str:
        """Return the name that a trusted proxy has let in; empty for nobody.

        A name that is told twice is nobody's: one of them was not the proxy's.
        """
        told = request.headers.getlist(header)
        if len(told) != 1 or not self.is_trusted(peer.address):
            return ""
        return told[0].strip()


def _host(text: str) -> str:
    """Return an address without its port; empty if it is none."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    host = read_host(text.removeprefix("::ffff:"))
    return "" if host is None else str(host)
