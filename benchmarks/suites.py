"""Which peers are measured beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from benchmarks.peers import (
    BEANSTALKD_FSYNC,
    GEARMAND_DEFAULT,
    GEARMAND_ONE_THREAD,
    GEARMAND_SQLITE,
    GEARTRAIN,
    GEARTRAIN_DISK,
    Peer,
)


@dataclass(frozen=True, kw_only=True)
class Suite:
    """One table: Geartrain, and what its figures are divided by."""

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
SUITES: Final = {suite.name: suite for suite in (MEMORY, DURABLE)}
