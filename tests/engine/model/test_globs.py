"""Globs, and what one of them covers."""

from __future__ import annotations

import fnmatch
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.engine.model.globs import covers, is_pattern, matcher, matches

NAMES = st.text("ab.", max_size=4)
GLOBS = st.text("ab.*?[]!", max_size=4)


@pytest.mark.parametrize(
    ("wide", "pattern", "expected"),
    [
        (b"*", b"a", True),
        (b"*", b"[ab]*", True),
        (b"mail.*", b"mail.send", True),
        (b"mail.*", b"mail.*", True),
        (b"mail.*", b"mail.?[x]", True),
        (b"mail.*", b"ma*", False),
        (b"mail.?", b"mail.*", False),
        (b"mail.?", b"mail.?", True),
        (b"mail.send", b"mail.*", False),
        (b"*.mail", b"b*.mail", False),
    ],
)
def test_a_glob_covers_what_names_parts_of_it(
    wide: bytes, pattern: bytes, expected: bool
) -> None:
    assert covers(wide, pattern) is expected


@given(GLOBS, GLOBS, NAMES)
def test_whatever_a_covered_glob_names_the_wider_one_does(
    wide: str, pattern: str, name: str
) -> None:
    if covers(wide.encode(), pattern.encode()):
        is_named = matches(pattern.encode(), name.encode())
        assert not is_named or matches(wide.encode(), name.encode())


@given(GLOBS, NAMES)
def test_globs_are_those_of_fnmatch(glob: str, name: str) -> None:
    if is_pattern(glob.encode()):
        assert matches(glob.encode(), name.encode()) is fnmatch.fnmatchcase(name, glob)


@pytest.mark.parametrize("piece", [b"[", b"[!", b"[]", b"*[", b"[a-"])
def test_brackets_that_nothing_closes_cost_no_more_than_others(piece: bytes) -> None:
    began = time.process_time()
    found = matcher(piece * 4000)
    assert time.process_time() - began < 1.5
    assert found.match(b"a") is None
