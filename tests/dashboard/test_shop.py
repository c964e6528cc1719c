"""The shop that screenshots are made of: its workers in Python and PHP do its jobs."""

from __future__ import annotations

from pathlib import Path

from tests.support.demo.functions import FUNCTIONS
from tests.support.demo.shop import running_shop
from tests.support.waiting import wait_until


def test_the_shop_is_busy_and_has_a_past(tmp_path: Path) -> None:
    with running_shop(tmp_path) as shop:

        def rows() -> dict[str, int]:
            told = shop.get("/v1/statistics").json["items"]
            return {each["function"]: each["total"]["succeeded"] for each in told}

        served = [each.name for each in FUNCTIONS if each.workers and each.rate > 1]
        wait_until(lambda: all(rows().get(each) for each in served), "jobs succeed")
        hours = shop.get("/v1/statistics/hours").json["items"]
        assert len(hours) > 70
