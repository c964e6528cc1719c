"""What is said of a submitted job."""

from __future__ import annotations

from typing import Any

import pytest

from geartrain.testing.records import SubmittedRecord, same_workload


@pytest.mark.parametrize(
    ("workload", "expected"),
    [
        (b"\xff\0", b"\xff\0"),
        (b"abc", bytearray(b"abc")),
        ("Zürich".encode(), "Zürich"),
        (b"\xff", "\udcff"),
        (b'{"id": 5,"to":["a"]}', {"to": ["a"], "id": 5}),
        (b"null", None),
        (b'"text"', "text"),
    ],
)
def test_a_workload_is_these_bytes_this_text_or_this_value(
    workload: bytes, expected: Any
) -> None:
    assert same_workload(workload, expected)


@pytest.mark.parametrize(
    ("workload", "expected"),
    [(b"abc", b"ab"), (b"abc", "ab"), (b"{", {}), (b"\xff", 1), (b"5", "6")],
)
def test_another_workload_is_none_of_these(workload: bytes, expected: Any) -> None:
    assert not same_workload(workload, expected)


def test_a_record_shows_what_is_out_of_the_ordinary() -> None:
    plain = SubmittedRecord(function="mail", workload=b"hello", state="done")
    assert str(plain) == "mail b'hello' (done)"
    rich = SubmittedRecord(
        function="mail",
        workload=b"x" * 101,
        unique="order-17",
        priority="high",
        background=True,
        due=1060.0,
        submitted=1000.0,
        state="scheduled",
    )
    assert str(rich) == (
        f"mail b'{'x' * 100}'… (101 bytes) unique='order-17' priority=high background"
        " due in 60 s (scheduled)"
    )
    recurring = SubmittedRecord(function="report", workload=b"", schedule="0 7 * * *")
    assert "schedule='0 7 * * *'" in str(recurring)
