"""Rows of recurring jobs, those of earlier versions included."""

from __future__ import annotations

from zlib import crc32

from geartrain.stores.sqlite.schedules import pack_schedule, unpack_schedule
from tests.support.store_records import schedule


def test_a_row_of_an_earlier_version_has_no_headers() -> None:
    written = schedule(7)
    headers = len(written.headers).to_bytes(4, "little") + written.headers
    packed = pack_schedule(written).removesuffix(headers)
    read = unpack_schedule(7, crc32(packed, 7), packed)
    assert (read.fields, read.headers) == (written.fields, b"")
    assert read.workload == written.workload
