"""Flow keys that stand for addressees, and those that do not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from geartrain.engine.model.addressees import addressee_of, flow_key_of, is_addressed
from geartrain.engine.model.pointers import key_at


@given(st.binary(min_size=1))
def test_a_flow_key_tells_whose_it_is(addressee: bytes) -> None:
    key = flow_key_of(addressee)
    assert is_addressed(key)
    assert addressee_of(key) == addressee


@given(st.binary(min_size=1).filter(lambda key: key[0] != 0))
def test_other_keys_are_nobody_s(key: bytes) -> None:
    assert not is_addressed(key)
    assert addressee_of(key) == b""


def test_no_workload_has_the_key_of_an_addressee() -> None:
    assert key_at("/k", b'{"k": "\\u0000worker:web-7"}') == b""
