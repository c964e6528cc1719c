"""The tree of exceptions."""

from __future__ import annotations

import inspect
import re

import pytest

from geartrain import errors
from geartrain.errors import GeartrainError, OptionError, PacketError, ProtocolError

DEFINED = [getattr(errors, name) for name in errors.__all__]


def test_the_docstring_draws_every_exception_under_its_parent() -> None:
    lines = (errors.__doc__ or "").splitlines()
    branches: list[tuple[int, str]] = []
    parents: dict[str, str] = {}
    for line in lines:
        found = re.match(r"([ │├└─]*)([A-Z]\w+Error)\b", line)
        if found is None:
            continue
        depth = len(found[1])
        branches = [each for each in branches if each[0] < depth]
        parents[found[2]] = branches[-1][1] if branches else "Exception"
        branches.append((depth, found[2]))
    assert parents == {each.__name__: each.__bases__[0].__name__ for each in DEFINED}


@pytest.mark.parametrize("kind", DEFINED)
def test_every_exception_is_a_geartrain_error(kind: type[Exception]) -> None:
    assert issubclass(kind, GeartrainError)
    assert inspect.getdoc(kind)


def test_a_protocol_error_has_what_the_packet_needs() -> None:
    error = ProtocolError(b"INVALID_MAGIC", b"Bad \xff magic")
    assert (error.code, error.text) == (b"INVALID_MAGIC", b"Bad \xff magic")
    assert str(error) == "INVALID_MAGIC: Bad \N{REPLACEMENT CHARACTER} magic"


def test_a_wrong_packet_is_a_lesser_protocol_error() -> None:
    assert issubclass(PacketError, ProtocolError)
    assert not issubclass(OptionError, ProtocolError)
