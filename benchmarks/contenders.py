"""The libraries that are measured, each as its guide says to use it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks import backlog, generator
from benchmarks.databases import (
    POSTGRESQL,
    geartrain_on_postgresql,
    geartrain_on_sqlite,
    running_postgresql,
)
from benchmarks.errors import BenchmarkError
from benchmarks.libraries import environment
from benchmarks.library import Command, Library, Sizes, Workers, nothing, tell
from tests.support.servers import (
    RunningServer,
    free_port,
    geartrain_command,
    run_server,
    running_geartrain,
)

PROGRAMS = Path(__file__).parent / "libraries"
C_SOURCE = PROGRAMS / "libgearman.c"
C_PROGRAM = generator.PROGRAM.with_name("libgearman")
REDIS = "/usr/bin/redis-server"

_VENV = environment.PYTHON.parent
_JOBS = "benchmarks.libraries"


@contextmanager
def running_redis(*flags: str) -> Iterator[RunningServer]:
    """Run Debian's ``redis-server`` on a free port of 127.0.0.1; it keeps nothing."""
    if not Path(REDIS).exists():
        raise RuntimeError(f"{REDIS} is missing: apt-get install redis-server")
    port = free_port()
    command = [REDIS, "--bind", "127.0.0.1", "--port", str(port), *flags]
    with run_server(command, port) as server:
        yield server


