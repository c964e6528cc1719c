"""Rows of recurring jobs, those of earlier versions included."""

from __future__ import annotations

from zlib import crc32

from geartrain.stores.schedule_packing import pack_schedule
from geartrain.stores.sqlite.schedules import schedule_of
from tests.support.store_records import schedule


def test_a_row_of_an_earlier_version_has_no_headers() -> None:
    written = schedule(7)
    written.headers = written.owner = b""
    packed = pack_schedule(written).removesuffix(bytes(8))
    read = schedule_of(7, crc32(packed, 7), packed)
    assert (read.fields, read.headers) == (written.fields, b"")
    assert read.workload == written.workload


def test_a_row_of_an_earlier_version_has_no_owner() -> None:
    written = schedule(7)
    written.owner = b""
    packed = pack_schedule(written).removesuffix(bytes(4))
    read = schedule_of(7, crc32(packed, 7), packed)
    assert (read.headers, read.owner) == (written.headers, b"")
