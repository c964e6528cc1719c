"""Which job servers a connection asks about."""

from __future__ import annotations

import pytest

from geartrain.admin.spans import about, checked_span, tell_unanswered
from geartrain.errors import OptionError


def test_a_block_says_what_its_connections_ask_about() -> None:
    told: list[tuple[str, str]] = []
    assert checked_span(None) == ""
    with about("local", lambda *each: told.append(each)):
        assert checked_span(None) == "local"
        assert checked_span("all") == "all"
        assert checked_span("") == ""
        tell_unanswered("b", "silent")
    assert checked_span(None) == ""
    tell_unanswered("c", "silent")
    assert told == [("b", "silent")]


def test_what_is_none_is_refused() -> None:
    with pytest.raises(OptionError, match="give 'local', 'all'"):
        checked_span("part")
