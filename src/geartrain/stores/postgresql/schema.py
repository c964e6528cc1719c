"""The tables of a PostgreSQL store, made and migrated by itself.

Every row of ``job`` belongs to a *lane*, and each lane has one writer: its node, whose
lease is checked first in every transaction (``ownership``). ``due`` is 0 for a job that
is ready, or the bits of a double as an integer, which sort as the times do and lose no
digit (``job_packing.bits_of``).
``head`` is all of a job that never changes.

``claim`` is 0 for the job that holds its key, which is what ``job_key`` is unique by,
and the number of the job for any other that has the same key.

``is_joined`` says that another node was asked for an equal job while this one was
there: nobody but its own node knows whether it has run by then, so it runs once more,
unless somebody has cancelled it.

No statement ever begins where many dead rows may lie, because a transaction that
somebody holds open keeps these from being removed: pages and lists go on behind a key,
what expires is looked for from the time that was dropped last, and the number of jobs
in a queue is a sum over ``tally``, to which each transaction appends what it changed.
Updating a row of counts instead would have PostgreSQL walk over all of its versions.

A migration only adds, with defaults: job servers of the earlier version are at work on
the same tables until they are upgraded in their turn.

``@`` stands for the schema and a dot.
"""

from __future__ import annotations

from typing import Final

import psycopg

from geartrain.errors import StoreError
from geartrain.stores.postgresql.session import DatabaseSession
from geartrain.texts import visible

__all__ = ["MIGRATIONS", "VERSION", "migrate"]

_FIRST: Final = (
    """
    CREATE TABLE @node(
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        address text NOT NULL,
        process text NOT NULL,
        lease_until timestamptz NOT NULL,
        started timestamptz NOT NULL DEFAULT clock_timestamp()
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE @lane(
        id smallint PRIMARY KEY,
        node bigint,
        reserved bigint NOT NULL DEFAULT 0,
        steady double precision NOT NULL DEFAULT 0,
        calendar double precision NOT NULL DEFAULT 0
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE @job(
        number bigint PRIMARY KEY,
        due bigint NOT NULL,
        claim bigint NOT NULL,
        size bigint NOT NULL,
        lane smallint NOT NULL,
        priority smallint NOT NULL,
        is_dead boolean NOT NULL DEFAULT false,
        is_joined boolean NOT NULL DEFAULT false,
        key uuid,
        function bytea NOT NULL,
        queue_key bytea NOT NULL,
        head bytea NOT NULL,
        failures bytea,
        workload bytea NOT NULL
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000,
        autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0,
        autovacuum_analyze_scale_factor = 0.1, toast.autovacuum_vacuum_cost_delay = 0)
    """,
    # Uncompressed, so that the beginning of a workload is read without the rest.
    "ALTER TABLE @job ALTER workload SET STORAGE EXTERNAL",
    """
    CREATE INDEX job_ready ON @job(lane, function, priority, queue_key, number)
        WHERE due = 0 AND NOT is_dead
    """,
    """
    CREATE INDEX job_due ON @job(lane, function, priority, queue_key, due, number)
        WHERE due > 0 AND NOT is_dead
    """,
    """
    CREATE UNIQUE INDEX job_key ON @job(key, claim)
        WHERE key IS NOT NULL AND NOT is_dead
    """,
    """
    CREATE INDEX job_claim ON @job(claim)
        WHERE claim > 0 AND key IS NOT NULL AND NOT is_dead
    """,
    "CREATE INDEX job_joined ON @job(number) WHERE is_joined",
    "CREATE INDEX job_dead ON @job(lane, number) WHERE is_dead",
    "CREATE INDEX job_dead_function ON @job(lane, function, number) WHERE is_dead",
    """
    CREATE TABLE @tally(
        lane smallint NOT NULL,
        serial bigint NOT NULL,
        priority smallint NOT NULL,
        ready integer NOT NULL,
        delayed integer NOT NULL,
        dead integer NOT NULL,
        function bytea NOT NULL,
        queue_key bytea NOT NULL
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_cost_delay = 0)
    """,
    "CREATE INDEX tally_serial ON @tally(lane, serial)",
    """
    CREATE TABLE @result(
        number bigint PRIMARY KEY,
        expires double precision NOT NULL,
        lane smallint NOT NULL,
        key uuid,
        head bytea NOT NULL,
        data bytea NOT NULL
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000)
    """,
    "CREATE INDEX result_expires ON @result(lane, expires)",
    "CREATE INDEX result_key ON @result(key, number) WHERE key IS NOT NULL",
    """
    CREATE TABLE @ending(
        lane smallint NOT NULL,
        serial bigint NOT NULL,
        expires double precision NOT NULL,
        handle bigint NOT NULL,
        function bigint NOT NULL,
        unique_key bigint,
        record bytea NOT NULL,
        PRIMARY KEY(lane, serial)
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000)
    """,
    "CREATE INDEX ending_expires ON @ending(lane, expires)",
    "CREATE INDEX ending_handle ON @ending(lane, handle, serial)",
    "CREATE INDEX ending_function ON @ending(lane, function, serial)",
    """
    CREATE INDEX ending_unique ON @ending(lane, unique_key, serial)
        WHERE unique_key IS NOT NULL
    """,
    """
    CREATE TABLE @schedule(
        number bigint PRIMARY KEY,
        lane smallint NOT NULL,
        record bytea NOT NULL
    )
    """,
    """
    CREATE TABLE @entry(
        lane smallint NOT NULL,
        kind bytea NOT NULL,
        key bytea NOT NULL,
        value bytea NOT NULL,
        PRIMARY KEY(lane, kind, key)
    ) WITH (fillfactor = 50)
    """,
)

