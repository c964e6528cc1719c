"""URLs of PostgreSQL stores."""

from __future__ import annotations

import sys

import psycopg
import pytest

from geartrain.errors import OptionError
from geartrain.stores.locations import check_store, show_store
from geartrain.stores.postgresql.location import (
    check_location,
    libpq_options,
    read_location,
)


@pytest.mark.parametrize(
    ("text", "url", "schema"),
    [
        ("postgresql://", "postgresql://", "geartrain"),
        ("postgres://a@h:5/d", "postgresql://a@h:5/d", "geartrain"),
        ("postgresql:///d?host=/run&schema=q", "postgresql:///d?host=%2Frun", "q"),
        ("postgresql:///?service=jobs", "postgresql:///?service=jobs", "geartrain"),
        # libpq takes it although it is none of its options.
        ("postgresql://h/d?ssl=true", "postgresql://h/d?ssl=true", "geartrain"),
        (
            "postgresql://a,b:5/d",
            "postgresql://a,b:5/d?target_session_attrs=read-write",
            "geartrain",
        ),
        (
            "postgresql://a,b/d?target_session_attrs=primary",
            "postgresql://a,b/d?target_session_attrs=primary",
            "geartrain",
        ),
    ],
)
def test_a_url_is_libpqs_and_may_name_a_schema(
    text: str, url: str, schema: str
) -> None:
    location = read_location(check_location(text))
    assert (location.url, location.schema) == (url, schema)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("postgresql://h/d?schema=Drop;", "use a name of up to 40"),
        ("postgresql://h/d?schema", "cannot be read"),
        ("postgresql://h/d#x", "has a #"),
        ("postgresql://h/d?shema=x", "no option 'shema': did you mean 'schema'?"),
        ("postgresql://h/d?share=no", "no option 'share': did you mean 'shared'?"),
        ("postgresql:///d?sslmod=require", "'sslmod': did you mean 'sslmode'?"),
        ("postgresql:///d?green=1", "'green': use schema, shared or one of libpq's"),
    ],
)
def test_a_url_that_cannot_be_read_is_refused(text: str, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        check_store(text)


def test_passwords_are_not_shown() -> None:
    options = "password=s3cret&sslpassword=s3cret&gssencmode=disable"
    url = f"postgresql://a:s3%40cret@h/d?{options}"
    shown = show_store(check_store(url))
    told = "password=…&sslpassword=…&gssencmode=disable"
    assert shown == f"postgresql://a:…@h/d?{told}"
    assert read_location(url).shown == shown
    assert show_store(url.replace("%40", "@")) == shown


def test_the_value_of_an_unknown_option_is_not_shown() -> None:
    with pytest.raises(OptionError, match="did you mean 'password'") as raised:
        read_location("postgresql://me@h/d?pasword=s3cret")
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("each", psycopg.pq.Conninfo.get_defaults())
def test_every_option_of_libpq_is_known(each: psycopg.pq.ConninfoOption) -> None:
    name = each.keyword.decode()
    assert read_location(f"postgresql:///?{name}=1").url.endswith(f"?{name}=1")


def test_without_the_driver_nothing_is_called_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.setitem(sys.modules, "psycopg.pq", None)
    libpq_options.cache_clear()
    assert read_location("postgresql:///?green=1").url == "postgresql:///?green=1"
    libpq_options.cache_clear()


def test_a_password_that_libpq_would_tell_is_refused() -> None:
    with pytest.raises(OptionError, match="postgresql://me:… cannot be read"):
        read_location("postgresql://me:p@ss@127.0.0.1/jobs")
