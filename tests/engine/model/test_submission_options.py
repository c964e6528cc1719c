"""Options of submissions: what each takes, and what is said of a wrong one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.engine.model.settings import SETTINGS
from geartrain.engine.model.submission_options import (
    MAX_OPTIONS,
    NOT_GIVEN,
    SUBMISSION_OPTIONS,
    SubmissionOptions,
    kept_number,
    read_options,
)
from geartrain.errors import OptionError
from geartrain.protocol.options import join_options

NAMES = [
    *("delay", "at", "ttl", "priority", "key", "dedupe", "result_ttl"),
    *("max_attempts", "batch", "after", "when", "to"),
]


def test_every_option_is_an_attribute() -> None:
    assert list(SUBMISSION_OPTIONS) == NAMES
    nothing = SubmissionOptions()
    assert all(hasattr(nothing, name) for name in NAMES)
    assert not nothing.has_time()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("delay=20m", 1200.0), ("delay=0", 0.0), ("delay=0.5", 0.5)),
        *(("ttl=1h30m", 5400.0), ("ttl=0", 0.0), ("result_ttl=2d", 172800.0)),
        *(("max_attempts=3", 3), ("priority=low", 2), ("priority=high", 0)),
        *(("at=1893456000", 1893456000.0), ("at=0.25", 0.25)),
        ("at=2030-01-01T00:00:00Z", 1893456000.0),
        ("at=2030-01-01T00:00Z", 1893456000.0),
        ("at=2030-01-01%2001:00:00%2B01:00", 1893456000.0),
        # As PHP's programmers write it who do not encode the plus sign.
        ("at=2030-01-01T01:00:00+01:00", 1893456000.0),
        ("at=2029-12-31T18:30:00.5-0530", 1893456000.5),
        ("at=1960-01-01T00:00:00Z", 0.0),
        *(("key=shop-7", b"shop-7"), ("key=a+b%26c%FF", b"a b&c\xff")),
        ("key=" + "x" * 255, b"x" * 255),
        *(("dedupe=replace", "replace"), ("batch=mail%207", b"mail 7")),
        ("after=H:a:1,H:a:2", [b"H:a:1", b"H:a:2"]),
        *(("to=everyone", b"everyone"), ("to=hosts", b"hosts")),
        *(("to=worker:web+7", b"worker:web 7"), ("to=host:%3A%3A1", b"host:::1")),
    ],
)
def test_what_an_option_stands_for(text: str, value: object) -> None:
    name = text.partition("=")[0]
    found = getattr(read_options(text.encode()), name)
    assert (type(found), found) == (type(value), value)


def test_several_are_given_at_once() -> None:
    found = read_options(b"delay=20m&key=shop-7&ttl=1h&max_attempts=3&priority=low")
    assert (found.delay, found.key, found.ttl) == (1200, b"shop-7", 3600)
    assert (found.max_attempts, found.priority, found.at) == (3, 2, NOT_GIVEN)
    assert found.has_time()
    # What is over once the job waits is not kept.
    assert found.kept == b"ttl=3600&max_attempts=3"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("dleay=20m", "'dleay' is no option of a submission: did you mean 'delay'?"),
        ("x=1", f"'x' is no option of a submission: use {', '.join(NAMES)}"),
        ("", "'' is no option of a submission: use delay, at, ttl,"),
        ("delay=1&&ttl=1", "'' is no option of a submission: use delay,"),
        ("%FF=1", "'\\udcff' is no option of a submission: use delay,"),
        ("delay", "delay has no value: it is a number of seconds from 0 to"),
        ("delay=", "delay cannot be '': it is a number of seconds from 0 to"),
        ("at=9999-12-31T23:59:59-12:00", "at cannot be"),
        ("batch=a,b", "batch cannot be 'a,b': it is a name of 1 to 255 bytes, without"),
        ("when=done", "when says which ends of the jobs in after count: give after"),
        ("delay=-1", "delay cannot be '-1': it is a number of seconds from 0 to"),
        ("delay=soon", "delay cannot be 'soon': it is a number of seconds from 0 to"),
        ("ttl=1e10", "ttl cannot be '1e10': it is a number of seconds from 0, which"),
        ("delay=1m&delay=2m", "delay is given twice"),
        ("delay=1m&at=1", "delay and at both say when the job is due: give one"),
        ("max_attempts=0", "max_attempts cannot be '0': it is a whole number from 1"),
        ("priority=urgent", "priority cannot be 'urgent': it is high, normal or low"),
        ("key=", "key cannot be '': it is a text of 1 to 255 bytes"),
        ("key=" + "x" * 256, "key cannot be 'xxxx"),
        ("dedupe=yes", "dedupe cannot be 'yes': it is join or drop or replace or"),
        ("at=tomorrow", "at cannot be 'tomorrow': it is a time with its zone, such as"),
        ("at=2030-01-01T00:00:00", "at cannot be '2030-01-01T00:00:00': it is a time"),
        ("at=2030-02-30T00:00Z", "at cannot be '2030-02-30T00:00Z': it is a time"),
        ("at=999999999999", "at cannot be '999999999999': it is a time with its zone"),
        ("after=H:a:1,", "after cannot be 'H:a:1,': it is 1 to 100 handles"),
        ("batch=", "batch cannot be '': it is a name of 1 to 255 bytes"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(text: str, reason: str) -> None:
    with pytest.raises(OptionError) as caught:
        read_options(text.encode())
    assert str(caught.value).startswith(reason)


def test_there_is_room_for_so_many() -> None:
    with pytest.raises(OptionError, match="at most 4096 bytes, not 4097"):
        read_options(b"key=" + b"x" * (MAX_OPTIONS - 3))


@pytest.mark.parametrize("name", ["delay", "ttl", "result_ttl", "max_attempts"])
def test_a_setting_of_policies_has_its_bounds(name: str) -> None:
    assert SUBMISSION_OPTIONS[name].allowed == SETTINGS[name].allowed


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = read_options(data)
    except OptionError:
        return
    assert isinstance(found, SubmissionOptions)


# A key that begins with a NUL would be that of an addressee.
keys = st.binary(min_size=1, max_size=255).filter(lambda key: key[0] != 0)


@given(keys, st.floats(0, 1e9))
def test_what_is_joined_is_read(key: bytes, ttl: float) -> None:
    found = read_options(join_options({"key": key, "ttl": repr(ttl)}))
    assert (found.key, found.ttl) == (key, ttl)
    assert kept_number(found.kept, b"ttl") == ttl


@pytest.mark.parametrize(
    "kept", [b"", b"max_attempts=3", b"ttl", b"ttl=x", b"&&=", b"xttl=1"]
)
def test_what_is_not_kept_is_not_given(kept: bytes) -> None:
    assert kept_number(kept, b"ttl") == NOT_GIVEN
