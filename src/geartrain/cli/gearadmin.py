"""``gearadmin``: ask a job server by text commands, as the original does.

It speaks the text protocol by itself, and reads its command line without click:
scripts run it for every job, and ``geartrain.admin`` and click take longer to import
than the job server takes to answer.
"""

from __future__ import annotations

import os
import socket
import sys

from geartrain.cli.drop_in import libgearman_tls, run_drop_in
from geartrain.cli.gearadmin_flags import HELP, GearadminFlags
from geartrain.errors import OptionError
from geartrain.texts import visible
from geartrain.transport.lines import Lines, TooMuchError

# typing is slow to import, and scripts run this for every job.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, NoReturn, TextIO

__all__ = ["main", "run"]

# The command of each flag, in the order in which they are sent, and whether its answer
# is a list.
_QUESTIONS: Final = (
    ("getpid", b"getpid", False),
    ("create-function", b"create function", False),
    ("drop-function", b"drop function", False),
    ("show-jobs", b"show jobs", True),
    ("show-unique-jobs", b"show unique jobs", True),
    ("cancel-job", b"cancel job", False),
    ("server-verbose", b"verbose", False),
    ("server-version", b"version", False),
    ("workers", b"workers", True),
    ("priority-status", b"prioritystatus", True),
    ("status", b"status", True),
)

_WITH_ARGUMENT: Final = frozenset({b"create function", b"drop function", b"cancel job"})

# Seconds to wait for a job server.
_PATIENCE: Final = 60.0


class _GearadminError(Exception):
    """Ends the program with one error."""


def run(arguments: list[str]) -> int:
    """Run ``gearadmin`` with a command line; return its exit status.

    Answers go to stdout. Refusals of the job server go to stderr; as in the original
    they do not change the exit status.
    """
    name = os.path.basename(arguments[0])
    try:
        flags = GearadminFlags(arguments[1:])
    except OptionError as error:
        sys.stdout.write(f"{name} : {error}\n\n{HELP}")
        return 1
    if "help" in flags.values:
        sys.stdout.write(HELP)
        return 0
    questions = [each for each in _QUESTIONS if each[0] in flags.values]
    if not questions:
        sys.stdout.write(f"No option execution operation given.\n\n{HELP}")
        return 1
    try:
        _ask(flags.values, questions)
    except (_GearadminError, OptionError) as error:
        sys.stdout.flush()
        sys.stderr.write(f"Error: {error}\n")
        return 1
    return 0


def _ask(values: dict[str, str], questions: list[tuple[str, bytes, bool]]) -> None:
    """Send the commands and print their answers, over one connection."""
    lines = [_line(command, values[flag]) for flag, command, _ in questions]
    host = values.get("host", "localhost")
    connection = _connected(host, values.get("port", "4730"), "ssl" in values)
    with connection:
        answers = Lines(connection, _PATIENCE)
        for line, (_, _, is_list) in zip(lines, questions, strict=True):
            try:
                connection.settimeout(_PATIENCE)
                connection.sendall(line)
                answers.begin()
                answer = _answer(answers, is_list)
            except TooMuchError as error:
                raise _GearadminError(
                    f"{host} is no job server: it sent {error}"
                ) from None
            except OSError:
                answer = b""
            if not answer.endswith(b"\n"):
                raise _GearadminError(f"Socket was shutdown while reading from {host}")
            _write(answer)


def _line(command: bytes, value: str) -> bytes:
    """Return a line of the text protocol."""
    given = os.fsencode(value)
    if b"\n" in given or b"\r" in given:
        raise OptionError(f"{value!r} has a line break: no name or handle can")
    has_argument = command in _WITH_ARGUMENT
    return command + (b" " + given if has_argument else b"") + b"\r\n"


def _answer(lines: Lines, is_list: bool) -> bytes:
    """Read a whole answer: its rows and their dot, or its one line."""
    answer = line = lines.next()
    if is_list and not line.startswith(b"ERR "):
        rows = [line]
        while line.endswith(b"\n") and line not in (b".\n", b".\r\n"):
            line = lines.next()
            rows.append(line)
        answer = b"".join(rows)
    return answer if line.endswith(b"\n") else b""


def _write(answer: bytes) -> None:
    """Print an answer as the original does: without ``OK``."""
    if answer.startswith(b"ERR "):
        sys.stdout.flush()
        _print(sys.stderr, b"Error: " + answer.removeprefix(b"ERR "))
    elif answer == b"OK\r\n":
        _print(sys.stdout, b"OK\n")
    else:
        _print(sys.stdout, answer.removeprefix(b"OK "))


def _print(stream: TextIO, answer: bytes) -> None:
    """Write an answer as it came; on a terminal with its names escaped."""
    if stream.isatty():
        text = answer.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
        rows = ("\t".join(map(visible, row.split("\t"))) for row in text.split("\n"))
        answer = "\n".join(rows).encode(stream.encoding, "backslashreplace")
    stream.buffer.write(answer)
    stream.flush()


def _connected(host: str, port: str, by_tls: bool) -> socket.socket:
    """Connect to the first address of a host that answers, or to a unix socket."""
    try:
        if host.startswith("unix:"):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(_PATIENCE)
            connection.connect(host.removeprefix("unix:"))
            return connection
        connection = _first(_addresses(host, port))
        return _by_tls(connection, host) if by_tls else connection
    except OSError as error:
        words = f"{error.strerror or error}" if by_tls else ""
        more = f" ({words})" if words else ""
        raise _GearadminError(f"Error connecting to {host}{more}.\n") from None


def _addresses(host: str, port: str) -> list[Any]:
    try:
        return socket.getaddrinfo(host.encode(), port, type=socket.SOCK_STREAM)
    except (socket.gaierror, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _GearadminError(
            f"Failed to connect on {host}:{port} with {reason}"
        ) from None


def _first(addresses: list[Any]) -> socket.socket:
    """Connect to the first address that answers; raise the last one's OSError."""
    failure = OSError("no address")
    for family, kind, protocol, _, address in addresses:
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(_PATIENCE)
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


def _by_tls(connection: socket.socket, host: str) -> socket.socket:
    """Begin TLS."""
    from geartrain.transport.tls import client_context

    context = client_context(libgearman_tls())
    try:
        return context.wrap_socket(connection, server_hostname=host)
    except BaseException:
        connection.close()
        raise


def main() -> NoReturn:
    """Run the program on this process's command line."""
    run_drop_in(lambda: run(sys.argv), "Error: cannot write the answer")


if __name__ == "__main__":
    main()
