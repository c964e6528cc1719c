"""What is remembered of messages to a hook."""

from __future__ import annotations

from geartrain.engine.model.hooks import (
    DELIVERED,
    DROPPED,
    RETRYING,
    Delivery,
    HookReport,
)


def test_the_latest_messages_are_bounded() -> None:
    report = HookReport("/bin/tell", (), "*")
    for number in range(100):
        report.add(Delivery(str(number), float(number), DELIVERED, ""))
    assert [each.about for each in report.latest][:2] == ["99", "98"]
    assert len(report.latest) == 10


def test_a_try_is_replaced_by_what_follows_it() -> None:
    report = HookReport("/bin/tell", (), "*")
    for outcome in (RETRYING, RETRYING, DROPPED, DELIVERED):
        report.add(Delivery("1 dead letter", 1.0, outcome, ""))
    outcomes = [each.outcome for each in report.latest]
    assert outcomes == [DELIVERED, DROPPED]
