"""The configuration file: what is read, and what is said of what cannot be."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.configuration.file import ConfigFile, read_file, read_options
from geartrain.configuration.option import options_of
from geartrain.errors import OptionError
from tests.support.configuration_files import Write, write
from tests.support.sample_options import Sample

__all__ = ["write"]


def refusal(path: str) -> str:
    """Return what is said of a file, after its name."""
    with pytest.raises(OptionError) as caught:
        told(path)
    said = str(caught.value)
    assert said.startswith(path)
    return said.removeprefix(path)


def told(path: str) -> dict[str, object]:
    """Return what a file says of the sample's options."""
    given = read_options(read_file(path), options_of(Sample))
    return {name: each.value for name, each in given.items()}


@pytest.mark.parametrize("content", ["", "\n", "# nothing", "[server]", "[functions]"])
def test_a_file_may_say_nothing(content: str, write: Write) -> None:
    assert told(write(content)) == {}


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=["[functions.f]\nttl = 1"])
    writer.start()
    assert read_file(str(path)).tables == {"functions": {"f": {"ttl": 1}}}
    writer.join()


# Files that cannot be read


def test_a_missing_file(tmp_path: Path) -> None:
    path = str(tmp_path / "geartrain.toml")
    assert refusal(path) == ": cannot be read: No such file or directory"


def test_a_folder(tmp_path: Path) -> None:
    assert refusal(str(tmp_path)) == ": cannot be read: Is a directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_of_somebody_else(write: Write) -> None:
    path = write("")
    os.chmod(path, 0)
    assert refusal(path) == ": cannot be read: Permission denied"


def test_a_file_without_end() -> None:
    assert refusal("/dev/zero") == ": larger than 16777216 bytes"


def test_what_is_not_utf_8(write: Write) -> None:
    path = write(b'# one\n# two\n[functions."gr\xfc\xdfe"]\n')
    assert refusal(path) == ": byte 0xfc in line 3 is not UTF-8"


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
    assert said.startswith(": not TOML: ")
    assert reason in said


# Words that mean nothing


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "\n[function.f]\nttl = 1",
            ":2: 'function' is no table of this file: did you mean 'functions'?",
        ),
        (
            "[store]",
            ":1: 'store' is no table of this file: use server, worker, functions",
        ),
        (
            "# ttl\nttl = 1",
            ":2: 'ttl' is no table of this file: use server, worker, functions",
        ),
        ("functions = 3", ":1: functions cannot be 3: it is a table of settings"),
        ("[[server]]", ":1: server cannot be [{}]: it is a table of settings"),
        (
            "[server]\nplace = 'here'\n\nsecrt = 'x'",
            ":4: 'secrt' is no option of [server]: did you mean 'secret'?",
        ),
        (
            "[server]\ngreen = 1",
            ":2: 'green' is no option of [server]: use number, pause, names, secret,"
            " place, is_open, is_quiet",
        ),
        ("[server]\nnumber = 11", ":2: number: 11 is not in the range 1<=x<=10"),
        (
            "[server]\nnumber = '3'",
            ":2: number: cannot be '3': it is a whole number from 1 to 10",
        ),
        ("[server]\nnumber = true", ":2: number: cannot be True: it is a whole number"),
        ("[server]\nnames = ['a', 3]", ":2: names: cannot be 3: it is a text"),
        ("[server]\nis_open = 1", ":2: is_open: cannot be 1: it is true or false"),
        ("[server]\npause = nan", ":2: pause: 'nan' is not a number of seconds"),
        ("[server]\npause = 10:00:00", ":2: pause: cannot be datetime.time(10, 0)"),
        ("server = { number = 11 }", ":1: number: 11 is not in the range"),
        ("server.number = 11", ":1: number: 11 is not in the range"),
        ("[server]\n'number' = 11", ":2: number: 11 is not in the range"),
    ],
)
def test_a_mistake_is_told_with_its_line(content: str, said: str, write: Write) -> None:
    assert refusal(write(content)).startswith(said)


def test_every_type_is_read(write: Write) -> None:
    path = write(
        "[server]\nnumber = 3\npause = 2\nnames = ['a', 'b c']\nsecret = 'x'\n"
        "place = '/here'\nis_open = false\nis_quiet = true\n"
    )
    assert told(path) == {
        "number": 3,
        "pause": 2.0,
        "names": ("a", "b c"),
        "secret": "x",
        "place": "/here",
        "is_open": False,
        "is_quiet": True,
    }


def test_a_list_of_one_needs_no_brackets(write: Write) -> None:
    assert told(write("[server]\nnames = 'a'")) == {"names": ("a",)}


# Lines


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("[server]\nnumber = 1", 2),
        ("# number\n[worker]\nnumber = 1\n[server]\nnumber = 1", 5),
        ("[server]\nplace = '''\nnumber = 2\n'''\nnumber = 1", 5),
        ("[server]\nnumber = [\n1,\n\n2]\n", 2),
        ("[server]\nnames = ['number']\nnumber = 1", 3),
        ('[server]\n"n\\u0075mber" = 1', 2),
        ("server = { number = 1 }", 1),
        ("server.number = 1\r\n", 1),
        ("\r\n[server]\r\nplace = '/a'\r\nnumber = 1\r\n", 4),
        ("\n" * 2000 + "server.number = 1", 2001),
        ("#" * (1024 * 1024) + "\nserver.number = 1", 0),
        ("# number\n" * 1000 + "server.number = 1", 1001),
        ("[server]\nnames = [\n" + "'number',\n" * 500 + "]\nnumber = 1", 504),
    ],
)
def test_the_line_of_a_key_however_it_is_written(
    content: str, line: int, write: Write
) -> None:
    path = write(content)
    place = read_file(path).place("server", "number")
    assert place == (f"{path}:{line}" if line else path)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_file_is_read_or_refused(content: bytes) -> None:
    ends = os.pipe()
    os.write(ends[1], content)
    os.close(ends[1])
    try:
        with contextlib.suppress(OptionError):
            assert isinstance(read_file(f"/dev/fd/{ends[0]}"), ConfigFile)
    finally:
        os.close(ends[0])
