"""The unique that is a hash of the workload."""

from __future__ import annotations

import pytest

from geartrain.cli.gearman_hash import workload_unique


@pytest.mark.parametrize(
    ("workload", "unique"), [(b"hello", "1067880409"), (b"x", "1030509023"), (b"", "0")]
)
def test_it_is_libgearmans(workload: bytes, unique: str) -> None:
    assert workload_unique(workload) == unique


def test_every_byte_counts() -> None:
    workloads = [bytes([number]) * 7 for number in range(256)]
    assert len({workload_unique(each) for each in workloads}) == 256
