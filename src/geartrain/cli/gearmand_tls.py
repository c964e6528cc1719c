"""The TLS flags of the original ``gearmand``, and its environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import click

from geartrain.cli.gearmand_flags import given
from geartrain.transport.tls import Tls

__all__ = ["tls_files", "tls_notices"]

_FOLDER = "/etc/ssl/certs"

# Flag, the variable that goes before it, and where the file is if neither names one.
_FILES = {
    "ca": ("ssl_ca_file", "GEARMAND_CA_CERTIFICATE", f"{_FOLDER}/gearmand-ca.pem"),
    "cert": ("ssl_certificate", "GEARMAND_SERVER_PEM", f"{_FOLDER}/gearmand.pem"),
    "key": ("ssl_key", "GEARMAND_SERVER_KEY", f"{_FOLDER}/gearmand.key"),
}

_NEEDS_SSL = ("--ssl-ca-file", "--ssl-certificate", "--ssl-key", "--ssl-verify-peer")


def tls_files(flags: Mapping[str, Any], environment: Mapping[str, str]) -> Tls | None:
    """Return what gearmand's flags ask for; None without ``--ssl``.

    As with the original, a variable goes before its flag, and no certificate is
    demanded of a peer, whatever the authorities: ``--ssl-verify-peer`` does that.
    """
    if not flags["ssl"]:
        return None
    found = {
        part: os.path.abspath(environment.get(variable) or flags[flag] or default)
        for part, (flag, variable, default) in _FILES.items()
    }
    ca = found["ca"] if flags["ssl_verify_peer"] else ""
    return Tls(ca=ca, cert=found["cert"], key=found["key"])


def tls_notices(context: click.Context) -> list[str]:
    """Say which TLS flags do less than they seem to."""
    flags = context.params
    if not flags["ssl"]:
        return [
            f"{flag} does nothing without --ssl: connections are plain"
            for flag in _NEEDS_SSL
            if given(context, flag)
        ]
    if given(context, "--ssl-ca-file") and not flags["ssl_verify_peer"]:
        return [
            "--ssl-ca-file demands no certificate of clients and workers, as with the"
            " original: --ssl-verify-peer does"
        ]
    return []
