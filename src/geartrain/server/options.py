"""What a job server can be told."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from geartrain.configuration.kinds import (
    ADDRESS,
    FILE_MODE,
    FLAG,
    NO_PORT,
    PATH,
    PORT,
    TEXT,
    choice,
    seconds,
    size,
    whole,
)
from geartrain.configuration.option import option
from geartrain.server.formatters import FORMATS, LEVELS
from geartrain.server.kinds import (
    BACKLOG,
    HANDLE_PREFIX,
    HEADER,
    HTTP_ADDRESS,
    HTTP_PORT,
    HTTP_PREFIX,
    MAX_HANDLE_PREFIX,
    MAX_NODE_NAME,
    MEMORY,
    NODE_ADDRESS,
    NODE_NAME,
    PROXY,
    STORE,
    TIME_ZONE,
    USER,
)
from geartrain.transport.address import DEFAULT_PORT, Address
from geartrain.transport.listeners import OPEN_TO_ALL
from geartrain.transport.tls import Tls

if TYPE_CHECKING:
    from geartrain.engine.model.principals import Network, Principal
    from geartrain.server.hooks import Hook
    from geartrain.server.policies import PolicyEntry
    from geartrain.server.process import User
    from geartrain.server.schedules import Definitions

__all__ = ["GIB", "MIB", "Options", "default_handle_prefix", "default_node_name"]

MIB = 1024 * 1024
GIB = 1024 * MIB

_MAX_RETRIES = 255
# What Linux takes, as gearmand's flags do.
_MAX_SECONDS = 32767
_MAX_PROBES = 127

_DEFAULT_HOST = "127.0.0.1"

TLS_VERSIONS = ("1.2", "1.3")


def default_handle_prefix() -> str:
    """Return ``H:<host name>``, cut to fit a handle."""
    return f"H:{platform.node() or 'localhost'}"[:MAX_HANDLE_PREFIX]


def default_node_name() -> str:
    """Return the host's name, as far as it can be a node's."""
    name = platform.node().encode("ascii", "replace").decode()
    return "".join(name.split())[:MAX_NODE_NAME] or "localhost"


def _default_store() -> str:
    from geartrain.stores.locations import default_store

    return default_store()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Everything a job server can be told.

    Each field made by ``option`` is a flag of ``geartrain server``, an environment
    variable and a key of ``[server]`` in the configuration file. To add an option, add
    a field here and use it. The other fields are set by programs.

    Attributes:
        web_port: where gearmand's HTTP protocol is spoken, on all hosts that it listens
            on; None is nowhere.
        backoff_delay: seconds before a job's second attempt, where no policy says.
        access: who may do what; nobody is everybody, everything.
        places: where the values of options were given, by their names.
        hooks: who is told of dead letters and problems.
        policies: patterns of functions and their settings, as ``Policies.change``
            takes them, in the order given.
        schedules: the settings of recurring jobs, by their names.
    """

    TABLE: ClassVar = "server"
    VARIABLES: ClassVar = "GEARTRAIN_"

    listen: tuple[Address, ...] = option(
        ADDRESS,
        (Address(host=_DEFAULT_HOST, port=NO_PORT),),
        "Where to listen: host:port, host, [v6]:port, :port for every interface, or"
        " unix:/path. May be repeated.",
        repeats=True,
    )
    port: int = option(
        PORT,
        DEFAULT_PORT,
        "The port of addresses that name none; 0 lets the system choose.",
    )
    admin_listen: tuple[Address, ...] = option(
        ADDRESS,
        (),
        "Take text commands that change something here alone, and by HTTP: as --listen,"
        " with a port. May be repeated.",
        repeats=True,
        default_text="where jobs are taken, too",
    )
    max_connections_per_address: int = option(
        whole(0),
        0,
        "Turn away who has as many connections from one address, HTTP aside; unix"
        " sockets have no limit, and 0 is none.",
    )
    max_submissions_per_address: int = option(
        whole(0),
        0,
        "Refuse jobs beyond this number a second from one address, HTTP included; unix"
        " sockets have no limit, and 0 is none.",
    )
    max_jobs_per_address: int = option(
        whole(0),
        0,
        "Refuse jobs of an address that has as many which wait or run; unix sockets"
        " have no limit, and 0 is none.",
    )
    max_bytes_per_address: int = option(
        BACKLOG,
        0,
        "Refuse jobs of an address whose workloads that wait or run would be larger"
        " together; unix sockets have no limit, and 0 is none.",
    )
    node_name: str = option(
        NODE_NAME,
        default_node_name,
        "What this job server is called among its peers.",
        default_text="the host's name",
    )
    node_address: Address = option(
        NODE_ADDRESS,
        Address(host="", port=NO_PORT),
        "Where the job servers that share the store reach this one, so that they help"
        " each other; with none they do not.",
        default_text="where it listens; instead of all interfaces, the one by which it"
        " reaches the store",
        off="none",
    )
    peer: tuple[Address, ...] = option(
        ADDRESS,
        (),
        "Have this job server's workers help the job server at this address while they"
        " have nothing to do: as --listen. May be repeated.",
        repeats=True,
        default_text="nobody",
    )
    peer_tls: bool = option(
        FLAG, False, "Use TLS with peers; implied by the next three options."
    )
    peer_tls_ca: str = option(
        PATH,
        "",
        "Trust the authorities in this file (PEM) with the certificates of peers.",
        default_text="the system's",
    )
    peer_tls_cert: str = option(PATH, "", "Certificate to show peers (PEM).")
    peer_tls_key: str = option(
        PATH, "", "Private key of --peer-tls-cert.", default_text="in the same file"
    )
    peer_token_file: str = option(
        PATH,
        "",
        "Show peers the token in this file, read anew for each connection.",
    )
    socket_mode: int = option(
        FILE_MODE,
        OPEN_TO_ALL,
        "Who may connect to unix sockets: 0660 for their owner and group, 0600 for the"
        " owner alone.",
    )
    max_packet: int = option(size(), GIB, "The largest workload or result taken.")
    max_memory: int | None = option(
        MEMORY,
        None,
        "Memory limit: submissions are refused from three quarters of it on, and peers"
        " disconnected at the whole; 0 is no limit.",
        default_text="three quarters of the machine's, or of its control group's",
    )
    max_outbox: int = option(
        size(), 256 * MIB, "Unread bytes held for one peer before it is disconnected."
    )
    max_history: int = option(
        size(zero=True),
        64 * MIB,
        "Memory for what became of ended jobs (geartrain history); the oldest go first,"
        " and 0 remembers none.",
    )
    store: str = option(
        STORE,
        _default_store,
        "Where background jobs are kept: sqlite:///full/path, a file, a database of"
        " PostgreSQL (postgresql://…), MySQL (mysql://…), Redis (redis://…) or"
        " memcached (memcached://…), or memory:, which loses them when the server"
        " stops.",
        default_text="jobs.db in /var/lib/geartrain as root, else in"
        " ~/.local/state/geartrain",
    )
    durability: str = option(
        choice(("memory", "os", "disk")),
        "disk",
        "What a stored job has survived when it is acknowledged: a stop in order"
        " (memory), the end of the process too (os), or a power cut too (disk).",
    )
    job_retries: int = option(
        whole(-1, _MAX_RETRIES),
        5,
        "Fail a job after this many lost workers; 0 is the same as 1, -1 is never.",
    )
    handle_prefix: str = option(
        HANDLE_PREFIX,
        default_handle_prefix,
        "Prefix of job handles.",
        default_text="H:<host name>",
    )
    options_in_names: bool = option(
        FLAG,
        False,
        "Read ?delay=20m&key=shop-7 after a function's name as options of the"
        " submission, where no policy says otherwise.",
        table="submit",
    )
    exceptions: bool = option(
        FLAG, False, "Send WORK_EXCEPTION to clients that did not ask for it, too."
    )
    compat: str = option(
        choice(("1.1", "2.0")),
        "2.0",
        "How a worker's next job is chosen: as by gearmand 2.0 (priority before"
        " function) or 1.1 (function before priority).",
    )
    round_robin: bool = option(
        FLAG, False, "With --compat 1.1: let a worker's functions take turns."
    )
    timezone: str | None = option(
        TIME_ZONE,
        None,
        "The zone of SUBMIT_JOB_SCHED's fields.",
        default_text="this machine's",
    )
    drain: float = option(
        seconds(zero=True),
        25.0,
        "How long running jobs may take at a stop; then those that are kept run again"
        " after the next start.",
    )
    http: tuple[Address | None, ...] = option(
        HTTP_ADDRESS,
        (Address(host=_DEFAULT_HOST, port=HTTP_PORT),),
        "Where to serve HTTP: as --listen, with port 4731 where none is named, or none."
        " May be repeated.",
        repeats=True,
        off="none",
    )
    http_prefix: str = option(
        HTTP_PREFIX,
        "",
        "The path below which a proxy serves HTTP: all links of the dashboard have it.",
    )
    dashboard_redact: str = option(
        TEXT,
        "",
        "A Python function, as package.module:function, that returns what the dashboard"
        " may show of workloads, results and data: it gets the name of their function"
        " and the first 64 KiB.",
    )
    http_token_file: str = option(
        PATH,
        "",
        "Demand the token in this file of HTTP requests. Other addresses than loopback"
        " and unix sockets need one, or passwords, a proxy, or rules of [access].",
    )
    http_password_file: str = option(
        PATH,
        "",
        "Let people log in by HTTP whose names are in this file: lines as geartrain"
        " password prints them.",
    )
    http_trust_proxy: tuple[Network | None, ...] = option(
        PROXY,
        (),
        "Believe an HTTP proxy at this address, in this range or on a unix socket whom"
        " it has let in (--http-user-header) and where a request came from"
        " (X-Forwarded-For, -Proto). May be repeated.",
        repeats=True,
    )
    http_user_header: str = option(
        HEADER,
        "X-Forwarded-User",
        "The header in which such a proxy names who has logged in.",
    )
    http_proxy_role: str = option(
        TEXT,
        "view",
        "What those may do whom a proxy has let in and no login= of [access] names:"
        " view, operate, administer, or a principal of [access].",
        metavar="ROLE",
    )
    http_tls_cert: str = option(
        PATH,
        "",
        "Serve HTTPS, and nothing else, on every address of --http but unix sockets."
        " This file is as that of --tls-cert, and may be the same.",
    )
    http_tls_key: str = option(
        PATH, "", "Private key of --http-tls-cert.", default_text="in the same file"
    )
    http_tls_ca: str = option(
        PATH,
        "",
        "Demand a certificate of each HTTP client, signed by one of these authorities"
        " (PEM).",
    )
    backlog: int = option(
        whole(1, 65535), 1024, "Connections the system holds before they are accepted."
    )
    descriptors: int | None = option(
        whole(least=16),
        None,
        "Open files to allow the process.",
        default_text="all it may have",
    )
    keepalive: bool = option(
        FLAG, True, "Have TCP probe silent peers, to detect lost connections."
    )
    keepalive_idle: int = option(
        whole(1, _MAX_SECONDS), 60, "Seconds of silence before TCP probes a peer."
    )
    keepalive_interval: int = option(
        whole(1, _MAX_SECONDS), 15, "Seconds between such probes."
    )
    keepalive_count: int = option(
        whole(1, _MAX_PROBES), 4, "Unanswered probes before the peer is given up."
    )
    # Their variables are not GEARTRAIN_TLS_CERT and so on: those name the files that
    # the commands and workers of this machine show a job server.
    tls_cert: str = option(
        PATH,
        "",
        "Speak TLS, and nothing else, on every address but unix sockets. This file"
        " (PEM) has the certificate and its intermediate ones; SIGHUP reads it again.",
        variable="GEARTRAIN_SERVER_TLS_CERT",
    )
    tls_key: str = option(
        PATH,
        "",
        "Private key of --tls-cert.",
        variable="GEARTRAIN_SERVER_TLS_KEY",
        default_text="in the same file",
    )
    tls_ca: str = option(
        PATH,
        "",
        "Demand a certificate of each peer, signed by one of these authorities (PEM).",
        variable="GEARTRAIN_SERVER_TLS_CA",
    )
    tls_minimum: str = option(
        choice(TLS_VERSIONS),
        "1.2",
        "The oldest version of TLS that is spoken, by HTTP too.",
        variable="GEARTRAIN_SERVER_TLS_MINIMUM",
    )
    log_level: str = option(
        choice(tuple(LEVELS), ignore_case=True), "INFO", "Minimum level to log."
    )
    log_format: str = option(
        choice(FORMATS),
        "text",
        "How lines of the log look: text for people, json for programs, or auto, which"
        " is json unless they go to a terminal.",
    )
    log_file: str = option(
        TEXT,
        "stderr",
        "Where to log: a path, opened anew at SIGHUP, or stderr, or none.",
        metavar="PATH",
    )
    pid_file: str = option(PATH, "", "Write the process number to this file.")
    user: User | None = option(
        USER, None, "Switch to this user once everything is open (as root)."
    )
    web_port: int | None = None
    backoff_delay: float = 1.0
    policies: tuple[PolicyEntry, ...] = ()
    schedules: Definitions = field(default_factory=dict)
    access: tuple[Principal, ...] = ()
    hooks: tuple[Hook, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Return where to listen, each once and with a port."""
        found = dict.fromkeys(
            each._replace(port=self.port) if each.port == NO_PORT else each
            for each in self.listen
        )
        return tuple(found)

    @property
    def peer_addresses(self) -> tuple[Address, ...]:
        """Return the job servers to help, each once and with a port."""
        found = dict.fromkeys(
            each._replace(port=DEFAULT_PORT) if each.port == NO_PORT else each
            for each in self.peer
        )
        return tuple(found)

    @property
    def peer_tls_files(self) -> Tls | None:
        """Return what peers are spoken to with; None speaks plainly."""
        files = Tls(ca=self.peer_tls_ca, cert=self.peer_tls_cert, key=self.peer_tls_key)
        return files if self.peer_tls or files != Tls() else None

    @property
    def admin_addresses(self) -> tuple[Address, ...]:
        """Return where text commands that change something are taken; empty for all."""
        return tuple(dict.fromkeys(self.admin_listen))

    @property
    def http_addresses(self) -> tuple[Address, ...]:
        """Return where to serve HTTP, each once; empty for nowhere."""
        return tuple(dict.fromkeys(each for each in self.http if each is not None))

    @property
    def web_addresses(self) -> tuple[Address, ...]:
        """Return where to speak gearmand's HTTP protocol."""
        if self.web_port is None:
            return ()
        hosts = [each for each in self.addresses if not each.path]
        found = [each._replace(port=self.web_port) for each in hosts]
        return tuple(dict.fromkeys(found))

    @property
    def probes(self) -> tuple[int | None, int | None, int | None] | None:
        """Return ``keepalive_idle``, ``_interval`` and ``_count``; None for no probes.

        One that is -1, as gearmand's flags have it, is None: the system's own.
        """
        if not self.keepalive:
            return None
        numbers = (self.keepalive_idle, self.keepalive_interval, self.keepalive_count)
        idle, interval, count = (None if each == -1 else each for each in numbers)
        return idle, interval, count

    @property
    def tls(self) -> Tls | None:
        """Return what all TCP connections are made with; None leaves them plain.

        Unix sockets always are.
        """
        if not self.tls_cert:
            return None
        return Tls(
            ca=self.tls_ca,
            cert=self.tls_cert,
            key=self.tls_key,
            minimum=self.tls_minimum,
        )

    @property
    def http_tls(self) -> Tls | None:
        """Return what HTTP over TCP is served with; None serves it plain."""
        if not self.http_tls_cert:
            return None
        return Tls(
            ca=self.http_tls_ca,
            cert=self.http_tls_cert,
            key=self.http_tls_key,
            minimum=self.tls_minimum,
        )
