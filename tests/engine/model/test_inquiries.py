"""What other job servers are asked."""

from __future__ import annotations

import pytest

from geartrain.engine.model.inquiries import Inquiry, Said, is_unknown
from tests.support.dialogue import World


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"ERR UNKNOWN_JOB\r\n", True),
        (b"ERR UNKNOWN_BATCH no+job\r\n", True),
        (b'{"handle": "H:1", "state": "unknown", "x": 1}\n.\n', True),
        (b'{"unique": "\\"state\\": \\"unknown\\"", "state": "waiting"}\n.\n', False),
        (b"OK\r\n", False),
        (b".\n", False),
        (b"ERR JOB_RUNNING\r\n", False),
    ],
)
def test_an_answer_tells_whether_anything_is_known(
    answer: bytes, expected: bool
) -> None:
    assert is_unknown(answer) == expected


def test_one_that_knows_ends_what_one_is_asked() -> None:
    said = [Said(b"1", b"a", "a"), Said(b"2", b"b", "b")]
    inquiry = Inquiry(World().admin().engine_peer, said, is_list=False)
    said[0].data = b"ERR UNKNOWN_JOB\r\n"
    inquiry.is_for_one = True
    assert not inquiry.is_over()
    # Who refuses, or cannot say, may have it.
    said[0].data = b"ERR NOT_ALLOWED\r\n"
    assert not inquiry.is_over()
    said[1].data = b"OK\r\n"
    assert inquiry.is_over()
    assert inquiry.found() is said[1]
    inquiry.is_for_one = False
    assert not inquiry.is_over()
