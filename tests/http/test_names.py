"""Names of any bytes are parts of paths that nobody on the way takes away."""

from __future__ import annotations

import os
from urllib.parse import urljoin

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from geartrain.http.names import name_in_path, read_name

DOTS = [".", "..", "%2e", "%2E%2e", ".%2E", "%252e", "%25252E.", "...", "a.", "%"]


@given(st.binary(min_size=1, max_size=12).map(os.fsdecode))
@example("%2e%252E")
def test_a_name_is_read_as_it_was(name: str) -> None:
    assert read_name(name_in_path(name)) == name


@pytest.mark.parametrize("name", DOTS)
def test_dots_stay_where_they_are(name: str) -> None:
    part = name_in_path(name)
    assert read_name(part) == name
    path = f"/functions/{part}"
    assert urljoin("http://host/", path) == f"http://host{path}"
    assert part.lower() not in ("%2e", "%2e%2e", ".%2e", "%2e.")
    assert "/" not in part
