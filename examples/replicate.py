"""Copy what has changed in one database to another, as often as you like.

Each change gives its row the next version number. The job looks up how far the target
is, so it may be run twice, be interrupted, or be late.

Run a worker:    SOURCE=shop.db TARGET=copy.db geartrain worker replicate
Replicate:       python replicate.py customers orders
"""

import os
import sqlite3
import sys
from contextlib import closing

from geartrain import Client, Worker

worker = Worker(codec="json")
TABLES = {"customers", "orders"}


@worker.function("replicate")
def replicate(table: str) -> int:
    if table not in TABLES:
        raise ValueError(f"there is no table {table!r}")
    with (
        closing(sqlite3.connect(os.environ["SOURCE"])) as source,
        closing(sqlite3.connect(os.environ["TARGET"])) as target,
        target,
    ):
        newest = f"SELECT coalesce(max(version), 0) FROM {table}"
        (last,) = target.execute(newest).fetchone()
        newer = f"SELECT * FROM {table} WHERE version > ? ORDER BY version LIMIT 1000"
        rows = source.execute(newer, (last,)).fetchall()
        for row in rows:
            places = ", ".join("?" * len(row))
            target.execute(f"REPLACE INTO {table} VALUES ({places})", row)
    return len(rows)


if __name__ == "__main__":
    with Client(codec="json") as client:
        for table in sys.argv[1:]:
            # Who asks while it is being done waits for the same job.
            while copied := client.do("replicate", table, unique=table):
                print(f"{copied} rows of {table}")
