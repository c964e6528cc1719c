"""What is advised on the words of database servers, drivers and the system."""

from __future__ import annotations

import pytest

from geartrain.stores.advice import advice_on


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (
            "Can't connect to MySQL server on 'h' ([Errno 111] Connection refused)",
            "runs and listens there",
        ),
        ("[Errno -2] Name or service not known", "the name of the host"),
        ("Temporary failure in name resolution", "the name of the host"),
        ("connection timeout expired", "firewall"),
        ("no answer: No route to host", "firewall"),
        ("Unknown database 'jobs'", "create it there"),
        ("Access denied for user 'a'@'%' (using password: YES)", "user and password"),
        ("Access denied for user 'a'@'%' to database 'jobs'", "all privileges"),
        ('FATAL: no pg_hba.conf entry for host "10.0.0.1"', "in that file"),
        ('FATAL: role "a" is not permitted to log in', "ALTER ROLE"),
        ("FATAL: sorry, too many clients already", "max_connections"),
        ("FATAL: the database system is starting up", "once the database server"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate", "files of TLS"),
    ],
)
def test_what_to_look_at_depends_on_what_went_wrong(text: str, advice: str) -> None:
    assert advice in advice_on(f"the store postgresql://h/d: {text}")


def test_of_what_is_not_known_nothing_is_said() -> None:
    assert advice_on("the store postgresql://h/d: PostgreSQL 12 is too old") == ""
