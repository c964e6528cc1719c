"""What is told of a link before anything is known of it."""

from __future__ import annotations

from geartrain.engine.model.links import CONNECTING, LinkReport


def test_a_new_link_has_not_been_reached() -> None:
    report = LinkReport("10.0.0.7:4730")
    assert report.address == "10.0.0.7:4730"
    assert (report.state, report.since, report.error) == (CONNECTING, 0.0, "")
    assert (report.running, report.taken, report.returned) == (0, 0, 0)
    assert report.offered == {}
