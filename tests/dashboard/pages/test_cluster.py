"""The job servers that share a store, and who helps whom, on a page."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.support.browser import PHONE, faults, looking
from tests.support.http_client import HttpServer, running_http
from tests.support.metrics import checked_metrics
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.servers import RunningServer, free_port, running_geartrain


def test_one_that_is_alone_says_how_to_have_more(
    browser: Browser, empty: HttpServer
) -> None:
    with looking(browser, empty, "/cluster") as page:
        expect(page.get_by_role("heading", name="is alone")).to_be_visible()
        expect(page.get_by_text("--peer jobs2.example.com")).to_be_visible()
        expect(page.get_by_text("Whom this one helps")).to_have_count(0)


def test_nodes_with_their_leases_and_links_are_followed(
    browser: Browser, database: PostgresqlServer
) -> None:
    store = ("--store", database.url())
    away = f"127.0.0.1:{free_port()}"
    with (
        running_http(*store, "--node-name", "one", "--peer", away) as server,
        running_geartrain(*store, "--node-name", "other") as other,
        looking(browser, server, "/cluster") as page,
    ):
        nodes, helped, helpers = (
            page.get_by_role("region", name=each).locator("tbody tr")
            for each in (
                "Job servers on one store",
                "Whom this one helps",
                "Who helps this one",
            )
        )
        # They find each other within three seconds.
        expect(helped).to_have_count(2, timeout=15_000)
        connected = helped.filter(has_text="other").filter(has_text="connected")
        expect(connected).to_have_count(1, timeout=15_000)
        expect(nodes.first).to_contain_text("this one")
        expect(nodes.first).to_contain_text("leading")
        expect(nodes.last).to_contain_text(other.address)
        expect(nodes.last).to_contain_text("alive")
        expect(helped.filter(has_text=away)).to_contain_text("refused")
        expect(helpers).to_contain_text("other")
        expect(page.get_by_text("2 job servers, all leases run")).to_be_visible()
        expect(page.get_by_text("1 of 2 peers connected")).to_be_visible()
        badge = page.get_by_role("link", name="Cluster").locator(".badge")
        expect(badge).to_contain_text("1")
        page.set_viewport_size({"width": PHONE, "height": 844})
        page.emulate_media(color_scheme="dark")
        assert faults(page) == []
        _look_otherwise(server, other)
        other.process.kill()
        alone = page.get_by_text("1 job server, all leases run")
        expect(alone).to_be_visible(timeout=15_000)


def _look_otherwise(server: HttpServer, other: RunningServer) -> None:
    """See the same by HTTP and in metrics."""
    own, node, *links = server.get("/v1/cluster").json["items"]
    assert (own["role"], own["state"], own["lanes"]) == ("self", "leading", [1])
    assert (node["role"], node["address"]) == ("node", other.address)
    assert {each["role"] for each in links} == {"helped", "helper"}
    samples = checked_metrics(server)
    assert samples['gearman_nodes{state="alive"}'] == 1
    assert 0 < samples["gearman_lease_seconds"] <= 10
    assert samples["gearman_lanes"] == 1
    assert samples['gearman_peers{role="helped",state="away"}'] == 1
    assert samples['gearman_peer_jobs_total{peer="other",role="helper"}'] == 0
