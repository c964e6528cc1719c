"""What is said where a job server cannot begin with its database, and to be done."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.databases import account, mariadb, redis
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.programs import run
from tests.support.servers import free_port
from tests.support.waiting import wait_until

RULES = """
local all all trust
host all jobs 127.0.0.1/32 trust
host all kept_out 127.0.0.1/32 reject
host all known,sleeping 127.0.0.1/32 scram-sha-256
host all missing 127.0.0.1/32 trust
"""


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgresqlServer]:
    """A server that lets in some users, and others by a password alone."""
    server = PostgresqlServer()
    server.start()
    server.ask("CREATE ROLE known LOGIN PASSWORD 'secret'")
    (server.data / "pg_hba.conf").write_text(RULES)
    server.ask("SELECT pg_reload_conf()")
    yield server
    server.stop()


def said(store: str) -> str:
    """Return what a job server says that cannot begin with a store."""
    status, out, err = run(
        "geartrain", "server", "--port", "0", "--no-http", "--store", store
    )
    assert (status, out) == (1, "")
    assert "names another" not in err
    return err


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("known:wrong@127.0.0.1:PORT/postgres", "check user and password"),
        ("known@127.0.0.1:PORT/postgres", "give one in the URL, or by PGPASSFILE"),
        ("missing@127.0.0.1:PORT/postgres", "create it there, or correct the name"),
        ("jobs@127.0.0.1:PORT/nothing", "create it there, or correct the name"),
        ("kept_out@127.0.0.1:PORT/postgres", "in that file of the server"),
        ("nobody@127.0.0.1:PORT/postgres", "in that file of the server"),
        ("jobs@nowhere.invalid:PORT/postgres", "check the name of the host"),
        ("jobs@127.0.0.1:PORT/postgres?sslmode=require", "switch TLS on at the server"),
        ("known:secret@127.0.0.1:PORT/postgres", "GRANT CREATE ON DATABASE"),
        ("/postgres?host=/nowhere", "where it has its socket"),
    ],
)
def test_what_postgresql_refuses_is_told_with_what_to_do(
    url: str, advice: str, postgresql: PostgresqlServer
) -> None:
    assert advice in said(f"postgresql://{url.replace('PORT', str(postgresql.port))}")


def switch_tls(server: PostgresqlServer, state: str) -> None:
    """Have a server speak TLS, or no more."""
    server.ask(f"ALTER SYSTEM SET ssl = {state}")
    server.ask("SELECT pg_reload_conf()")
    wait_until(lambda: server.ask("SHOW ssl") == [(state,)])


@pytest.mark.parametrize("url", ["postgresql://a@{}/d", "mysql://a@{}/d", "redis://{}"])
def test_where_nothing_listens_it_says_what_to_look_at(url: str) -> None:
    err = said(url.format(f"127.0.0.1:{free_port()}"))
    assert "Connection refused" in err
    assert err.endswith(
        ": check that the database server runs and listens there, and that host and"
        " port are right\n"
    )
    assert "?" not in err


def test_a_certificate_that_is_not_trusted_is_one_to_check(
    tmp_path: Path, postgresql: PostgresqlServer
) -> None:
    issued = Authority(tmp_path / "one").issue("server")
    for file, name in ((issued.cert, "server.crt"), (issued.key, "server.key")):
        place = postgresql.data / name
        shutil.copy(file, place)
        shutil.chown(place, account().pw_uid, account().pw_gid)
        place.chmod(0o600)
    switch_tls(postgresql, "on")
    other = Authority(tmp_path / "other").ca
    url = postgresql.url(f"?sslmode=verify-full&sslrootcert={other}")
    assert "check the files of TLS" in said(url)
    switch_tls(postgresql, "off")


def test_other_databases_are_told_about_as_well() -> None:
    with mariadb() as database:
        wrong = database.url.replace("gearman:s3cret%20word", "nobody:wrong")
        assert "check user and password" in said(wrong)
    with redis("--requirepass", "secret") as database:
        assert "redis://:PASSWORD@host" in said(database.url)
