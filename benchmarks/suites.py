"""Which peers are measured beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from benchmarks.contenders import (
    CELERY,
    DRAMATIQ,
    DRAMATIQ_ONE_THREAD,
    GEARTRAIN_PYTHON,
    GEARTRAIN_PYTHON_POSTGRESQL,
    GEARTRAIN_PYTHON_SQLITE,
    LIBGEARMAN,
    PERL,
    PGQUEUER,
    PHP,
    PROCRASTINATE,
    RQ,
    RQ_SIMPLE,
)
from benchmarks.peers import (
    BEANSTALKD_FSYNC,
    GEARMAND_DEFAULT,
    GEARMAND_ONE_THREAD,
    GEARMAND_SQLITE,
    GEARTRAIN,
    GEARTRAIN_DISK,
    GEARTRAIN_MARIADB,
    GEARTRAIN_OBSERVED,
    GEARTRAIN_POSTGRESQL,
    GEARTRAIN_QUIET,
    GEARTRAIN_REDIS,
    GEARTRAIN_SQLITE,
    GEARTRAIN_WITHOUT_RESULTS,
    Peer,
)


@dataclass(frozen=True, kw_only=True)
class Suite:
    """One table: Geartrain, and what its figures are divided by.

    Tables of one name are asked for together.
    """

    name: str
    title: str
    ours: Peer
    references: tuple[Peer, ...]
    is_durable: bool = False


MEMORY: Final = Suite(
    name="memory",
    title="In memory",
    ours=GEARTRAIN,
    references=(GEARMAND_DEFAULT, GEARMAND_ONE_THREAD),
)
DURABLE: Final = Suite(
    name="durable",
    title="On disk before the job server answers, beside gearmand in memory",
    ours=GEARTRAIN_DISK,
    references=(GEARMAND_DEFAULT, GEARMAND_SQLITE, BEANSTALKD_FSYNC),
    is_durable=True,
)
PYTHON_LIBRARIES: Final = Suite(
    name="python",
    title="Geartrain's Python library beside Celery, RQ and Dramatiq on Redis",
    ours=GEARTRAIN_PYTHON,
    references=(CELERY, RQ, RQ_SIMPLE, DRAMATIQ, DRAMATIQ_ONE_THREAD),
)
PYTHON_WORKERS: Final = Suite(
    name="python",
    title="Workers in Python, PHP and Perl, all on Geartrain's job server",
    ours=GEARTRAIN_PYTHON,
    references=(PHP, PERL),
)
PYTHON_CLIENTS: Final = Suite(
    name="python",
    title="Clients in Python, C and PHP, all on Geartrain's job server",
    ours=GEARTRAIN_PYTHON,
    references=(LIBGEARMAN, PHP),
)
OBSERVED: Final = Suite(
    name="observed",
    title="With everything that shows what happens, beside the same server without",
    ours=GEARTRAIN_OBSERVED,
    references=(GEARTRAIN_QUIET, GEARTRAIN_WITHOUT_RESULTS),
    is_durable=True,
)
STORES: Final = Suite(
    name="stores",
    title="Geartrain's stores, each on the disk before the job server answers",
    ours=GEARTRAIN_POSTGRESQL,
    references=(GEARTRAIN_SQLITE, GEARTRAIN_MARIADB, GEARTRAIN_REDIS),
    is_durable=True,
)
POSTGRESQL_LIBRARIES: Final = Suite(
    name="postgresql",
    title="Geartrain's Python library beside others on PostgreSQL",
    ours=GEARTRAIN_PYTHON_POSTGRESQL,
    references=(GEARTRAIN_PYTHON_SQLITE, PROCRASTINATE, PGQUEUER),
    is_durable=True,
)
SUITES: Final = ("memory", "durable", "python", "observed", "stores", "postgresql")
