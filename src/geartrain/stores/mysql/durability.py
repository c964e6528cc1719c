"""What a commit survives on a server, as its settings have it."""

from __future__ import annotations

from typing import Final, NamedTuple

from geartrain.errors import OptionError
from geartrain.stores.mysql.connection import MysqlConnection

__all__ = ["Settings", "check_durability", "lack", "read_settings"]

_READ: Final = (
    "SELECT @@global.innodb_flush_log_at_trx_commit, @@global.log_bin,"
    " @@global.sync_binlog"
)
_LEVELS: Final = ("memory", "os", "disk")


class Settings(NamedTuple):
    """The settings of a server that decide what a commit survives.

    Attributes:
        flush: ``innodb_flush_log_at_trx_commit``.
        has_log: the server writes a binary log.
        sync: ``sync_binlog``.
    """

    flush: int
    has_log: bool
    sync: int

    @property
    def durability(self) -> str:
        """Return ``disk``, ``os`` or ``memory``.

        So a commit survives a power cut, a crash of the database server, or neither.
        """
        if self.flush not in (1, 3):
            # 2 has the system write it, 0 does so once a second.
            return "os" if self.flush == 2 else "memory"
        # After a crash InnoDB takes back what the binary log does not have.
        return "os" if self.has_log and self.sync != 1 else "disk"

    def shown(self) -> str:
        """Return the settings as they are shown beside the durability."""
        said = f"innodb_flush_log_at_trx_commit={self.flush}"
        return f"{said}, sync_binlog={self.sync}" if self.has_log else said


def read_settings(connection: MysqlConnection) -> Settings:
    """Return the settings in force; they may change while the server runs."""
    flush, has_log, sync = connection.rows(_READ)[0]
    return Settings(int(flush), bool(has_log), int(sync))


def check_durability(durability: str) -> str:
    """Return a durability, if it is one.

    Raises:
        OptionError: it is not.
    """
    if durability not in _LEVELS:
        raise OptionError(f"{durability!r} is no durability: use disk, os or memory")
    return durability


def lack(settings: Settings, durability: str) -> str:
    """Return why settings are less than is asked for; empty if they are not."""
    if _LEVELS.index(settings.durability) >= _LEVELS.index(durability):
        return ""
    wanted = "innodb_flush_log_at_trx_commit=1"
    if settings.has_log:
        wanted += " and sync_binlog=1"
    return (
        f"the server keeps commits as durable as {settings.durability!r}"
        f" ({settings.shown()}), and {durability!r} is asked for: set {wanted}, or"
        f" start with --durability={settings.durability}"
    )
