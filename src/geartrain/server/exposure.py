"""What is open to whom: said loudly at the start, and by the doctor."""

from __future__ import annotations

import os
from collections.abc import Iterator

from geartrain.engine.model.access import RIGHTS
from geartrain.engine.model.principals import Principal
from geartrain.server.options import Options

__all__ = ["exposed", "http_dangers", "known_by"]

_OPEN = (
    "{who} who reaches {where} may submit jobs, work for, see and cancel all: write who"
    " may do what as [access] of the configuration file (docs/access.md)"
)


def exposed(options: Options) -> Iterator[str]:
    """Yield a sentence for each address of the job port that is open to other machines.

    Where there are rules of access, none is.
    """
    if options.access:
        return
    who = "everybody"
    if options.tls_cert and options.tls_ca:
        who = "everybody with a certificate of --tls-ca"
    for address in options.addresses:
        if not address.is_local:
            yield _OPEN.format(who=who, where=address)


def http_dangers(options: Options) -> Iterator[str]:
    """Yield a sentence for each address where passwords and tokens pass in clear."""
    has_secrets = options.http_password_file or options.http_token_file
    if not has_secrets or options.http_tls_cert or options.http_trust_proxy:
        return
    for address in options.http_addresses:
        if not address.is_local:
            yield (
                f"passwords, tokens and jobs pass {address} of HTTP in clear: name a"
                " --http-tls-cert, or have a proxy in front (--http-trust-proxy)"
            )


def known_by(principal: Principal) -> str:
    """Say how a principal is recognised, and what it may do."""
    ways = [
        ("certificate", principal.certificates),
        ("token", principal.tokens),
        ("user", principal.uids),
        ("group", principal.gids),
        ("login", principal.logins),
    ]
    known = [name for name, given in ways if given]
    if principal.is_anywhere:
        known.append("any address")
    elif principal.has_addresses:
        known.append("address")
    how = f"known by {' and '.join(known)}"
    if not known:
        how = "only the role of people who log in"
    may = [
        f"{right} {', '.join(map(os.fsdecode, principal.rights[right]))}"
        for right in RIGHTS
        if right in principal.rights
    ]
    return f"{os.fsdecode(principal.name)}, {how}, may {'; '.join(may)}"
