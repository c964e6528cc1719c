"""Conditions as arguments of text commands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from geartrain.admin.conditions import Conditions, filters_of
from geartrain.errors import OptionError


def test_ages_are_seconds() -> None:
    conditions = Conditions(function="f", older=timedelta(minutes=1), newer=None)
    given = filters_of(conditions)
    assert given == {"function": "f", "older": "60.000", "newer": None}


def test_an_age_that_is_no_number_is_refused() -> None:
    with pytest.raises(OptionError, match="older="):
        filters_of(Conditions(older="long"))  # type: ignore[typeddict-item]
