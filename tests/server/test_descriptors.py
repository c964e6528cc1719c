"""That no descriptors are left is told in the log, once in a while."""

from __future__ import annotations

import logging
import resource

import pytest

from geartrain.server.descriptors import Descriptors


@pytest.fixture
def last() -> int:
    """Return the highest descriptor that this process can have."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1


def test_the_last_descriptor_is_told_once_a_minute(
    last: int, caplog: pytest.LogCaptureFixture
) -> None:
    now = 1000.0
    descriptors = Descriptors(lambda: now)
    with caplog.at_level(logging.ERROR, "geartrain.server"):
        descriptors.note(last - 1)
        assert caplog.messages == []
        descriptors.note(last)
        now += 30
        descriptors.note(last)
        assert len(caplog.messages) == 1
        assert caplog.messages[0].startswith(f"all {last + 1} descriptors are in use")
        now += 31
        descriptors.note(last)
        assert len(caplog.messages) == 2
