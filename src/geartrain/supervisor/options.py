"""What ``geartrain worker`` can be told."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from geartrain.configuration.kinds import (
    ADDRESS,
    FLAG,
    NO_PORT,
    PATH,
    Kind,
    choice,
    port,
    seconds,
    size,
    whole,
)
from geartrain.configuration.option import option
from geartrain.errors import OptionError
from geartrain.server.formatters import FORMATS, LEVELS
from geartrain.supervisor.targets import (
    CommandTarget,
    ModuleTarget,
    Target,
    module_target,
)
from geartrain.transport.address import Address, parse_address

if TYPE_CHECKING:
    from geartrain.transport.tls import Tls

__all__ = ["ProcessLimits", "WorkerOptions"]

_MOST_PROCESSES = 1024


def _server(text: str) -> str:
    from geartrain.transport.connect import server_address

    server_address(text)
    return text


def _command(text: str) -> tuple[str, str]:
    name, equals, command = text.partition("=")
    if not (name and equals and command.strip()):
        raise OptionError(f"{text!r} is not NAME=COMMAND")
    return name, command


def _liveness_address(text: str) -> Address:
    if ":" not in text:
        return Address(port=port(text))
    address = parse_address(text, NO_PORT)
    if address.port == NO_PORT or address.path:
        raise OptionError(f"{text!r} is not a port or host:port")
    return address


_MODULE: Final = Kind[ModuleTarget](
    metavar="[MODULE[:NAME]]...", meaning="MODULE or MODULE:NAME", read=module_target
)
_COMMAND: Final = Kind[tuple[str, str]](
    metavar="NAME=COMMAND", meaning="NAME=COMMAND", read=_command, show="=".join
)
_SERVER: Final = Kind[str](
    metavar="ADDRESS", meaning="host:port or unix:/path", read=_server
)
_LIVENESS: Final = Kind[Address](
    metavar="[HOST:]PORT",
    meaning="a port or host:port",
    read=_liveness_address,
    show=ADDRESS.show,
    types=(int, str),
)


@dataclass(frozen=True, kw_only=True)
class ProcessLimits:
    """After what a process is replaced between jobs, and what a job may take.

    Attributes:
        jobs: number of jobs; None for no limit, as everywhere here.
        seconds: age of the process.
        memory: resident bytes.
        job_seconds: how long one job may run; then its process is killed.
    """

    jobs: int | None = None
    seconds: float | None = None
    memory: int | None = None
    job_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """Which workers to run, in how many processes, and how to look after them.

    Each field is an argument or flag of ``geartrain worker``, an environment variable
    and a key of ``[worker]`` in the configuration file. To add an option, add a field
    here and use it.
    """

    TABLE: ClassVar[str] = "worker"
    VARIABLES: ClassVar[str] = "GEARTRAIN_WORKER_"

    modules: tuple[ModuleTarget, ...] = option(
        _MODULE,
        (),
        "Modules to load; :NAME is the worker in it, or a function that returns one.",
        repeats=True,
        positional=True,
    )
    exec: tuple[tuple[str, str], ...] = option(
        _COMMAND,
        (),
        "Run a shell command for each job of a function: the workload on its stdin, the"
        " result from its stdout. May be repeated.",
        repeats=True,
        # A command has commas and spaces of its own.
        separator="\n",
    )
    server: tuple[str, ...] = option(
        _SERVER,
        (),
        "A job server: host:port or unix:/path. May be repeated.",
        repeats=True,
        variable="GEARTRAIN_SERVER",
        default_text="the worker's own, GEARMAN_SERVERS, 127.0.0.1:4730",
    )
    processes: int = option(
        whole(1, _MOST_PROCESSES), 1, "How many processes run each worker."
    )
    concurrency: int | None = option(
        whole(1, 1024),
        None,
        "Jobs at once in each process.",
        default_text="the worker's own, 1",
    )
    prefetch: int | None = option(
        whole(0, 1024),
        None,
        "Jobs each process takes ahead: for short jobs.",
        default_text="the worker's own, 0",
    )
    job_timeout: float | None = option(
        seconds(), None, "Kill the process of a job that runs longer; the job fails."
    )
    max_jobs: int | None = option(
        whole(1), None, "Replace a process after this number of jobs."
    )
    max_seconds: float | None = option(
        seconds(), None, "Replace a process of this age, between jobs."
    )
    max_memory: int | None = option(
        size(),
        None,
        "Replace a process that has grown larger, between jobs: 200M, 1G.",
    )
    grace: float = option(
        seconds(zero=True),
        25.0,
        "How long jobs at hand may take at a stop; then they go back.",
    )
    watch: bool = option(
        FLAG,
        False,
        "Reload when a loaded module's file changes, for development.",
    )
    otel: bool = option(
        FLAG,
        False,
        "Make a span of OpenTelemetry for each attempt of a job, exported as the OTEL_*"
        " variables say; needs geartrain[otel].",
    )
    liveness_file: str = option(
        PATH, "", "Touch this file every second while all is well."
    )
    liveness_port: Address | None = option(
        _LIVENESS,
        None,
        "Answer HTTP requests with 200 while all is well, else with 503; of /ready,"
        " while each worker has a connection to a job server.",
    )
    # As all commands, a worker finds its TLS in these variables, and not in ones that
    # begin as its others do.
    tls: bool = option(
        FLAG,
        False,
        "Use TLS with the job servers; implied by the next three options.",
        variable="GEARTRAIN_TLS",
    )
    tls_ca: str = option(
        PATH,
        "",
        "Authorities to trust (PEM).",
        default_text="the system's trust store",
        variable="GEARTRAIN_TLS_CA",
    )
    tls_cert: str = option(
        PATH,
        "",
        "Certificate to present if a job server asks for one (PEM).",
        variable="GEARTRAIN_TLS_CERT",
    )
    tls_key: str = option(
        PATH,
        "",
        "Private key of --tls-cert.",
        default_text="in the same file",
        variable="GEARTRAIN_TLS_KEY",
    )
    token_file: str = option(
        PATH,
        "",
        "Show the job servers the token in this file, read anew for each connection.",
        variable="GEARTRAIN_TOKEN_FILE",
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

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """Return what the processes run: modules, and all commands together.

        The same objects each time: the supervisor tells them apart by identity.
        """
        commands = (CommandTarget(dict(self.exec)),) if self.exec else ()
        return (*self.modules, *commands)

    @property
    def limits(self) -> ProcessLimits:
        """Return the limits of processes and jobs."""
        return ProcessLimits(
            jobs=self.max_jobs,
            seconds=self.max_seconds,
            memory=self.max_memory,
            job_seconds=self.job_timeout,
        )

    @property
    def token(self) -> Path | None:
        """Return the file of the token; None leaves the workers' own."""
        return Path(self.token_file) if self.token_file else None

    @property
    def tls_files(self) -> Tls | None:
        """Return what to speak TLS with; None leaves the workers' own."""
        from geartrain.transport.tls import Tls

        files = Tls(ca=self.tls_ca, cert=self.tls_cert, key=self.tls_key)
        return files if self.tls or files != Tls() else None
