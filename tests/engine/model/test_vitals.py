"""What is told of a process before anything has looked at it."""

from __future__ import annotations

from geartrain.engine.model.vitals import Vitals


def test_what_is_not_known_is_not_told() -> None:
    vitals = Vitals()
    assert not vitals.is_stopping
    assert vitals.resident is vitals.descriptors is vitals.most_descriptors is None
