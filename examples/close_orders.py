"""Close an order twenty minutes after it was placed, unless it is paid by then.

Run a worker:    SHOP=shop.db geartrain worker close_orders
Place an order:  SHOP=shop.db python close_orders.py place 17
Pay it:          SHOP=shop.db python close_orders.py pay 17
"""

import os
import sqlite3
import sys
from contextlib import closing

from geartrain import Client, Worker

worker = Worker(codec="json")


def change(number: int, before: str, after: str) -> bool:
    statement = "UPDATE orders SET state = ? WHERE number = ? AND state = ?"
    with closing(sqlite3.connect(os.environ["SHOP"])) as shop, shop:
        return shop.execute(statement, (after, number, before)).rowcount == 1


def place(client: Client, number: int) -> None:
    if change(number, "cart", "open"):
        unique = f"order-{number}"
        client.do_background("close-order", number, delay=20 * 60, unique=unique)


@worker.function("close-order")
def close(number: int) -> None:
    # Whether it was paid is seen when it matters: nothing has to be cancelled before.
    change(number, "open", "closed")


if __name__ == "__main__":
    action, order = sys.argv[1], int(sys.argv[2])
    if action == "pay":
        print(
            "paid" if change(order, "open", "paid") else "there is no such open order"
        )
    else:
        with Client(codec="json") as client:
            place(client, order)
