"""The flags of the original ``gearmand``: our options by its names, and its own."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from geartrain.cli.flags import flag_of, typed
from geartrain.cli.gearmand_queue_types import QUEUE_TYPES
from geartrain.configuration.kinds import NO_PORT, PORT, choice, whole
from geartrain.configuration.option import options_of
from geartrain.server.logs import LEVELS
from geartrain.server.options import Options
from geartrain.transport.address import Address

__all__ = [
    "ABANDONED",
    "DEFAULTS",
    "FLAGS",
    "MEANINGLESS",
    "abandoned",
    "given",
]

_OPTIONS = options_of(Options)

_count = typed(whole(0))

DEFAULTS: dict[str, Any] = {
    "listen": (Address(host="", port=NO_PORT),),
    "store": "memory:",
    "http": (None,),
    "backoff_delay": 0.0,
    # Scripts that end it start the next one a second later, on the same pid file.
    "drain": 0.0,
    "job_retries": -1,
    "log_file": "/var/log/gearmand.log",
    "log_level": "ERROR",
    "pid_file": "/var/gearmand.pid",
    "keepalive_idle": -1,
    "keepalive_interval": -1,
    "keepalive_count": -1,
}
"""The original's defaults where they differ from ours."""


def _rename(name: str, *words: str, **changes: Any) -> click.Parameter:
    """Return an option of ``geartrain server`` by its names in the original."""
    option = _OPTIONS[name]
    if name in DEFAULTS:
        changes.setdefault("default", option.show(DEFAULTS[name]))
    if "kind" in changes:
        changes["metavar"] = changes["kind"].metavar
    return flag_of(dataclasses.replace(option, **changes), *words)


_GENERAL = (
    _rename("backlog", "-b", "--backlog"),
    click.Option(
        ["-d", "--daemon"],
        is_flag=True,
        help="Detach and run in the background, once the port is open.",
    ),
    _rename("drain", "--drain"),
    _rename("exceptions", "--exceptions", help="Send exceptions to every client."),
    # 0 is all it may have.
    _rename("descriptors", "-f", "--file-descriptors", kind=whole(0)),
    # Out of bounds it is refused in the original's words.
    _rename(
        "job_retries",
        "-j",
        "--job-retries",
        kind=whole(),
        help="Fail a job after this many lost workers: 1 to 255; 0 is the same as 1; -1"
        " is never.",
    ),
    _rename("handle_prefix", "--job-handle-prefix"),
    click.Option(
        ["--keepalive", "tunes_keepalive"],
        is_flag=True,
        help="Tune TCP keepalive as below.",
    ),
    _rename(
        "keepalive_idle",
        "--keepalive-idle",
        kind=whole(-1, 32767),
        default="",
        help="Seconds of silence before the first probe.",
    ),
    _rename(
        "keepalive_interval",
        "--keepalive-interval",
        kind=whole(-1, 32767),
        default="",
        help="Seconds between probes.",
    ),
    _rename(
        "keepalive_count",
        "--keepalive-count",
        kind=whole(-1, 127),
        default="",
        help="Unanswered probes before a connection is given up.",
    ),
    _rename(
        "log_file",
        "-l",
        "--log-file",
        help="Where to log: a path, or stderr, or none.",
    ),
    _rename(
        "listen",
        "-L",
        "--listen",
        default="every interface",
        help="Address or host name to listen on.",
    ),
    _rename("max_memory", "--max-memory"),
    _rename(
        "port",
        "-p",
        "--port",
        default="$GEARMAND_PORT, else 4730",
        help="Port or service to listen on.",
    ),
    _rename(
        "pid_file", "-P", "--pid-file", help="File to write the process number to."
    ),
    click.Option(
        ["-q", "--queue-type"],
        default="builtin",
        show_default=True,
        help="Where to keep background jobs: builtin, in memory; "
        + "; ".join(f"{queue.name}, {queue.place}" for queue in QUEUE_TYPES)
        + ".",
    ),
    *(option for queue in QUEUE_TYPES for option in queue.flags),
    _rename("durability", "--durability"),
    click.Option(
        ["-r", "--protocol"],
        help="Serve another protocol, too: http, on a port of its own.",
    ),
    click.Option(
        ["--http-port"],
        type=typed(PORT),
        metavar=PORT.metavar,
        default="8080",
        show_default=True,
        help="With -r http: the port or service of HTTP.",
    ),
    _rename("round_robin", "-R", "--round-robin"),
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
    _rename(
        "user",
        "-u",
        "--user",
        help="Switch to this user once everything is open.",
    ),
    _rename("log_level", "--verbose", kind=choice(tuple(LEVELS))),
    _rename(
        "compat",
        "--compat",
        help="Behave like gearmand 2.0, or like 1.1: a worker's functions in the order"
        " they were registered, and -j 0 for no limit.",
    ),
    click.Option(
        ["--check-args"], is_flag=True, hidden=True, help="Check the flags and exit."
    ),
)


def _ignored(*words: str) -> click.Option:
    """Return a flag that takes a number and does nothing."""
    help = "Accepted, does nothing."
    return click.Option([*words], type=_count, metavar="NUMBER", help=help)


_WITHOUT_MEANING = (
    _ignored("-t", "--threads"),
    _ignored("-w", "--worker-wakeup"),
    _ignored("--hashtable-buckets"),
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
    "round_robin": "--round-robin has no meaning here: functions take turns anyhow",
    "coredump": (
        "--coredump raises the limit of core files; whether one is written, and"
        " where, is the system's choice"
    ),
}
"""What to say of a flag that is accepted and does not do (all) that it did."""


ABANDONED = (
    "--libtokyocabinet-file",
    "--libtokyocabinet-optimize",
    "--libdrizzle-host",
    "--libdrizzle-port",
    "--libdrizzle-uds",
    "--libdrizzle-user",
    "--libdrizzle-password",
    "--libdrizzle-db",
    "--libdrizzle-table",
    "--libdrizzle-mysql",
)
"""The flags of queues in databases that nobody maintains any more."""

FLAGS: tuple[click.Parameter, ...] = (
    *_GENERAL,
    *_WITHOUT_MEANING,
    # Known by name, with or without a value: each stops the start.
    *(
        click.Option([name], hidden=True, is_flag=False, flag_value="")
        for name in ABANDONED
    ),
)


def given(context: click.Context, name: str) -> bool:
    """Tell whether a flag came from the command line or the configuration file."""
    source = context.get_parameter_source(name.removeprefix("--").replace("-", "_"))
    return source is not None and source.name in ("COMMANDLINE", "DEFAULT_MAP")


def abandoned(flag: str) -> str:
    """Say that a queue's database has been given up, and what to do instead."""
    return (
        f"{flag!r}: Tokyo Cabinet and Drizzle are maintained no longer, and no store of"
        " this server: have the original's workers empty its queue, then start with -q"
        " libsqlite3 --libsqlite3-db=FILE"
    )