def build_c() -> None:
    """Compile the program that uses the C library, unless it is newer than its source.

    Raises:
        BenchmarkError: there is no compiler, or no library.
    """
    if C_PROGRAM.exists() and C_PROGRAM.stat().st_mtime > C_SOURCE.stat().st_mtime:
        return
    C_PROGRAM.parent.mkdir(exist_ok=True)
    command = ["cc", "-O2", "-D_GNU_SOURCE", "-o", str(C_PROGRAM), str(C_SOURCE)]
    try:
        done = subprocess.run(
            [*command, "-lgearman"], capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise BenchmarkError("no C compiler `cc`: apt-get install gcc") from error
    if done.returncode != 0:
        raise BenchmarkError(
            "the program that uses the C library does not compile: apt-get install "
            f"libgearman-dev libc6-dev\n{done.stderr}"
        )


def _geartrain(processes: int, address: str) -> list[Command]:
    command = (*geartrain_command("geartrain"), "worker", f"{_JOBS}.geartrain_jobs")
    return [(*command, "--server", address, "--processes", str(processes))]


def _celery(processes: int, address: str) -> list[Command]:
    command = (str(_VENV / "celery"), "-A", f"{_JOBS}.celery_jobs", "worker")
    return [(*command, "--concurrency", str(processes), "--loglevel", "WARNING")]


def _rq(worker_class: str) -> Workers:
    def commands(processes: int, address: str) -> list[Command]:
        command = (str(_VENV / "rq"), "worker", "--worker-class", worker_class)
        return [(*command, "--quiet", "--url", f"redis://{address}/0")] * processes

    return commands


def _dramatiq(threads: int) -> Workers:
    def commands(processes: int, address: str) -> list[Command]:
        command = (str(_VENV / "dramatiq"), f"{_JOBS}.dramatiq_jobs")
        numbers = ("--processes", str(processes), "--threads", str(threads))
        return [(*command, *numbers)]

    return commands


def _program(*command: str | Path) -> Workers:
    """Return the workers of a program that finds its server in the environment."""
    return lambda processes, address: [tuple(map(str, command))] * processes


_GEARTRAIN_CLIENT = (sys.executable, "-m", f"{_JOBS}.geartrain_jobs")


def _on_geartrain(
    name: str,
    version_command: Command,
    workers: Workers,
    client: Command,
    imports: str = "",
    prepare: Callable[[], None] = nothing,
) -> Library:
    return Library(
        name=name,
        flags=("--store", "memory:"),
        start=running_geartrain,
        version_command=version_command,
        workers=workers,
        client=client,
        submitter=_GEARTRAIN_CLIENT,
        backlog=backlog.of_gearman,
        sizes=Sizes(backlog=50_000, submits=200_000, calls=10_000),
        imports=imports,
        prepare=prepare,
    )


GEARTRAIN_PYTHON = _on_geartrain(
    "geartrain (Python)",
    (*geartrain_command("geartrain"), "--version"),
    _geartrain,
    _GEARTRAIN_CLIENT,
    imports="from geartrain import Client",
)
GEARTRAIN_PYTHON_POSTGRESQL = replace(
    GEARTRAIN_PYTHON,
    name="geartrain (Python) on PostgreSQL",
    flags=("{folder}",),
    start=geartrain_on_postgresql,
    database=POSTGRESQL,
    sizes=Sizes(backlog=30_000, submits=200_000, calls=50_000),
)
GEARTRAIN_PYTHON_SQLITE = replace(
    GEARTRAIN_PYTHON_POSTGRESQL,
    name="geartrain (Python) on SQLite",
    start=geartrain_on_sqlite,
    database="",
)
PHP = _on_geartrain(
    "php-gearman",
    (
        "php",
        "-r",
        'echo PHP_VERSION, ", extension ", phpversion("gearman"),'
        ' ", libgearman ", gearman_version();',
    ),
    _program("php", PROGRAMS / "worker.php"),
    ("php", str(PROGRAMS / "client.php")),
)
PERL = _on_geartrain(
    "Gearman::Worker",
    (
        "perl",
        "-MGearman::Worker",
        "-e",
        'printf "%vd, Gearman::Worker %s\\n", $^V, $Gearman::Worker::VERSION',
    ),
    _program("perl", PROGRAMS / "worker.pl"),
    (),
)
LIBGEARMAN = _on_geartrain(
    "libgearman",
    ("pkg-config", "--modversion", "gearmand"),
    _program(C_PROGRAM, "work"),
    (str(C_PROGRAM),),
    prepare=build_c,
)

_VERSIONS = """
from importlib.metadata import version
from subprocess import check_output
server = check_output(["{server}", "--version"], text=True).split()[2]
print(version("{library}") + ", redis-py", version("redis") + ", hiredis",
    version("hiredis") + ", redis-server", server.removeprefix("v="))
"""


def _on_redis(
    name: str,
    library: str,
    workers: Workers,
    backlog_keys: tuple[str, ...],
    sizes: Sizes,
    imports: str,
) -> Library:
    client = (str(environment.PYTHON), "-m", f"{_JOBS}.{library}_jobs")
    versions = _VERSIONS.format(library=library, server=REDIS)
    return Library(
        name=name,
        flags=("--save", "", "--appendonly", "no"),
        start=running_redis,
        version_command=(str(environment.PYTHON), "-c", versions),
        workers=workers,
        client=client,
        submitter=client,
        backlog=backlog.of_redis(*backlog_keys),
        sizes=sizes,
        imports=imports,
        prepare=environment.make,
    )


_RQ_KEYS = ("rq:queue:default", "rq:wip:default")
_RQ_IMPORTS = "from rq import Queue"
_DRAMATIQ_KEYS = ("dramatiq:default.msgs",)
_DRAMATIQ_IMPORTS = "from dramatiq.brokers.redis import RedisBroker"

CELERY = _on_redis(
    "celery",
    "celery",
    _celery,
    ("celery", "unacked"),
    Sizes(backlog=5_000, submits=5_000, calls=1_000),
    "from celery import Celery",
)
RQ = _on_redis(
    "rq",
    "rq",
    _rq("rq.Worker"),
    _RQ_KEYS,
    Sizes(backlog=400, submits=20_000, calls=200),
    _RQ_IMPORTS,
)
RQ_SIMPLE = _on_redis(
    "rq SimpleWorker",
    "rq",
    _rq("rq.SimpleWorker"),
    _RQ_KEYS,
    Sizes(backlog=1_500, submits=20_000, calls=1_000),
    _RQ_IMPORTS,
)
DRAMATIQ = _on_redis(
    "dramatiq",
    "dramatiq",
    _dramatiq(8),
    _DRAMATIQ_KEYS,
    Sizes(backlog=15_000, submits=10_000, calls=1_000),
    _DRAMATIQ_IMPORTS,
)
DRAMATIQ_ONE_THREAD = _on_redis(
    "dramatiq --threads 1",
    "dramatiq",
    _dramatiq(1),
    _DRAMATIQ_KEYS,
    Sizes(backlog=4_000, submits=10_000, calls=1_000),
    _DRAMATIQ_IMPORTS,
)
_DRIVEN_VERSIONS = """
from importlib.metadata import version
print(version("{library}") + ", {driver}", version("{driver}"))
"""


@contextmanager
def _postgresql_for(module: str, folder: str) -> Iterator[RunningServer]:
    """Run a PostgreSQL with the tables of a library."""
    with running_postgresql(folder) as database:
        server = RunningServer(
            host="127.0.0.1",
            port=database.port,
            process=database.process,
            log=database.folder / "log",
        )
        tell([str(environment.PYTHON), "-m", module, "install", "0"], server)
        yield server


def _on_postgresql(
    library: str, driver: str, workers: Workers, unfinished: str, sizes: Sizes
) -> Library:
    module = f"{_JOBS}.{library}_jobs"
    versions = _DRIVEN_VERSIONS.format(library=library, driver=driver)
    client = (str(environment.PYTHON), "-m", module)
    return Library(
        name=library,
        flags=(module, "{folder}"),
        start=_postgresql_for,
        database=POSTGRESQL,
        version_command=(str(environment.PYTHON), "-c", versions),
        workers=workers,
        client=client,
        submitter=client,
        backlog=backlog.of_postgresql(unfinished),
        sizes=sizes,
        prepare=environment.make,
    )


def _procrastinate(processes: int, address: str) -> list[Command]:
    command = (str(_VENV / "procrastinate"), f"--app={_JOBS}.procrastinate_jobs.app")
    flags = ("--concurrency", "30", "--delete-jobs", "successful")
    return [(*command, "worker", *flags)] * processes


def _pgqueuer(processes: int, address: str) -> list[Command]:
    command = (str(environment.PYTHON), "-m", f"{_JOBS}.pgqueuer_jobs")
    return [(*command, "work", "0")] * processes


PROCRASTINATE = _on_postgresql(
    "procrastinate",
    "psycopg",
    _procrastinate,
    "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')",
    Sizes(backlog=3_000, submits=50_000, calls=5_000),
)
PGQUEUER = _on_postgresql(
    "pgqueuer",
    "asyncpg",
    _pgqueuer,
    "SELECT count(*) FROM pgqueuer WHERE status IN ('queued', 'picked')",
    Sizes(backlog=20_000, submits=100_000, calls=5_000),
)
LIBRARIES = {
    library.name: library
    for library in (
        GEARTRAIN_PYTHON,
        GEARTRAIN_PYTHON_POSTGRESQL,
        GEARTRAIN_PYTHON_SQLITE,
        PROCRASTINATE,
        PGQUEUER,
        CELERY,
        RQ,
        RQ_SIMPLE,
        DRAMATIQ,
        DRAMATIQ_ONE_THREAD,
        PHP,
        PERL,
        LIBGEARMAN,
    )
}
