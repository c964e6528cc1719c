"""URLs of database servers."""

from __future__ import annotations

import pytest

from geartrain.errors import OptionError
from geartrain.stores.urls import (
    DatabaseServer,
    check_password,
    server_of,
    without_password,
)


def test_a_url_has_its_parts_unquoted() -> None:
    url = "mysql://me:s3cret%20word@db:33/jobs%2Fa?prefix=x%26y"
    assert server_of(url, 3306, ("prefix",)) == DatabaseServer(
        host="db",
        port=33,
        user="me",
        password="s3cret word",
        database="jobs/a",
        options={"prefix": "x&y"},
    )


def test_a_url_without_a_port_has_the_default() -> None:
    assert str(server_of("redis://db", 6379)) == "db:6379"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql:///jobs", "names no host: write mysql://host:port"),
        ("mysql://db:x/jobs", "Port could not be cast"),
        ("mysql://db/jobs#x", "nothing may follow the path"),
        ("mysql://db/jobs?tabel=x", "no option 'tabel': did you mean 'table'?"),
        ("mysql://db/jobs?green=x", "no option 'green': use table"),
    ],
)
def test_a_url_that_cannot_be_read_is_refused(url: str, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        server_of(url, 3306, ("table",) if "?" in url else ())


def test_the_value_of_an_unknown_option_is_not_shown() -> None:
    with pytest.raises(OptionError, match="no option 'pasword'") as raised:
        server_of("mysql://me@db/jobs?pasword=s3cret", 3306, ("table",))
    assert "s3cret" not in str(raised.value)


def test_passwords_are_not_shown() -> None:
    url = "mysql://me:s3cret@word@db/jobs"
    assert without_password(url) == "mysql://me:…@db/jobs"
    assert without_password("mysql://db/jobs\n") == r"mysql://db/jobs\n"
    with pytest.raises(OptionError) as raised:
        server_of(f"{url}?x", 3306)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("password", ["sec/ret", "sec?ret", "sec#ret", "sec/ret@x"])
def test_a_password_that_has_to_be_encoded_is_not_told(password: str) -> None:
    with pytest.raises(OptionError, match="write %40 for @, %2F for /") as raised:
        server_of(f"mysql://me:{password}@db/jobs", 3306)
    assert str(raised.value).startswith("mysql://me:… cannot be read")
    assert "sec" not in str(raised.value)
    assert "ret" not in str(raised.value)


@pytest.mark.parametrize("password", ["p@ss", "sec%ret", "50%"])
def test_a_password_is_read_as_its_reader_would(password: str) -> None:
    url = f"postgresql://me:{password}@db/jobs"
    check_password(url)
    with pytest.raises(OptionError, match="%25 for %") as raised:
        check_password(url, is_strict=True)
    assert password not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:p%40ss@a,b:5433/jobs?application_name=a@b",
        "postgresql://%2Frun%2Fpostgresql/jobs",
        "postgresql:///jobs?user=me@site",
        "redis://db:6379/0?note=a@b",
    ],
)
def test_what_needs_no_code_is_left_alone(url: str) -> None:
    check_password(url, is_strict=True)
