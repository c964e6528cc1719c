"""The persistent queues of the original ``gearmand``: their flags, and our stores.

A queue type is one entry of ``QUEUE_TYPES``: its flags, the store that keeps jobs in
the same place, and where the original has left its own, which are taken over.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

import click

from geartrain.cli.flags import typed
from geartrain.configuration.kinds import PORT
from geartrain.errors import OptionError
from geartrain.importing.locations import Location

__all__ = ["QUEUE_TYPES", "QueueType", "missing"]

Flags = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class QueueType:
    """One queue plug-in of the original.

    Attributes:
        name: its name, as ``-q`` takes it in any case.
        place: what kind of place that is, for help texts.
        flags: its flags.
        store: returns the name of the store for the values of flags; raises
            ``OptionError``.
        former: likewise, returns where the original keeps its jobs.
        store_flag: the flag that names another store, for errors.
        durability: the only one that it has; empty for any.
    """

    name: str
    place: str
    flags: Sequence[click.Option]
    store: Callable[[Flags], str]
    former: Callable[[Flags], Location]
    store_flag: str
    durability: str = ""

    def required(self, flag: str, flags: Flags) -> str:
        """Return the value of a flag that there must be.

        Raises:
            OptionError: it is missing, in the original's words.
        """
        value: str = flags[flag.removeprefix("--").replace("-", "_")] or ""
        if not value:
            raise missing(self.name, flag)
        return value


def missing(queue: str, flag: str) -> OptionError:
    """Return the error for a queue without one of its flags, in the original's words.

    >>> str(missing("MySQL", "--mysql-db"))
    'Error while initializing the queue : MySQL: missing required --mysql-db argument'
    """
    return OptionError(
        f"Error while initializing the queue : {queue}:"
        f" missing required {flag} argument"
    )


def _flag(
    name: str, metavar: str, help: str, default: str | None = None, kind: Any = str
) -> click.Option:
    """Return a flag that takes a value."""
    return click.Option(
        [name],
        type=kind,
        metavar=metavar,
        default=default,
        show_default=default is not None,
        help=help,
    )


def _port(name: str, default: str) -> click.Option:
    """Return the flag for the port of the server that the flag before it names."""
    return _flag(name, PORT.metavar, "Its port.", default, typed(PORT))


def _table(name: str, default: str) -> click.Option:
    """Return the flag for where the original keeps its jobs."""
    what = "The original's table: its jobs are taken over."
    return _flag(name, "NAME", what, default)


# Where the server's socket is, as libmysqlclient knows it: the original takes it, and
# not TCP, for the host "localhost".
_SOCKETS: Final = (
    "/run/mysqld/mysqld.sock",
    "/var/lib/mysql/mysql.sock",
    "/tmp/mysql.sock",
)


def _mysql_store(flags: Flags) -> str:
    database = MYSQL.required("--mysql-db", flags)
    user, password = (flags[f"mysql_{name}"] or "" for name in ("user", "password"))
    host = flags["mysql_host"] or "localhost"
    options = {}
    if host == "localhost":
        sockets = (os.environ.get("MYSQL_UNIX_PORT", ""), *_SOCKETS)
        found = next((path for path in sockets if path and os.path.exists(path)), "")
        options = {"unix_socket": found} if found else {}
    if ":" in host:
        host = f"[{host}]"
    name = quote(user, safe="")
    if password:
        name += f":{quote(password, safe='')}"
    at = f"{name}@" if name else ""
    url = f"mysql://{at}{host}:{flags['mysql_port']}/{quote(database, safe='')}"
    return f"{url}?{urlencode(options)}" if options else url


def _former_mysql(flags: Flags) -> Location:
    return Location(url=_mysql_store(flags), table=flags["mysql_table"], delete=True)


MYSQL: Final = QueueType(
    name="MySQL",
    place="in a MySQL or MariaDB database",
    flags=(
        _flag("--mysql-host", "HOST", "The host of -q MySQL.", "localhost"),
        _port("--mysql-port", "3306"),
        _flag("--mysql-user", "NAME", "Its user."),
        _flag("--mysql-password", "TEXT", "That user's password."),
        _flag("--mysql-db", "NAME", "The database."),
        _table("--mysql-table", "gearman_queue"),
    ),
    store=_mysql_store,
    former=_former_mysql,
    store_flag="--mysql-db",
)


def _postgres_store(flags: Flags) -> str:
    """Return the URL of a connection string as libpq takes it.

    What it leaves out comes from libpq's environment, as in the original.
    """
    given = flags["libpq_conninfo"] or ""
    if given.startswith(("postgresql://", "postgres://")):
        return f"postgresql:{given.partition(':')[2]}"
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict
    except ModuleNotFoundError as error:
        if error.name != "psycopg":
            raise
        raise OptionError(
            "-q Postgres needs the Python package psycopg, which is not installed:"
            " pip install 'geartrain[postgresql]'"
        ) from None
    try:
        words = conninfo_to_dict(given)
    except ProgrammingError as error:
        raise OptionError(f"--libpq-conninfo: {str(error).strip()}") from None
    return f"postgresql:///?{urlencode(words, quote_via=quote)}".removesuffix("?")


def _former_postgres(flags: Flags) -> Location:
    return Location(url=_postgres_store(flags), table=flags["libpq_table"], delete=True)


POSTGRES: Final = QueueType(
    name="Postgres",
    place="in a PostgreSQL database",
    flags=(
        _flag(
            "--libpq-conninfo",
            "TEXT",
            "The database of -q Postgres: host=… dbname=… user=…, or a URL.  "
            "[default: $PGHOST, $PGDATABASE and so on]",
        ),
        _table("--libpq-table", "queue"),
    ),
    store=_postgres_store,
    former=_former_postgres,
    store_flag="--libpq-conninfo",
)


def _sqlite_path(flags: Flags) -> str:
    file: str | None = flags["libsqlite3_db"]
    if not file:
        raise missing(SQLITE.name, "--libsqlite3-db=<dbfile>")
    return os.path.abspath(file)


def _sqlite_store(flags: Flags) -> str:
    return f"sqlite://{_sqlite_path(flags)}"


def _former_sqlite(flags: Flags) -> Location:
    return Location(
        url=f"sqlite://{_sqlite_path(flags)}.gearmand",
        table=flags["libsqlite3_table"],
        delete=True,
    )


SQLITE: Final = QueueType(
    name="libsqlite3",
    place="in a file",
    flags=(
        _flag("--libsqlite3-db", "PATH", "The file of -q libsqlite3."),
        _table("--libsqlite3-table", "gearman_queue"),
        click.Option(
            ["--store-queue-on-shutdown"],
            is_flag=True,
            help="With -q libsqlite3: acknowledge jobs before they are on disk; a stop"
            " in order keeps them.",
        ),
    ),
    store=_sqlite_store,
    former=_former_sqlite,
    store_flag="--libsqlite3-db",
)


def _redis_url(flags: Flags) -> str:
    host = flags["redis_server"] or "127.0.0.1"
    if ":" in host:
        host = f"[{host}]"
    password = flags["redis_password"]
    login = f":{quote(password, safe='')}@" if password else ""
    return f"redis://{login}{host}:{flags['redis_port']}"


def _redis_store(flags: Flags) -> str:
    # The original's keys begin with the prefix and a dash.
    own = f"{flags['redis_prefix'] or ''}:"
    return f"{_redis_url(flags)}?{urlencode({'prefix': own})}"


def _former_redis(flags: Flags) -> Location:
    prefix = flags["redis_prefix"] or ""
    return Location(url=_redis_url(flags), prefix=prefix, delete=True)


REDIS: Final = QueueType(
    name="redis",
    place="in Redis or Valkey",
    flags=(
        _flag("--redis-server", "HOST", "The host of -q redis.", "127.0.0.1"),
        _port("--redis-port", "6379"),
        _flag("--redis-password", "TEXT", "Its password."),
        _flag(
            "--redis-prefix",
            "TEXT",
            "What keys begin with: the original's, with a dash, are taken over.",
            "_gear_",
        ),
    ),
    store=_redis_store,
    former=_former_redis,
    store_flag="--redis-prefix",
)


def _memcached_servers(flags: Flags) -> str:
    given = LIBMEMCACHED.required("--libmemcached-servers", flags)
    # As libmemcached takes them: with --SERVER= in front, and with weights behind.
    words = given.replace("--SERVER=", "").replace(",", " ").split()
    return ",".join(word.partition("/?")[0] for word in words)


def _memcached_store(flags: Flags) -> str:
    prefix = flags["libmemcached_prefix"] or ""
    own = f"geartrain.{prefix}"
    if own.startswith(prefix):
        raise OptionError(
            f"--libmemcached-prefix {prefix!r}: the store's own keys would begin with"
            " it: name one that is no beginning of geartrain"
        )
    return f"memcached://{_memcached_servers(flags)}/{own}"


def _former_memcached(flags: Flags) -> Location:
    url = f"memcached://{_memcached_servers(flags)}"
    return Location(url=url, prefix=flags["libmemcached_prefix"], delete=True)


LIBMEMCACHED: Final = QueueType(
    name="libmemcached",
    place="in memcached, a cache",
    flags=(
        _flag(
            "--libmemcached-servers",
            "HOSTS",
            "The servers of -q libmemcached: host1:port,host2:port.",
        ),
        _flag(
            "--libmemcached-prefix",
            "TEXT",
            "What the original's keys begin with: they are taken over.",
            "gear_",
        ),
    ),
    store=_memcached_store,
    former=_former_memcached,
    store_flag="--libmemcached-servers",
    durability="memory",
)

QUEUE_TYPES: Final = (SQLITE, MYSQL, POSTGRES, REDIS, LIBMEMCACHED)
"""All queue types that keep jobs, in the order in which messages name them."""