_ADDRESSES: Final = (
    "ALTER TABLE @node RENAME address TO host",
    "ALTER TABLE @node ADD address text NOT NULL DEFAULT ''",
    "ALTER TABLE @node ADD identity bytea NOT NULL DEFAULT ''",
)

# Of the entries of lane 0 (``common``).
_COMMON: Final = (
    "CREATE TABLE @common(version bigint NOT NULL)",
    "INSERT INTO @common VALUES (0)",
)

# Those added at run time are everybody's, too.
_SCHEDULES: Final = (
    "UPDATE @entry SET kind = 'shared-schedule' WHERE kind = 'file-schedule'",
)

MIGRATIONS: Final = (_FIRST, _ADDRESSES, _COMMON, _SCHEDULES)
"""The statements that lead from each version to the next; the first makes all."""

VERSION: Final = len(MIGRATIONS)

_LOCK: Final = 0x6765_6172
"""What the advisory lock of a migration is named by, beside the schema's hash."""

# How long a migration waits for a table that somebody reads: whoever comes after it
# waits for as long, the job servers of the earlier version included.
_PATIENCE: Final = "2s"

_HOLDERS: Final = (
    "SELECT DISTINCT activity.pid, activity.application_name FROM pg_locks AS held"
    " JOIN pg_class AS class ON class.oid = held.relation JOIN pg_stat_activity AS"
    " activity ON activity.pid = held.pid WHERE held.granted"
    " AND class.relnamespace = %s::text::regnamespace AND held.pid <> pg_backend_pid()"
    " AND activity.xact_start < clock_timestamp() - interval '1 s' ORDER BY 1 LIMIT 5"
)


def migrate(session: DatabaseSession, schema: str) -> None:
    """Make the tables, or bring those of an earlier version up to date.

    It is to be called within a transaction.

    Raises:
        StoreError: the tables are of a later version, or not ours, or somebody's
            transaction keeps them from being changed.
    """
    session.send(
        "SELECT pg_advisory_xact_lock(%s::int4, hashtext(%s::text))",
        _LOCK,
        f"geartrain {schema}",
    )
    found = _tables(session, schema)
    version = 0
    if "version" in found:
        version = _version(session, schema)
    elif found:
        raise StoreError(
            f"the schema {schema} of the database has tables that are not Geartrain's"
            f" ({', '.join(sorted(found)[:3])}): name another by ?schema=NAME"
        )
    if version > VERSION:
        raise StoreError(
            f"the tables in the schema {schema} are of version {version}, and this"
            f" Geartrain knows up to {VERSION}: upgrade it"
        )
    if version == VERSION:
        return
    if not version:
        _make_schema(session, schema)
        session.send("CREATE TABLE @version(geartrain integer NOT NULL)")
        session.send("INSERT INTO @version VALUES (0)")
    try:
        _change(session, version)
    except psycopg.errors.LockNotAvailable:
        session.roll_back()
        raise _kept_by_others(session, schema) from None


def _change(session: DatabaseSession, version: int) -> None:
    set_patience = "SELECT set_config('lock_timeout', %s::text, true)"
    ((before,),) = session.ask("SELECT current_setting('lock_timeout')")
    session.send(set_patience, _PATIENCE)
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            session.send(statement)
    session.send("UPDATE @version SET geartrain = %s", VERSION)
    session.send(set_patience, before)


def _kept_by_others(session: DatabaseSession, schema: str) -> StoreError:
    holders = session.ask(_HOLDERS, schema)
    shown = ", ".join(f"{pid} {visible(name)}".strip() for pid, name in holders)
    by = f" (processes of the database: {shown})" if shown else ""
    return StoreError(
        f"the tables in the schema {schema} are to be brought up to version {VERSION},"
        f" and a long transaction, such as a backup, uses them{by}: start again when it"
        " has ended"
    )


def _make_schema(session: DatabaseSession, schema: str) -> None:
    """Make the schema; whoever made it may have made it for us."""
    text = "SELECT 1 FROM pg_namespace WHERE nspname = %s::text"
    there = session.ask(text, schema)
    if not there:
        session.send(f"CREATE SCHEMA {schema}")


def _tables(session: DatabaseSession, schema: str) -> set[str]:
    rows = session.ask(
        "SELECT tablename::text FROM pg_tables WHERE schemaname = %s::text", schema
    )
    return {str(name) for (name,) in rows}


def _version(session: DatabaseSession, schema: str) -> int:
    columns = session.ask(
        "SELECT column_name::text FROM information_schema.columns"
        " WHERE table_schema = %s::text AND table_name = 'version'",
        schema,
    )
    if [name for (name,) in columns] != ["geartrain"]:
        raise StoreError(
            f"the schema {schema} of the database has a table that is not Geartrain's"
            " (version): name another by ?schema=NAME"
        )
    ((version,),) = session.ask("SELECT geartrain FROM @version")
    assert isinstance(version, int)
    return version
