"""The flags of the original ``gearmand``, as one table."""

from __future__ import annotations

import click

from geartrain.cli.values import Whole, handle_prefix, memory, port, user
from geartrain.server.logs import LEVELS

__all__ = [
    "DEFAULT_LOG_FILE",
    "DEFAULT_PID_FILE",
    "FLAGS",
    "LATER",
    "MEANINGLESS",
    "given",
    "not_yet",
]

DEFAULT_LOG_FILE = "/var/log/gearmand.log"
DEFAULT_PID_FILE = "/var/gearmand.pid"

_COUNT = Whole(min=0)
_SECONDS = Whole(-1, 32767)

_GENERAL = (
    click.Option(
        ["-b", "--backlog"],
        type=Whole(1, 65535),
        default=1024,
        show_default=True,
        help="Connections the system holds before they are accepted.",
    ),
    click.Option(
        ["-d", "--daemon"],
        is_flag=True,
        help="Detach and run in the background, once the port is open.",
    ),
    click.Option(
        ["--exceptions"], is_flag=True, help="Send exceptions to every client."
    ),
    click.Option(
        ["-f", "--file-descriptors"],
        type=_COUNT,
        help="Open files to allow the process.  [default: all it may have]",
    ),
    click.Option(
        ["-j", "--job-retries"],
        type=Whole(),
        help="Fail a job after this many lost workers: 1 to 255; 0 is the same as 1;"
        " -1 is never.  [default: -1]",
    ),
    click.Option(
        ["--job-handle-prefix"],
        type=handle_prefix,
        help="Prefix of job handles.  [default: H:<host name>]",
    ),
    click.Option(["--keepalive"], is_flag=True, help="Tune TCP keepalive as below."),
    click.Option(
        ["--keepalive-idle"],
        type=_SECONDS,
        help="Seconds of silence before the first probe.",
    ),
    click.Option(
        ["--keepalive-interval"], type=_SECONDS, help="Seconds between probes."
    ),
    click.Option(
        ["--keepalive-count"],
        type=Whole(-1, 127),
        help="Unanswered probes before a connection is given up.",
    ),
    click.Option(
        ["-l", "--log-file"],
        default=DEFAULT_LOG_FILE,
        show_default=True,
        help="Where to log: a path, or stderr, or none.",
    ),
    click.Option(
        ["-L", "--listen"],
        multiple=True,
        help="Address or host name to listen on.  [default: every interface]",
    ),
    click.Option(
        ["--max-memory"],
        type=memory,
        help="Memory limit: submissions are refused from three quarters of it on, and"
        " peers disconnected at the whole; 0 is no limit."
        "  [default: three quarters of the machine's, or of its control group's]",
    ),
    click.Option(
        ["-p", "--port"],
        type=port,
        help="Port or service to listen on.  [default: $GEARMAND_PORT, else 4730]",
    ),
    click.Option(
        ["-P", "--pid-file"],
        help=f"File to write the process number to.  [default: {DEFAULT_PID_FILE}]",
    ),
    click.Option(
        ["-q", "--queue-type"],
        default="builtin",
        show_default=True,
        help="Where to keep background jobs: builtin, in memory, or libsqlite3, in a"
        " file.",
    ),
    click.Option(
        ["--libsqlite3-db"],
        metavar="PATH",
        help="The file of -q libsqlite3.",
    ),
    click.Option(
        ["--store-queue-on-shutdown"],
        is_flag=True,
        help="With -q libsqlite3: acknowledge jobs before they are on disk; a stop in"
        " order keeps them.",
    ),
    click.Option(
        ["-r", "--protocol"],
        help="Serve another protocol, too. None can be yet: http is refused.",
    ),
    click.Option(
        ["-R", "--round-robin"],
        is_flag=True,
        help="With --compat 1.1: let a worker's functions take turns.",
    ),
    click.Option(
        ["--ssl"], is_flag=True, help="Speak TLS, and nothing else, on every address."
    ),
    click.Option(
        ["--ssl-certificate"],
        metavar="PATH",
        help="With --ssl: the certificate; $GEARMAND_SERVER_PEM goes before it."
        "  [default: /etc/ssl/certs/gearmand.pem]",
    ),
    click.Option(
        ["--ssl-key"],
        metavar="PATH",
        help="With --ssl: its private key; $GEARMAND_SERVER_KEY goes before it."
        "  [default: /etc/ssl/certs/gearmand.key]",
    ),
    click.Option(
        ["--ssl-ca-file"],
        metavar="PATH",
        help="With --ssl-verify-peer: who signs the certificates of clients and"
        " workers; $GEARMAND_CA_CERTIFICATE goes before it."
        "  [default: /etc/ssl/certs/gearmand-ca.pem]",
    ),
    click.Option(
        ["--ssl-verify-peer"],
        is_flag=True,
        help="With --ssl: demand a certificate of clients and workers.",
    ),
    click.Option(["--syslog"], is_flag=True, help="Log to the system's log, too."),
    click.Option(
        ["-u", "--user"],
        type=user,
        metavar="USER",
        help="Switch to this user once everything is open.",
    ),
    click.Option(
        ["--verbose"],
        type=click.Choice(list(LEVELS)),
        default="ERROR",
        show_default=True,
        help="Minimum level to log.",
    ),
    click.Option(
        ["--compat"],
        type=click.Choice(["1.1", "2.0"]),
        default="2.0",
        show_default=True,
        help="Behave like gearmand 2.0, or like 1.1: a worker's functions in the"
        " order they were registered, and -j 0 for no limit.",
    ),
    click.Option(
        ["--check-args"], is_flag=True, hidden=True, help="Check the flags and exit."
    ),
)

