"""Where a MySQL store is: the parts of its URL, and how to connect there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from geartrain.durations import DURATION, read_duration
from geartrain.errors import OptionError
from geartrain.stores.urls import DatabaseServer, server_of, without_password

__all__ = ["MysqlLocation", "check_location", "location_of"]

PORT: Final = 3306

_OPTIONS: Final = {
    "unix_socket": "",
    "prefix": "geartrain_",
    "connect_timeout": "5s",
    "timeout": "30s",
    "ssl_ca": "",
    "ssl_cert": "",
    "ssl_key": "",
    "ssl_verify_identity": "yes",
    "ssl_disabled": "no",
}
"""What may follow ``?`` in a URL, with the defaults."""

_SWITCHES: Final = {"yes": True, "no": False}
# The longest name of a table has 64 characters, and ``endings`` is the longest of ours.
_MOST_PREFIX: Final = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class MysqlLocation:
    """The place of a store, and how it is reached.

    Attributes:
        shown: its URL as it may be shown, without the password.
        prefix: what the names of its tables begin with.
        connect_timeout: the longest time to connect, and to connect again, in seconds.
        timeout: the longest silence of the server that is waited for, in seconds.
    """

    shown: str
    server: DatabaseServer
    prefix: str
    connect_timeout: float
    timeout: float
    unix_socket: str
    tls: dict[str, Any]

    def arguments(self) -> dict[str, Any]:
        """Return what ``pymysql.connect`` takes to connect there."""
        server = self.server
        given: dict[str, Any] = {
            "host": server.host,
            "port": server.port,
            "user": server.user,
            "password": server.password,
            "database": server.database,
            # It takes whole seconds only.
            "connect_timeout": max(1, round(self.connect_timeout)),
            "read_timeout": self.timeout,
            "write_timeout": self.timeout,
        }
        if self.unix_socket:
            given["unix_socket"] = self.unix_socket
        return given | self.tls


def check_location(url: str) -> str:
    """Return the URL of a store after a look at its parts: with ``mysql://``.

    Raises:
        OptionError: it names no database, or has an option that there is not.
    """
    location_of(url)
    return f"mysql:{url.partition(':')[2]}"


def location_of(url: str) -> MysqlLocation:
    """Return the place that a ``mysql://`` or ``mariadb://`` URL names.

    Raises:
        OptionError: as ``check_location``.
    """
    shown = without_password(url)
    server = server_of(url, PORT, _OPTIONS)
    options = {**_OPTIONS, **server.options}
    if not server.database:
        raise OptionError(
            f"{shown!r} names no database: mysql://user:password@host/database"
        )
    prefix = options["prefix"]
    if not prefix.isascii() or not prefix.replace("_", "a").isalnum():
        raise OptionError(
            f"{shown!r}: prefix begins the names of tables: use letters, digits and _"
        )
    if len(prefix) > _MOST_PREFIX:
        raise OptionError(f"{shown!r}: prefix has more than {_MOST_PREFIX} characters")
    return MysqlLocation(
        shown=shown,
        server=server,
        prefix=prefix,
        connect_timeout=_seconds(shown, "connect_timeout", options),
        timeout=_seconds(shown, "timeout", options),
        unix_socket=options["unix_socket"],
        tls=_tls(shown, options),
    )


def _seconds(shown: str, name: str, options: dict[str, str]) -> float:
    seconds = read_duration(options[name])
    if seconds is None or seconds <= 0:
        raise OptionError(f"{shown!r}: {name} is a duration such as {DURATION}")
    return seconds


def _tls(shown: str, options: dict[str, str]) -> dict[str, Any]:
    """Return PyMySQL's arguments for TLS.

    Without any it encrypts if the server can, and trusts every certificate.
    """
    switches: dict[str, bool] = {}
    for name in ("ssl_verify_identity", "ssl_disabled"):
        if options[name] not in _SWITCHES:
            raise OptionError(f"{shown!r}: {name} is yes or no")
        switches[name] = _SWITCHES[options[name]]
    if switches["ssl_disabled"]:
        return {"ssl_disabled": True}
    files = {name: options[name] for name in ("ssl_ca", "ssl_cert", "ssl_key")}
    given: dict[str, Any] = {name: file for name, file in files.items() if file}
    if "ssl_ca" in given:
        given["ssl_verify_cert"] = True
        given["ssl_verify_identity"] = switches["ssl_verify_identity"]
    return given
