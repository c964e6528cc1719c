"""The URLs of MySQL stores."""

from __future__ import annotations

import pytest

from geartrain.errors import OptionError
from geartrain.stores.locations import check_store, show_store
from geartrain.stores.mysql.location import location_of


def test_a_url_has_all_that_is_needed_to_connect() -> None:
    place = location_of("mysql://me:s3cret%40word@db.example:3307/jobs")
    assert place.arguments() == {
        "host": "db.example",
        "port": 3307,
        "user": "me",
        "password": "s3cret@word",
        "database": "jobs",
        "connect_timeout": 5,
        "read_timeout": 30.0,
        "write_timeout": 30.0,
    }
    assert place.prefix == "geartrain_"
    assert "s3cret" not in place.shown


def test_options_follow_the_database() -> None:
    url = "mysql://me@localhost/jobs?unix_socket=/run/my.sock&timeout=1m&prefix=a_"
    place = location_of(f"{url}&connect_timeout=500ms")
    assert place.arguments()["unix_socket"] == "/run/my.sock"
    assert place.arguments()["read_timeout"] == 60.0
    assert place.arguments()["connect_timeout"] == 1
    assert place.prefix == "a_"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", {}),
        ("ssl_disabled=yes", {"ssl_disabled": True}),
        (
            "ssl_ca=/ca.pem",
            {"ssl_ca": "/ca.pem", "ssl_verify_cert": True, "ssl_verify_identity": True},
        ),
        (
            "ssl_ca=/ca.pem&ssl_verify_identity=no&ssl_cert=/c.pem&ssl_key=/c.key",
            {
                "ssl_ca": "/ca.pem",
                "ssl_cert": "/c.pem",
                "ssl_key": "/c.key",
                "ssl_verify_cert": True,
                "ssl_verify_identity": False,
            },
        ),
    ],
)
def test_tls_is_as_the_options_say(options: str, expected: dict[str, object]) -> None:
    assert location_of(f"mysql://me@db/jobs?{options}").tls == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mysql://me@db", "names no database"),
        ("mysql:///jobs", "names no host"),
        ("mysql://me@db/jobs?prefix=a-b", "letters, digits and _"),
        ("mysql://me@db/jobs?prefix=" + "a" * 49, "more than 48"),
        ("mysql://me@db/jobs?timeout=soon", "timeout is a duration"),
        ("mysql://me@db/jobs?timeout=0", "timeout is a duration"),
        ("mysql://me@db/jobs?ssl_disabled=maybe", "ssl_disabled is yes or no"),
        ("mysql://me@db/jobs?color=red", "no option 'color'"),
    ],
)
def test_what_is_wrong_with_a_url_is_named(url: str, expected: str) -> None:
    with pytest.raises(OptionError, match=expected):
        check_store(url)


def test_either_name_of_the_server_is_a_scheme() -> None:
    assert check_store("mariadb://me@db/jobs") == "mysql://me@db/jobs"


def test_a_password_is_not_shown() -> None:
    assert show_store("mysql://me:s3cret@db/jobs") == "mysql://me:…@db/jobs"
    with pytest.raises(OptionError) as raised:
        check_store("mysql://me:s3cret@db/")
    assert "s3cret" not in str(raised.value)
