"""Statements with many rows."""

from __future__ import annotations

from geartrain.stores.mysql.statements import among, literal, row_of, wide

COVERS = ("stores/mysql/pieces",)


def test_values_are_numbers_or_hexadecimal() -> None:
    assert literal(b"'; DROP TABLE jobs; --").startswith("x'273b20")
    assert literal(b"") == "x''"
    assert row_of(-1, None, b"\0\xff") == "(-1,NULL,x'00ff')"


def test_rows_are_in_as_many_statements_as_their_size_needs() -> None:
    rows = [row_of(number, b"x" * 100_000) for number in range(7)]
    statements = list(wide("INSERT INTO t", rows, "AGAIN"))
    assert [each.count("(") for each in statements] == [2, 2, 2, 1]
    assert all(len(each) < 1024 * 1024 for each in statements)
    assert statements[0].startswith("INSERT INTO t VALUES (0,x'78")
    assert statements[0].endswith("') AGAIN")


def test_no_rows_are_no_statement() -> None:
    assert list(wide("INSERT INTO t", [])) == []
    assert list(among("DELETE FROM t WHERE number", [])) == []


def test_many_numbers_are_in_several_lists() -> None:
    statements = list(among("DELETE FROM t WHERE number", range(4001)))
    assert len(statements) == 3
    assert statements[0].startswith("DELETE FROM t WHERE number IN (0,1,2,")
    assert statements[2] == "DELETE FROM t WHERE number IN (4000)"
