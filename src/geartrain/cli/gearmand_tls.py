"""The TLS flags of the original ``gearmand``, and its environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import click

from geartrain.cli.gearmand_flags import given

__all__ = ["tls_notices", "tls_options"]

_FOLDER = "/etc/ssl/certs"

# Option, flag, the variable that goes before it, and where the file is if neither
# names one.
_FILES = {
    "tls_ca": ("ssl_ca_file", "GEARMAND_CA_CERTIFICATE", f"{_FOLDER}/gearmand-ca.pem"),
    "tls_cert": ("ssl_certificate", "GEARMAND_SERVER_PEM", f"{_FOLDER}/gearmand.pem"),
    "tls_key": ("ssl_key", "GEARMAND_SERVER_KEY", f"{_FOLDER}/gearmand.key"),
}

_NEEDS_SSL = ("--ssl-ca-file", "--ssl-certificate", "--ssl-key", "--ssl-verify-peer")


def tls_options(
    flags: Mapping[str, Any], environment: Mapping[str, str]
) -> dict[str, Any]:
    """Return the options of TLS that gearmand's flags ask for; none without ``--ssl``.

    As with the original, a variable goes before its flag, and no certificate is
    demanded of a peer, whatever the authorities: ``--ssl-verify-peer`` does that.
    """
    if not flags["ssl"]:
        return {}
    found: dict[str, Any] = {
        name: os.path.abspath(environment.get(variable) or flags[flag] or default)
        for name, (flag, variable, default) in _FILES.items()
    }
    if not flags["ssl_verify_peer"]:
        del found["tls_ca"]
    return found


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
