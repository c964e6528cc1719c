"""What the text command ``version`` answers, as clients compare it."""

from __future__ import annotations

import re

import pytest

from geartrain import __version__
from geartrain.server.engine_options import engine_options
from geartrain.server.options import Options


def numbers(version: bytes) -> tuple[int, ...]:
    """Return the numbers a client compares: all before what is no number."""
    found = re.match(rb"[0-9.]+", version)
    assert found is not None
    return tuple(int(number) for number in found[0].split(b"."))


@pytest.mark.parametrize(
    ("compat", "expected"), [("1.1", b"1.1.21"), ("2.0", b"2.0.0")]
)
def test_it_begins_as_the_version_it_stands_for(compat: str, expected: bytes) -> None:
    version = engine_options(Options(listen=(), compat=compat)).version
    assert version == expected + b"+geartrain-" + __version__.encode()
    # net_gearman sends milliseconds then, as the job server reads them.
    assert numbers(version) >= (1, 1, 18)
