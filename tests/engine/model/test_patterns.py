"""Names and globs apply in an order, and there are only so many of them."""

from __future__ import annotations

import pytest

from geartrain.engine.model.patterns import Patterns
from geartrain.errors import OptionError


def made(*patterns: bytes) -> Patterns:
    found = Patterns()
    for each in patterns:
        found.add(each)
    return found


def test_globs_apply_as_they_came_and_the_name_after_them() -> None:
    patterns = made(b"mail", b"m*", b"*", b"x*", b"m*")
    assert patterns.matching(b"mail") == [b"m*", b"*", b"mail"]
    assert patterns.matching(b"m" * 2000) == []
    assert patterns.all() == [b"m*", b"*", b"x*", b"mail"]
    assert patterns.glob_count() == 3


def test_globs_are_put_last_in_their_order() -> None:
    patterns = made(b"a*", b"b*", b"c*", b"name")
    assert patterns.put_last([b"b*", b"a*", b"none*"])
    assert patterns.all() == [b"c*", b"b*", b"a*", b"name"]
    assert not patterns.put_last([b"b*", b"a*"])
    assert not patterns.put_last([])


def test_what_is_removed_applies_no_more_and_makes_room() -> None:
    patterns = made(b"name", *(b"%d*" % number for number in range(1000)))
    with pytest.raises(OptionError, match="1000 globs"):
        patterns.add(b"one more*")
    patterns.remove(b"7*")
    patterns.remove(b"name")
    patterns.remove(b"never there")
    patterns.add(b"one more*")
    assert patterns.matching(b"name") == []
