"""Run a command line: every error is one line on stderr and an exit status."""

from __future__ import annotations

import atexit
import contextlib
import errno
import gc
import os
import select
import sys
from typing import Any, NoReturn

import click

from geartrain.cli.output import escaped
from geartrain.errors import GeartrainError, OptionError
from geartrain.texts import visible
from geartrain.transport.standard import fill_standard_files, flush_stdout

__all__ = ["complain", "run_program", "unrecognised"]

RUNTIME_STATUS = 1
INTERRUPTED_STATUS = 130

_OF_FILES = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.EISDIR}
)


def run_program(command: click.Command, name: str, usage_status: int = 2) -> NoReturn:
    """Run ``command`` as the program ``name`` and exit with its status.

    A wrong command line or option ends with ``usage_status``, every other failure
    with 1, after one line on stderr. If the reader of stdout has gone, that is a
    failure, too, but no line is printed.
    """
    fill_standard_files()
    # At its end Python would look for garbage in all that was loaded: 35 ms of the 280
    # that a job server takes to start and stop, and 15 of a command's 110.
    atexit.register(gc.freeze)
    status = _status(command, name, usage_status)
    failure = flush_stdout()
    if failure is not None:
        status = status or _complain_of(name, failure)
    sys.exit(status)


def _status(command: click.Command, name: str, usage_status: int) -> int:
    try:
        status = command.main(prog_name=name, standalone_mode=False)
    except click.UsageError as error:
        complain(error.ctx.command_path if error.ctx else name, _explain(error))
        return usage_status
    except OptionError as error:
        complain(name, str(error))
        return usage_status
    except (click.ClickException, GeartrainError) as error:
        complain(name, str(error))
        return RUNTIME_STATUS
    except OSError as error:
        return _complain_of(name, error)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED_STATUS
    return status if isinstance(status, int) else 0


def _complain_of(name: str, error: OSError) -> int:
    """Print what the system refused, unless the reader has gone; return the status."""
    if error.errno is None:
        # Raised by Geartrain or a library, not by the system.
        complain(name, str(error))
    elif error.filename is not None:
        complain(name, f"{os.fsdecode(error.filename)}: {error.strerror}")
    elif error.errno in _OF_FILES:
        complain(name, f"cannot write the output, or read the input: {error.strerror}")
    elif error.errno != errno.EPIPE:
        complain(name, error.strerror or str(error))
    return RUNTIME_STATUS


def complain(name: str, words: str) -> None:
    """Write one line to stderr, after the program's name; ignore a closed stderr.

    It is escaped: names from the network may be in it.
    """
    line = visible(f"{name}: {' '.join(words.split())}")
    with contextlib.suppress(OSError):
        if _has_room(sys.stderr):
            click.echo(escaped(line, sys.stderr.encoding), err=True)


def _has_room(stream: Any) -> bool:
    """Return whether a stream takes a line within two seconds."""
    try:
        descriptor = stream.fileno()
    except (AttributeError, OSError):
        # A test has put something else in its place.
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(2000))


def unrecognised(word: str, nearest: str | None) -> str:
    """Return the error for an unknown option, with the nearest known one."""
    hint = f", did you mean {nearest!r}?" if nearest else ""
    return f"unrecognised option {word!r}{hint}"


def _explain(error: click.UsageError) -> str:
    """Return what click found wrong, without the full stop at its end."""
    if isinstance(error, click.NoSuchOption):
        nearest = error.possibilities[0] if error.possibilities else None
        return unrecognised(error.option_name, nearest)
    return error.format_message().rstrip(".")
