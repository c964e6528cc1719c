"""The tables of a MySQL store.

``store`` has one row with what there is once: the format's version, the epoch of the
job server that owns the store, how many transactions it has committed, the highest
number given, and a server time with the calendar's of the same moment.

``queues`` has the counts of each function and priority (``stores.queues``). The row of
a job names its queue by number; a dead letter has the same number below zero, and its
own in ``dead``, which has the dead letters of all functions in their order. ``due`` and
``expires`` are times as ``job_packing.bits_of`` has them, ``digest`` is what keys are
found by. Workloads and results too large to lie in a row, and recurring jobs, are cut
in ``pieces``.

All names and contents are bytes of any kind: no column has a character set.
"""

from __future__ import annotations

from typing import Final

from geartrain.stores.mysql.connection import MysqlConnection
from geartrain.stores.mysql.statements import literal

__all__ = ["prepare_schema"]

VERSION: Final = 1
"""The format of the tables."""

_COMMENT: Final = "Geartrain job store"

_TABLES: Final = {
    "queues": """
        id INT NOT NULL PRIMARY KEY,
        function LONGBLOB NOT NULL,
        priority TINYINT NOT NULL,
        flow_key LONGBLOB NOT NULL,
        ready BIGINT NOT NULL,
        timed BIGINT NOT NULL,
        dead BIGINT NOT NULL
    """,
    "jobs": """
        number BIGINT NOT NULL PRIMARY KEY,
        queue INT NOT NULL,
        due BIGINT NOT NULL,
        digest BIGINT,
        size BIGINT NOT NULL,
        failures LONGBLOB,
        head LONGBLOB NOT NULL,
        workload LONGBLOB NOT NULL,
        KEY waiting (queue, due),
        KEY digests (digest, queue)
    """,
    "dead": "number BIGINT NOT NULL PRIMARY KEY",
    "pieces": """
        kind TINYINT NOT NULL,
        number BIGINT NOT NULL,
        position INT NOT NULL,
        data LONGBLOB NOT NULL,
        PRIMARY KEY (kind, number, position)
    """,
    "results": """
        number BIGINT NOT NULL PRIMARY KEY,
        expires BIGINT NOT NULL,
        digest BIGINT,
        size BIGINT NOT NULL,
        head LONGBLOB NOT NULL,
        data LONGBLOB NOT NULL,
        KEY ages (expires),
        KEY digests (digest, number)
    """,
    "endings": """
        serial BIGINT NOT NULL PRIMARY KEY,
        expires BIGINT NOT NULL,
        handle BIGINT NOT NULL,
        unique_ BIGINT,
        function BIGINT NOT NULL,
        record LONGBLOB NOT NULL,
        KEY ages (expires),
        KEY handles (handle, serial),
        KEY uniques (unique_, serial),
        KEY functions (function, serial)
    """,
    "entries": """
        digest BINARY(16) NOT NULL PRIMARY KEY,
        kind LONGBLOB NOT NULL,
        name LONGBLOB NOT NULL,
        value LONGBLOB NOT NULL
    """,
    "store": """
        id TINYINT NOT NULL PRIMARY KEY,
        version INT NOT NULL,
        epoch BIGINT NOT NULL,
        commits BIGINT NOT NULL,
        reserved BIGINT NOT NULL,
        steady BIGINT NOT NULL,
        calendar BIGINT NOT NULL,
        owner VARBINARY(255) NOT NULL
    """,
}


def prepare_schema(connection: MysqlConnection, prefix: str) -> None:
    """Make the tables if they are missing.

    The row of ``store`` comes last: without it a store is not complete, and what is
    missing is made at the next start.

    Raises:
        StoreError: the tables are of a newer version or of something else, or cannot
            be made.
    """
    names = [f"{prefix}{name}" for name in _TABLES]
    found = connection.rows(
        "SELECT table_name, engine, table_comment FROM information_schema.tables"
        " WHERE table_schema = DATABASE()"
        f" AND table_name IN ({','.join(literal(name.encode()) for name in names)})"
    )
    for name, engine, comment in found:
        if comment != _COMMENT:
            raise connection.explained(
                f"the table {name} is not Geartrain's: give the store's tables other"
                " names by ?prefix="
            )
        if engine != "InnoDB":
            raise connection.explained(
                f"the table {name} is of {engine}, which does not keep promises:"
                " convert it to InnoDB"
            )
    store = f"{prefix}store"
    if len(found) == len(names):
        rows = connection.rows(f"SELECT version FROM {store}")
        if rows:
            _check_version(connection, rows[0][0])
            return
    for name, columns in _TABLES.items():
        connection.run(
            (
                f"CREATE TABLE IF NOT EXISTS {prefix}{name} ({columns})"
                f" ENGINE=InnoDB ROW_FORMAT=DYNAMIC COMMENT='{_COMMENT}'",
            )
        )
    connection.run((f"INSERT INTO {store} VALUES (1, {VERSION}, 0, 0, 0, 0, 0, '')",))


def _check_version(connection: MysqlConnection, version: int) -> None:
    if version > VERSION:
        raise connection.explained(
            f"its tables are of format {version}, and this Geartrain knows {VERSION}:"
            " use a newer one"
        )