_WITHOUT_MEANING = (
    click.Option(["-t", "--threads"], type=_COUNT, help="Accepted, does nothing."),
    click.Option(
        ["-w", "--worker-wakeup"], type=_COUNT, help="Accepted, does nothing."
    ),
    click.Option(["--hashtable-buckets"], type=_COUNT, help="Accepted, does nothing."),
    click.Option(["--libsqlite3-table"], help="Accepted, does nothing."),
    click.Option(["--coredump"], is_flag=True, help="Allow core files."),
)

MEANINGLESS = {
    "threads": "--threads has no meaning here: one thread serves every connection",
    "worker_wakeup": (
        "--worker-wakeup has no meaning here: each job wakes as many workers as it"
        " needs"
    ),
    "hashtable_buckets": (
        "--hashtable-buckets has no meaning here: tables grow with what they hold"
    ),
    "libsqlite3_table": (
        "--libsqlite3-table has no meaning here: the tables of a store have their names"
    ),
    "round_robin": "--round-robin has no meaning here: functions take turns anyhow",
    "coredump": (
        "--coredump raises the limit of core files; whether one is written, and"
        " where, is the system's choice"
    ),
}
"""What to say of a flag that is accepted and does not do (all) that it did."""


LATER = {
    "HTTP": ("--http-port",),
    "the persistent queue MySQL": (
        "--mysql-host",
        "--mysql-port",
        "--mysql-user",
        "--mysql-password",
        "--mysql-db",
        "--mysql-table",
    ),
    "the persistent queue Postgres": ("--libpq-conninfo", "--libpq-table"),
    "the persistent queue redis": (
        "--redis-server",
        "--redis-port",
        "--redis-password",
        "--redis-prefix",
    ),
    "the persistent queue libmemcached": (
        "--libmemcached-servers",
        "--libmemcached-prefix",
    ),
    "the persistent queue libtokyocabinet": (
        "--libtokyocabinet-file",
        "--libtokyocabinet-optimize",
    ),
    "the persistent queue libdrizzle": (
        "--libdrizzle-host",
        "--libdrizzle-port",
        "--libdrizzle-uds",
        "--libdrizzle-user",
        "--libdrizzle-password",
        "--libdrizzle-db",
        "--libdrizzle-table",
        "--libdrizzle-mysql",
    ),
}
"""The parts of the original that are not served yet, with their flags."""

FLAGS: tuple[click.Option, ...] = (
    *_GENERAL,
    *_WITHOUT_MEANING,
    # Known by name, with or without a value: each stops the start.
    *(
        click.Option([name], hidden=True, is_flag=False, flag_value="")
        for names in LATER.values()
        for name in names
    ),
)


def given(context: click.Context, name: str) -> bool:
    """Tell whether a flag came from the command line or the configuration file."""
    source = context.get_parameter_source(name.removeprefix("--").replace("-", "_"))
    return source is not None and source.name in ("COMMANDLINE", "DEFAULT_MAP")


def not_yet(flag: str, part: str) -> str:
    """Say that a part of the original is not served yet, and what to do instead."""
    instead = "start without this flag"
    if "queue" in part:
        instead = (
            "-q libsqlite3 --libsqlite3-db=FILE keeps jobs in a file, and geartrain"
            " import brings those that are in MySQL, Postgres, redis or libmemcached"
        )
    return (
        f"{flag!r}: {part} is not supported yet and comes with a later version:"
        f" {instead}"
    )
