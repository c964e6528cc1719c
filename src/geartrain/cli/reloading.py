"""What a running job server reads again from its configuration file, at SIGHUP."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, TypeVar

from geartrain.configuration.file import ConfigFile, read_file
from geartrain.engine.model.access import Rules
from geartrain.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from geartrain.engine.model.principals import Principal
    from geartrain.server.schedules import Definitions
    from geartrain.server.server import Server

    # What is in a part of the file, or what is wrong with that.
    _Access = tuple[Principal, ...] | OptionError
    _Schedules = Definitions | OptionError

__all__ = ["access_of", "reload_file", "schedules_of"]

_Read = TypeVar("_Read")

_log = logging.getLogger("geartrain.server")


def access_of(file: ConfigFile) -> tuple[Principal, ...]:
    """Return who may do what by a file.

    Raises:
        OptionError: something in it is wrong.
    """
    if "access" not in file.tables:
        return ()
    from geartrain.server.access import read_access

    return read_access(file)


def schedules_of(file: ConfigFile, timezone: str | None) -> Definitions:
    """Return the schedules of a file; ``timezone`` is that of the job server.

    Raises:
        OptionError: something in it is wrong.
    """
    if "schedules" not in file.tables:
        return {}
    from geartrain.server.cron import calendar
    from geartrain.server.schedules import read_schedules

    return read_schedules(file, calendar(timezone))


def reload_file(path: str, timezone: str | None, server: Server) -> None:
    """Follow the rules of access and the schedules in the file as it is now.

    What is wrong changes nothing. A file of thousands of schedules takes a second to be
    read: that is done on a thread of its own.
    """

    def read() -> tuple[_Access, _Schedules]:
        try:
            file = read_file(path)
        except OptionError as error:
            return error, error
        return (
            _tried(lambda: access_of(file)),
            _tried(lambda: schedules_of(file, timezone)),
        )

    def take(done: asyncio.Future[tuple[_Access, _Schedules]]) -> None:
        access, schedules = done.result()
        _take_access(server, access)
        _take_schedules(server, schedules)

    reading = asyncio.get_running_loop().run_in_executor(None, read)
    reading.add_done_callback(take)


def _tried(read: Callable[[], _Read]) -> _Read | OptionError:
    """Return what is read, or what is wrong with it."""
    try:
        return read()
    except OptionError as error:
        return error


def _take_access(server: Server, access: _Access) -> None:
    """Follow rules of access; none, where there were none, are not worth a line."""
    if isinstance(access, OptionError):
        _log.error(
            "who may do what is as it was: %s",
            access,
            extra={"action": "access_not_reloaded"},
        )
    elif access or not server.rules().is_empty():
        server.set_rules(Rules(access))
        _log.info(
            "who may do what was read again: %d principals",
            len(access),
            extra={"action": "access_reloaded"},
        )


def _take_schedules(server: Server, schedules: _Schedules) -> None:
    if isinstance(schedules, OptionError):
        _log.error(
            "the schedules of the file are as they were: %s",
            schedules,
            extra={"action": "schedules_not_reloaded"},
        )
        return
    server.set_schedules(schedules)
    _log.info(
        "the schedules of the file were read again: %d",
        len(schedules),
        extra={"action": "schedules_reloaded"},
    )
