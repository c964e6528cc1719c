"""Where the job servers that share a store reach this one."""

from __future__ import annotations

from collections.abc import Sequence

from geartrain.configuration.kinds import NO_PORT
from geartrain.transport.address import Address

__all__ = ["node_address"]

# What stands for all interfaces.
_ANY = frozenset({"", "0.0.0.0", "::"})


def node_address(given: Address, listening: Sequence[Address]) -> str:
    """Return the address that a node tells the others.

    ``*`` as the host stands for the one by which it reaches the store.

    Args:
        given: what the operator says; an empty host, or ``NO_PORT``, is what it does
            not say.
        listening: where the job server listens, in the order of preference.

    >>> node_address(Address(port=NO_PORT), [Address(host="0.0.0.0", port=7003)])
    '*:7003'

    Returns:
        Empty if there is no such address.
    """
    by_tcp = [each for each in listening if not each.path]
    # What only this machine can reach is better than nothing.
    best = next((each for each in by_tcp if not each.is_local), None)
    found = best or (by_tcp[0] if by_tcp else None)
    port = given.port
    if port == NO_PORT:
        if found is None:
            return ""
        port = found.port
    host = given.host or (found.host if found is not None else "")
    return str(Address(host="" if host in _ANY else host, port=port))
