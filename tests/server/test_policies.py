"""Policies in the configuration file: what is read, and what is said of the rest."""

from __future__ import annotations

import pytest

from geartrain.configuration.file import read_file
from geartrain.engine.model.policies import Policies
from geartrain.engine.model.settings import SETTINGS
from geartrain.errors import OptionError
from geartrain.server.policies import PolicyEntry, policy_places, read_policies
from tests.support.configuration_files import Write, write

__all__ = ["write"]


def policies_in(path: str) -> tuple[PolicyEntry, ...]:
    return read_policies(read_file(path))


def refusal(path: str) -> str:
    """Return what is said of a file, after its name."""
    with pytest.raises(OptionError) as caught:
        policies_in(path)
    said = str(caught.value)
    assert said.startswith(path)
    return said.removeprefix(path)


@pytest.mark.parametrize(
    "content", ["", "\n", "# nothing", "[functions]", "functions = {}"]
)
def test_a_file_may_say_nothing(content: str, write: Write) -> None:
    assert policies_in(write(content)) == ()


def test_every_setting_is_read(write: Write) -> None:
    path = write(
        """
        [functions."*"]
        max_attempts = 3
        max_crashes = 0
        backoff = "fixed"
        backoff_delay = 2
        backoff_cap = 60.5
        backoff_jitter = 0
        timeout = 30
        ttl = 86_400
        delay = 1e3
        dead_letter = false
        """
    )
    assert policies_in(path) == (
        (
            b"*",
            {
                "max_attempts": 3,
                "max_crashes": 0,
                "backoff": "fixed",
                "backoff_delay": 2.0,
                "backoff_cap": 60.5,
                "backoff_jitter": 0.0,
                "timeout": 30.0,
                "ttl": 86400.0,
                "delay": 1000.0,
                "dead_letter": False,
            },
        ),
    )


def test_patterns_keep_their_order_and_their_bytes(write: Write) -> None:
    path = write(
        """
        [functions.plain]
        ttl = 1
        [functions."grüße.*"]
        ttl = 2
        [functions.'C:\\dir "x"']
        ttl = 3
        [functions."\\u0000\\n"]
        ttl = 4
        [functions."*"]
        """
    )
    assert policies_in(path) == (
        (b"plain", {"ttl": 1.0}),
        ("grüße.*".encode(), {"ttl": 2.0}),
        (b'C:\\dir "x"', {"ttl": 3.0}),
        (b"\0\n", {"ttl": 4.0}),
        (b"*", {}),
    )


def test_what_is_read_is_what_policies_take(write: Write) -> None:
    path = write('[functions."mail.*"]\nttl = 5\n[functions."mail.send"]\nttl = 6\n')
    policies = Policies()
    for pattern, settings in policies_in(path):
        policies.change(pattern, settings)
    assert policies.find(b"mail.send").ttl == 6
    assert policies.find(b"mail.read").ttl == 5


# Words that mean nothing


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "[functions]\nttl = 1",
            ':2: functions."ttl" cannot be 1: it is a table of settings',
        ),
        (
            "[[functions.f]]\nttl = 1",
            ":1: functions.\"f\" cannot be [{'ttl': 1}]: it is a table of settings",
        ),
        (
            '[functions.""]\nttl = 1',
            ':1: [functions.""]: write the name of a function, or a glob',
        ),
        (
            f"[functions.f]\n[functions.{'f' * 1025}]",
            f':2: [functions."{"f" * 1025}"]: a pattern has at most 1024 bytes',
        ),
        (
            "[functions.mail.send]\nttl = 1",
            ':1: [functions.mail.send]: write [functions."mail.send"]',
        ),
        (
            '[functions."mail.*"]\ntime_out = 1',
            ":2: [functions.\"mail.*\"]: 'time_out' is no setting of a policy: did you"
            " mean 'timeout'?",
        ),
        (
            '[functions."grüße"]\nxyz = 1',
            ":2: [functions.\"grüße\"]: 'xyz' is no setting of a policy: use "
            + ", ".join(SETTINGS),
        ),
    ],
)
def test_an_unknown_word_is_told_with_its_place(
    content: str, said: str, write: Write
) -> None:
    assert refusal(write(content)) == said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "max_attempts = 0",
            "max_attempts cannot be 0: it is a whole number from 1 to",
        ),
        ('max_attempts = "3"', "max_attempts cannot be '3': it is a whole number"),
        ("max_attempts = 3.0", "max_attempts cannot be 3.0: it is a whole number"),
        ("max_attempts = true", "max_attempts cannot be True: it is a whole number"),
        ("max_crashes = -1", "max_crashes cannot be -1: it is a whole number from 0,"),
        (
            'backoff = "linear"',
            "backoff cannot be 'linear': it is fixed or exponential",
        ),
        (
            "backoff_jitter = 2",
            "backoff_jitter cannot be 2: it is a number from 0 to 1",
        ),
        ("ttl = -1", "ttl cannot be -1: it is a number of seconds from 0,"),
        ("ttl = nan", "ttl cannot be nan: it is a number of seconds"),
        ("ttl = inf", "ttl cannot be inf: it is a number of seconds"),
        ('ttl = "1x"', "ttl cannot be '1x': it is a number of seconds"),
        ("ttl = 10:00:00", "ttl cannot be datetime.time(10, 0): it is a number"),
        ("ttl = [1]", "ttl cannot be [1]: it is a number of seconds"),
        ("dead_letter = 1", "dead_letter cannot be 1: it is true or false"),
        ('dead_letter = "true"', "dead_letter cannot be 'true': it is true or false"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(
    line: str, said: str, write: Write
) -> None:
    found = refusal(write(f"[functions.good]\nttl = 1\n[functions.f]\n{line}\n"))
    assert found.startswith(f':4: [functions."f"]: {said}')


def test_each_table_has_its_line(write: Write) -> None:
    path = write('[server]\n[functions.f]\nttl = 1\n[functions."mail.*"]\nttl = 2\n')
    assert policy_places(read_file(path)) == [
        ('functions."f"', f"{path}:2"),
        ('functions."mail.*"', f"{path}:4"),
    ]
