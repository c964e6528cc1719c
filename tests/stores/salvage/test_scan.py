"""Rows of tables with pages that cannot be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.stores.salvage.scan import Numbers, Scan, both_ways


@pytest.fixture
def rows(path: Path) -> Path:
    """Return a database of a table whose rows fill half a page each."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE rows(number INTEGER PRIMARY KEY, text)")
        values = ((number, f"<{number:03}>" * 360) for number in range(1, 101))
        connection.executemany("INSERT INTO rows VALUES(?, ?)", values)
    return path


def spoil(path: Path, *numbers: int) -> None:
    """Overwrite the pages of rows."""
    data = bytearray(path.read_bytes())
    for number in numbers:
        page = data.index(f"<{number:03}>".encode() * 300) // 4096
        data[page * 4096 : (page + 1) * 4096] = b"\xff" * 4096
    path.write_bytes(data)


@pytest.fixture
def connection(rows: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(rows)) as opened:
        yield opened


def scan_of(connection: sqlite3.Connection) -> tuple[Scan, list[int]]:
    """Read all rows and keep them; return the scan and the numbers in order."""
    scan = Scan(connection, "rows", "number", "number, text")
    numbers = []
    for number, _ in scan.rows():
        scan.keep(number)
        numbers.append(number)
    return scan, numbers


@given(st.lists(st.integers(-(2**63), 2**63 - 1)), st.sets(st.integers(0, 10)))
def test_numbers_are_a_set(added: list[int], removed: set[int]) -> None:
    numbers, expected = Numbers(), set(added)
    for number in added:
        numbers.add(number)
    for number in removed:
        numbers.discard(number)
    expected -= removed
    for number in {*added, *removed, 1 << 40}:
        assert (number in numbers) == (number in expected)


def test_a_sound_table_is_read_in_order(connection: sqlite3.Connection) -> None:
    scan, numbers = scan_of(connection)
    assert numbers == list(range(1, 101))
    assert (scan.reason, scan.hole, scan.count) == ("", None, 100)


def test_one_bad_page_costs_only_its_rows(
    rows: Path, connection: sqlite3.Connection
) -> None:
    spoil(rows, 50)
    scan, numbers = scan_of(connection)
    assert "malformed" in scan.reason
    assert 50 not in numbers
    assert len(set(numbers)) == len(numbers)
    assert scan.hole is not None
    low, high = scan.hole
    numbers += [number for number, _ in scan.probe(low, high)]
    assert len(set(numbers)) == 98


def test_between_bad_pages_rows_are_found_one_by_one_and_by_probing(
    rows: Path, connection: sqlite3.Connection
) -> None:
    spoil(rows, 30, 50, 70)
    scan, numbers = scan_of(connection)
    assert scan.hole is not None
    low, high = scan.hole
    assert not any(low <= number <= high for number in numbers)
    assert scan.find(40) == (40, "<040>" * 360)
    assert scan.find(50) is None
    assert scan.find(1000) is None
    scan.keep(40)
    assert scan.has(40)
    for number, _ in scan.probe(low, high):
        scan.keep(number)
        numbers.append(number)
    assert 40 not in numbers
    assert {35, 45, 55, 65} <= set(numbers)
    assert len(numbers) >= 100 - 1 - 3 * 3


def test_what_is_not_kept_comes_again(connection: sqlite3.Connection) -> None:
    scan = Scan(connection, "rows", "number", "number, text")
    assert len(list(scan.rows())) == 100
    scan.keep(7)
    assert len(list(scan.rows())) == 99


def test_a_table_that_is_not_there_has_no_rows(connection: sqlite3.Connection) -> None:
    scan = Scan(connection, "others", "number", "number")
    assert list(scan.rows()) == []
    assert scan.reason == "no such table: others"


def test_an_index_is_read_from_both_ends(
    rows: Path, connection: sqlite3.Connection
) -> None:
    spoil(rows, 50)
    found = both_ways(connection, "SELECT number FROM rows", "number")
    numbers = {number for (number,) in found}
    assert {1, 45, 55, 100} <= numbers
    assert 50 not in numbers
    assert list(both_ways(connection, "SELECT x FROM rows", "number")) == []
