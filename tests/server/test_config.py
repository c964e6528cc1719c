"""The configuration file: what is read, and what is said of what cannot be."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.engine.model.policies import Policies
from geartrain.errors import OptionError
from geartrain.server.config import Config, read_config

Write = Callable[[str | bytes], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a configuration file and return its path."""

    def written(content: str | bytes) -> str:
        path = tmp_path / "geartrain.toml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return written


def refusal(path: str) -> str:
    """Return what is said of a file, after its name."""
    with pytest.raises(OptionError) as caught:
        read_config(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    return said.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    "content", ["", "\n", "# nothing", "[functions]", "functions = {}"]
)
def test_a_file_may_say_nothing(content: str, write: Write) -> None:
    assert read_config(write(content)) == Config(policies=())


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
    assert read_config(path).policies == (
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
    assert read_config(path).policies == (
        (b"plain", {"ttl": 1.0}),
        ("grüße.*".encode(), {"ttl": 2.0}),
        (b'C:\\dir "x"', {"ttl": 3.0}),
        (b"\0\n", {"ttl": 4.0}),
        (b"*", {}),
    )


def test_what_is_read_is_what_policies_take(write: Write) -> None:
    path = write('[functions."mail.*"]\nttl = 5\n[functions."mail.send"]\nttl = 6\n')
    policies = Policies()
    for pattern, settings in read_config(path).policies:
        policies.change(pattern, settings)
    assert policies.find(b"mail.send").ttl == 6
    assert policies.find(b"mail.read").ttl == 5


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=["[functions.f]\nttl = 1"])
    writer.start()
    assert read_config(str(path)).policies == ((b"f", {"ttl": 1.0}),)
    writer.join()


# Files that cannot be read


def test_a_missing_file(tmp_path: Path) -> None:
    path = str(tmp_path / "geartrain.toml")
    assert refusal(path) == "cannot be read: No such file or directory"


def test_a_folder(tmp_path: Path) -> None:
    assert refusal(str(tmp_path)) == "cannot be read: Is a directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_of_somebody_else(write: Write) -> None:
    path = write("")
    os.chmod(path, 0)
    assert refusal(path) == "cannot be read: Permission denied"


def test_a_file_without_end() -> None:
    assert refusal("/dev/zero") == "larger than 16777216 bytes"


def test_what_is_not_utf_8(write: Write) -> None:
    path = write(b'# one\n# two\n[functions."gr\xfc\xdfe"]\n')
    assert refusal(path) == "byte 0xfc in line 3 is not UTF-8"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("\n[functions.f\n", "Expected ']' at the end of a table declaration (at line"),
        ("\n\nttl 5", "Expected '=' after a key in a key/value pair (at line 3"),
        ("[functions.mail.*]", "(at line 1, column 17)"),
        ("[functions.f]\nttl = soon", "Invalid value (at line 2, column 7)"),
        ("[functions.f]\nttl = 1\nttl = 2", "Cannot overwrite a value (at"),
        ("[functions.f]\n[functions.f]\n", "Cannot declare ('functions', 'f') twice"),
        ("a = " + "9" * 5000, "digits"),
        ("a = " + "[" * 5000, "nested too deeply"),
        ("a\0b", "(at line 1"),
    ],
)
def test_what_is_not_toml_is_told_with_its_line(
    content: str, reason: str, write: Write
) -> None:
    said = refusal(write(content))
    assert said.startswith("not TOML: ")
    assert reason in said


# Words that mean nothing


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "[function.f]\nttl = 1",
            "'function' is no table of this file: did you mean 'functions'?",
        ),
        ("[store]", "'store' is no table of this file: use functions"),
        ("ttl = 1", "'ttl' is no table of this file: use functions"),
        ("functions = 3", "functions cannot be 3: it is a table of settings"),
        ("[[functions]]", "functions cannot be [{}]: it is a table of settings"),
        (
            "[functions]\nttl = 1",
            'functions."ttl" cannot be 1: it is a table of settings',
        ),
        (
            "[[functions.f]]\nttl = 1",
            "functions.\"f\" cannot be [{'ttl': 1}]: it is a table of settings",
        ),
        (
            '[functions.""]\nttl = 1',
            '[functions.""]: write the name of a function, or a glob',
        ),
        (
            "[functions.mail.send]\nttl = 1",
            '[functions.mail.send]: write [functions."mail.send"]',
        ),
        (
            '[functions."mail.*"]\ntime_out = 1',
            "[functions.\"mail.*\"]: 'time_out' is no setting of a policy: did you"
            " mean 'timeout'?",
        ),
        (
            '[functions."grüße"]\nrate = 1',
            "[functions.\"grüße\"]: 'rate' is no setting of a policy: use"
            " max_attempts, max_crashes, backoff, backoff_delay, backoff_cap,"
            " backoff_jitter, timeout, ttl, delay, dead_letter",
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
        ('ttl = "1h"', "ttl cannot be '1h': it is a number of seconds"),
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
    assert found.startswith(f'[functions."f"]: {said}')


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_file_is_read_or_refused(content: bytes) -> None:
    read, write = os.pipe()
    os.write(write, content)
    os.close(write)
    try:
        with contextlib.suppress(OptionError):
            read_config(f"/dev/fd/{read}")
    finally:
        os.close(read)
