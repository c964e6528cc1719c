"""Principals: who a peer is, as the configuration knows them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from geartrain.engine.model.globs import matcher
from geartrain.engine.model.limits import NO_LIMITS

__all__ = [
    "NOWHERE",
    "UNIX",
    "Identity",
    "Network",
    "Principal",
    "Rights",
    "is_site",
    "read_host",
    "site_of",
]

Network = IPv4Network | IPv6Network
# Bits of an IPv6 address that one site has for itself.
_SITE: Final = 64

Rights = dict[str, tuple[bytes, ...]]
"""Globs of functions by the name of a right."""

UNIX: Final = "unix"
"""The address of whoever comes by a unix socket."""

NOWHERE: Final = "-"
"""The address of a peer that was reset before it was accepted, and the like."""


class Identity:
    """What a driver knows of a peer. An unknown part is empty."""

    def __init__(self, address: str = "") -> None:
        self.address = address
        """The numeric host that it comes from, or ``unix``."""
        self.certificates: tuple[bytes, ...] = ()
        """The names in its certificate, which was verified."""
        self.uid = -1
        """The number of its user on this machine."""
        self.gids: tuple[int, ...] = ()
        """The numbers of its groups."""
        self.token = b""
        """The SHA-256 digest of the token that it has shown."""
        self.login = b""
        """The name under which somebody has logged in."""
        self.role = b""
        """The principal that such a person is, beside those that know the name."""
        self.is_over_all = False
        """It has shown a secret that allows everything."""

    def copy(self) -> Identity:
        """Return another that begins with the same."""
        other = Identity(self.address)
        other.certificates = self.certificates
        other.uid, other.gids = self.uid, self.gids
        other.token, other.login, other.role = self.token, self.login, self.role
        other.is_over_all = self.is_over_all
        return other


class Principal:
    """Somebody who may do something, and how that somebody is recognised.

    Of what is given here, one value of each kind has to be true of a peer. One for
    which nothing is given is nobody by itself, but may be the role of a login.
    """

    def __init__(self, name: bytes, rights: Rights) -> None:
        self.name = name
        """What refusals and the log call it."""
        self.rights = rights
        """The functions that it has each right on."""
        self.certificates: tuple[re.Pattern[bytes], ...] = ()
        """Globs of names in certificates."""
        self.uids: tuple[int, ...] = ()
        """Numbers of users of this machine."""
        self.gids: tuple[int, ...] = ()
        """Numbers of groups of this machine."""
        self.tokens: tuple[bytes, ...] = ()
        """SHA-256 digests of tokens."""
        self.logins: tuple[re.Pattern[bytes], ...] = ()
        """Globs of names under which people log in."""
        self.networks: tuple[Network, ...] = ()
        """Ranges of addresses."""
        self.has_addresses = False
        """It is recognised by its address, too."""
        self.is_unix = False
        """That may be a unix socket."""
        self.is_anywhere = False
        """That may be any."""
        self.limits = NO_LIMITS
        """What all peers that are this principal may use together."""

    def set_certificates(self, globs: Sequence[bytes]) -> None:
        """Recognise it by names in certificates."""
        self.certificates = tuple(matcher(each) for each in globs)

    def set_logins(self, globs: Sequence[bytes]) -> None:
        """Recognise it by names under which people log in."""
        self.logins = tuple(matcher(each) for each in globs)

    def is_recognised(self) -> bool:
        """Tell whether there is a way to recognise it."""
        return bool(self.certificates or self.uids or self.gids or self.tokens) or bool(
            self.logins or self.has_addresses
        )

    def is_known(
        self, identity: Identity, host: IPv4Address | IPv6Address | None
    ) -> bool:
        """Tell whether a peer is this principal; ``host`` is its address, read."""
        if self.name == identity.role:
            return True
        return (
            self.is_recognised()
            and (not self.tokens or identity.token in self.tokens)
            and (not self.uids or identity.uid in self.uids)
            and (not self.gids or not set(self.gids).isdisjoint(identity.gids))
            and (
                not self.certificates
                or _is_any(self.certificates, identity.certificates)
            )
            and (not self.logins or _is_any(self.logins, (identity.login,)))
            and self._is_there(identity, host)
        )

    def _is_there(
        self, identity: Identity, host: IPv4Address | IPv6Address | None
    ) -> bool:
        if not self.has_addresses or self.is_anywhere:
            return True
        if identity.address == UNIX:
            return self.is_unix
        return host is not None and any(host in each for each in self.networks)


def _is_any(globs: Sequence[re.Pattern[bytes]], names: Sequence[bytes]) -> bool:
    return any(name and each.match(name) for each in globs for name in names)


def read_host(address: str) -> IPv4Address | IPv6Address | None:
    """Return a numeric host as an address; None for any other text."""
    try:
        return ip_address(address)
    except ValueError:
        return None


def site_of(address: str) -> str:
    """Return whose an address is: itself, or of IPv6 the range that one site has.

    Whoever has one IPv6 address has the 2 to the power of 64 beside it, too.

    >>> site_of("10.0.0.1"), site_of("2001:db8::1"), site_of("::1")
    ('10.0.0.1', '2001:db8::/64', '::1')
    """
    host = read_host(address)
    if not isinstance(host, IPv6Address) or host.is_loopback:
        return address
    return str(IPv6Network((int(host) >> _SITE << _SITE, _SITE)))


def is_site(owner: bytes) -> bool:
    """Tell whether an owner is what ``site_of`` returns, and not a principal.

    >>> is_site(b"10.0.0.1"), is_site(b"2001:db8::/64"), is_site(b"web")
    (True, True, False)
    """
    text = owner.decode("latin-1")
    is_range = ":" in text or "/" in text
    return is_range or text == NOWHERE or read_host(text) is not None
