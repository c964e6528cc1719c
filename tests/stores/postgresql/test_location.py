"""URLs of PostgreSQL stores."""

from __future__ import annotations

import pytest

from geartrain.errors import OptionError
from geartrain.stores.locations import check_store, show_store
from geartrain.stores.postgresql.location import check_location, read_location


@pytest.mark.parametrize(
    ("text", "url", "schema"),
    [
        ("postgresql://", "postgresql://", "geartrain"),
        ("postgres://a@h:5/d", "postgresql://a@h:5/d", "geartrain"),
        ("postgresql:///d?host=/run&schema=q", "postgresql:///d?host=%2Frun", "q"),
        ("postgresql:///?service=jobs", "postgresql:///?service=jobs", "geartrain"),
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
    ],
)
def test_a_url_that_cannot_be_read_is_refused(text: str, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        check_store(text)


def test_passwords_are_not_shown() -> None:
    url = "postgresql://a:s3%40cret@h/d?password=s3cret&sslpassword=s3cret&x=1"
    shown = show_store(check_store(url))
    assert shown == "postgresql://a:…@h/d?password=…&sslpassword=…&x=1"
    assert read_location(url).shown == shown
    assert show_store(url.replace("%40", "@")) == shown


def test_a_password_that_libpq_would_tell_is_refused() -> None:
    with pytest.raises(OptionError, match="postgresql://me:… cannot be read"):
        read_location("postgresql://me:p@ss@127.0.0.1/jobs")
