"""``geartrain server``: run a job server in the foreground."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import click

from geartrain import __version__
from geartrain.cli.service import Service
from geartrain.cli.values import (
    Whole,
    config,
    file_mode,
    handle_prefix,
    memory,
    port,
    size,
    store,
    time_zone,
    user,
)
from geartrain.errors import AddressError
from geartrain.server.logs import LEVELS, LogTarget, PlainFormatter
from geartrain.server.options import Keepalive, Options, default_handle_prefix
from geartrain.stores.locations import default_store
from geartrain.transport.address import DEFAULT_PORT, Address, parse_address
from geartrain.transport.standard import write_soon
from geartrain.transport.tls import Tls

__all__ = ["server", "service_of"]

DEFAULT_HOST = "127.0.0.1"
MAX_RETRIES = 255
_PATIENCE_WITH_STDOUT = 0.3

_FILE = click.Path(dir_okay=False)

_FLAGS = (
    click.Option(
        ["--config"],
        type=config,
        metavar="PATH",
        help="Read the policies of functions from this file (geartrain.toml).",
    ),
    click.Option(
        ["--listen"],
        multiple=True,
        metavar="ADDRESS",
        help="Where to listen: host:port, host, [v6]:port, :port for every interface,"
        f" or unix:/path. May be repeated.  [default: {DEFAULT_HOST}]",
    ),
    click.Option(
        ["--port"],
        type=port,
        default=str(DEFAULT_PORT),
        show_default=True,
        help="The port of addresses that name none; 0 lets the system choose.",
    ),
    click.Option(
        ["--socket-mode"],
        type=file_mode,
        metavar="MODE",
        default="0666",
        show_default=True,
        help="Who may connect to unix sockets: 0660 for their owner and group, 0600"
        " for the owner alone.",
    ),
    click.Option(
        ["--max-packet"],
        type=size,
        default="1G",
        show_default=True,
        help="The largest workload or result taken.",
    ),
    click.Option(
        ["--max-memory"],
        type=memory,
        help="Memory limit: submissions are refused from three quarters of it on, and"
        " peers disconnected at the whole; 0 is no limit."
        "  [default: three quarters of the machine's, or of its control group's]",
    ),
    click.Option(
        ["--max-outbox"],
        type=size,
        default="256M",
        show_default=True,
        help="Unread bytes held for one peer before it is disconnected.",
    ),
    click.Option(
        ["--store"],
        type=store,
        help="Where background jobs are kept: sqlite:///full/path, a file, or memory:,"
        " which loses them when the server stops.  [default: jobs.db in"
        " /var/lib/geartrain as root, else in ~/.local/state/geartrain]",
    ),
    click.Option(
        ["--durability"],
        type=click.Choice(["memory", "os", "disk"]),
        help="What a stored job has survived when it is acknowledged: a stop in order"
        " (memory), the end of the process too (os), or a power cut too (disk)."
        "  [default: disk]",
    ),
    click.Option(
        ["--job-retries"],
        type=Whole(-1, MAX_RETRIES),
        default=5,
        show_default=True,
        help="Fail a job after this many lost workers; 0 is the same as 1, -1 is"
        " never.",
    ),
    click.Option(
        ["--handle-prefix"],
        type=handle_prefix,
        help="Prefix of job handles.  [default: H:<host name>]",
    ),
    click.Option(
        ["--exceptions"],
        is_flag=True,
        help="Send WORK_EXCEPTION to clients that did not ask for it, too.",
    ),
    click.Option(
        ["--compat"],
        type=click.Choice(["1.1", "2.0"]),
        default="2.0",
        show_default=True,
        help="How a worker's next job is chosen: as by gearmand 2.0 (priority"
        " before function) or 1.1 (function before priority).",
    ),
    click.Option(
        ["--round-robin"],
        is_flag=True,
        help="With --compat 1.1: let a worker's functions take turns.",
    ),
    click.Option(
        ["--timezone"],
        type=time_zone,
        help="The zone of SUBMIT_JOB_SCHED's fields.  [default: this machine's]",
    ),
    click.Option(
        ["--backlog"],
        type=Whole(1, 65535),
        default=1024,
        show_default=True,
        help="Connections the system holds before they are accepted.",
    ),
    click.Option(
        ["--descriptors"],
        type=Whole(min=16),
        help="Open files to allow the process.  [default: all it may have]",
    ),
    click.Option(
        ["--keepalive-idle"],
        type=Whole(1, 32767),
        help="Seconds of silence before TCP probes a peer.  [default: 60]",
    ),
    click.Option(
        ["--keepalive-interval"],
        type=Whole(1, 32767),
        help="Seconds between such probes.  [default: 15]",
    ),
    click.Option(
        ["--keepalive-count"],
        type=Whole(1, 127),
        help="Unanswered probes before the peer is given up.  [default: 4]",
    ),
    click.Option(
        ["--no-keepalive"], is_flag=True, help="Do not probe silent peers at all."
    ),
    click.Option(
        ["--tls-cert"],
        type=_FILE,
        metavar="PATH",
        help="Speak TLS, and nothing else, on every address but unix sockets. This"
        " file (PEM) has the certificate and its intermediate ones; SIGHUP reads it"
        " again.",
    ),
    click.Option(
        ["--tls-key"],
        type=_FILE,
        metavar="PATH",
        help="The private key of --tls-cert.  [default: in the same file]",
    ),
    click.Option(
        ["--tls-ca"],
        type=_FILE,
        metavar="PATH",
        help="Demand a certificate of each peer, signed by one of these authorities"
        " (PEM).",
    ),
    click.Option(
        ["--log-level"],
        type=click.Choice(list(LEVELS), case_sensitive=False),
        default="INFO",
        show_default=True,
        help="Minimum level to log.",
    ),
    click.Option(
        ["--log-file"],
        metavar="PATH",
        default="stderr",
        show_default=True,
        help="Where to log: a path, opened anew at SIGHUP, or stderr, or none.",
    ),
    click.Option(
        ["--pid-file"], metavar="PATH", help="Write the process number to this file."
    ),
    click.Option(
        ["--user"],
        type=user,
        metavar="USER",
        help="Switch to this user once everything is open (as root).",
    ),
)


def serve(**flags: Any) -> int:
    """Run a job server in the foreground.

    It listens on 127.0.0.1:4730 unless told otherwise and prints one line on
    stdout once it does. Background jobs are on disk before they are
    acknowledged; the log says where. SIGTERM and SIGINT stop it in order, a
    second one at once; SIGUSR1 stops it when the last connection closes.
    """
    return service_of(flags).run()


def service_of(flags: dict[str, Any]) -> Service:
    """Turn the flags into a service that can be run.

    Raises:
        click.UsageError: a flag is wrong, or two exclude each other.
        OptionError: no store is named, and there is no place for the default one.
    """
    level = flags["log_level"]
    return Service(
        options=_options(flags, level),
        log=LogTarget(file=flags["log_file"], level=level, formatter=PlainFormatter()),
        pid_file=flags["pid_file"],
        user=flags["user"],
        notices=_notices(flags),
        announce=_announce,
    )


server = click.Command(
    "server", params=list(_FLAGS), callback=serve, help=serve.__doc__
)


def _options(flags: dict[str, Any], level: str) -> Options:
    """Turn the command line into what the server is told."""
    return Options(
        listen=_addresses(flags["listen"], flags["port"]),
        socket_mode=flags["socket_mode"],
        backlog=flags["backlog"],
        max_packet=flags["max_packet"],
        max_memory=flags["max_memory"],
        max_outbox=flags["max_outbox"],
        job_retries=flags["job_retries"],
        store=flags["store"] or default_store(),
        durability=flags["durability"] or "disk",
        policies=flags["config"].policies if flags["config"] else (),
        handle_prefix=flags["handle_prefix"] or default_handle_prefix(),
        exceptions=flags["exceptions"],
        compat=flags["compat"],
        round_robin=flags["round_robin"],
        timezone=flags["timezone"],
        descriptors=flags["descriptors"],
        keepalive=_keepalive(flags),
        tls=_tls(flags),
        log_level=level,
    )


def _addresses(texts: Sequence[str], default_port: int) -> tuple[Address, ...]:
    """Read every ``--listen``, each once, or take the default."""
    found: dict[Address, None] = {}
    for text in texts or (DEFAULT_HOST,):
        try:
            found[parse_address(text, default_port)] = None
        except AddressError as error:
            raise click.BadParameter(str(error), param_hint="'--listen'") from None
    return tuple(found)


def _keepalive(flags: dict[str, Any]) -> Keepalive | None:
    """Read the keepalive flags, which exclude ``--no-keepalive``."""
    numbers = {
        name: flags[f"keepalive_{name}"]
        for name in ("idle", "interval", "count")
        if flags[f"keepalive_{name}"] is not None
    }
    if not flags["no_keepalive"]:
        return Keepalive(**numbers)
    for name in numbers:
        raise click.UsageError(
            f"--no-keepalive and --keepalive-{name} exclude each other"
        )
    return None


def _tls(flags: dict[str, Any]) -> Tls | None:
    """Read the TLS flags, of which ``--tls-cert`` is the first."""
    cert, key, ca = flags["tls_cert"], flags["tls_key"], flags["tls_ca"]
    if cert:
        return Tls(ca=_full(ca), cert=_full(cert), key=_full(key))
    for name, value in (("--tls-key", key), ("--tls-ca", ca)):
        if value:
            raise click.UsageError(f"{name} is of no use without --tls-cert")
    return None


def _full(path: str | None) -> str:
    """Return a path that stays right wherever the process goes."""
    return os.path.abspath(path) if path else ""


def _notices(flags: dict[str, Any]) -> list[str]:
    """Say which flags do nothing."""
    said = []
    if flags["round_robin"] and flags["compat"] != "1.1":
        said.append("--round-robin changes nothing: functions take turns anyhow")
    if flags["durability"] and flags["store"] == "memory:":
        said.append("--durability changes nothing: jobs in memory survive no stop")
    return said


def _announce(addresses: Sequence[str]) -> None:
    """Print the ready line; a reader that has gone or sleeps cannot stop the server."""
    line = f"geartrain {__version__} ready on {', '.join(addresses)}\n"
    # Unbuffered: what cannot be written must not be tried again at exit.
    write_soon(1, line.encode(), _PATIENCE_WITH_STDOUT)
