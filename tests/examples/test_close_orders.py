"""Orders that are paid in time, and others."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.testing import LocalServer
from tests.support.examples import at_work, run

MINUTE = 60


@pytest.fixture
def shop(tmp_path: Path) -> str:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as opened, opened:
        opened.execute("CREATE TABLE orders (number INTEGER, state TEXT)")
        opened.execute("INSERT INTO orders VALUES (17, 'cart'), (18, 'cart')")
    return str(path)


def orders(shop: str) -> dict[int, str]:
    with closing(sqlite3.connect(shop)) as opened:
        return dict(opened.execute("SELECT number, state FROM orders"))


def test_an_order_that_is_not_paid_is_closed_after_twenty_minutes(
    server: LocalServer, shop: str
) -> None:
    with at_work(server, "close_orders", SHOP=shop):
        for number in ("17", "18"):
            run(server, "close_orders.py", "place", number, SHOP=shop)
        server.clock.move(19 * MINUTE)
        server.wait_idle(20)
        assert orders(shop) == {17: "open", 18: "open"}
        assert run(server, "close_orders.py", "pay", "17", SHOP=shop) == "paid\n"
        server.clock.move(2 * MINUTE)
        server.wait_idle(20)
        assert orders(shop) == {17: "paid", 18: "closed"}
        printed = run(server, "close_orders.py", "pay", "18", SHOP=shop)
        assert printed == "there is no such open order\n"


def test_an_order_is_placed_once(server: LocalServer, shop: str) -> None:
    for _ in range(2):
        run(server, "close_orders.py", "place", "17", SHOP=shop)
    server.assert_submitted("close-order", workload=17, unique="order-17", count=1)
