"""What a job server that answers says of how it was started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from geartrain.admin import Admin, OptionRow
from geartrain.errors import GeartrainError
from geartrain.transport.connect import Connector

__all__ = ["Running", "ask_options"]


@dataclass(frozen=True, slots=True)
class Running:
    """What a job server that answers says of itself.

    Attributes:
        server: how it was reached.
        options: its options by name; empty if it tells none.
    """

    server: str
    options: Mapping[str, OptionRow]

    @property
    def file(self) -> str:
        """Return its configuration file; empty if no option is from one."""
        for row in self.options.values():
            file, colon, line = row.source.rpartition(":")
            if colon and line.isdigit():
                return file
        return ""


def ask_options(server: Connector) -> Running:
    """Ask a job server for its options.

    It may be another program, or tell them only to others: ``examine_server`` says so.
    """
    try:
        with Admin(server, span="local") as admin:
            options = {row.option: row for row in admin.options()}
    except GeartrainError:
        options = {}
    return Running(str(server), options)
