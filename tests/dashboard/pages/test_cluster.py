"""The job servers that share a store, and who helps whom, on a page."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from playwright.sync_api import Browser, expect

from geartrain.admin import Admin
from geartrain.dashboard.pages.cluster import _doing, _versions
from tests.support.browser import PHONE, faults, looking
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import submit, submit_later
from tests.support.metrics import checked_metrics
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.servers import RunningServer, free_port, running_geartrain
from tests.support.wire import Wire


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
        for _ in range(1204):
            submit(other, b"resize")
        expect(nodes.first.locator('[data-label="Waiting"]')).to_have_text("0")
        expect(nodes.last.locator('[data-label="Waiting"]')).to_have_text("1,204")
        expect(nodes.last.locator('[data-label="Workers"]')).to_have_text("0")
        expect(nodes.last.locator('[data-label="Started"]')).to_contain_text("ago")
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
        expect(page.get_by_text("1 job server crashed and not back")).to_be_visible()
        lost = nodes.filter(has_text="lost")
        expect(lost).to_contain_text("other")
        expect(lost).not_to_contain_text("tells no address")
        expect(badge).to_contain_text("2")


def test_rows_of_several_tell_whose_they_are(
    browser: Browser, database: PostgresqlServer
) -> None:
    store = ("--store", database.url())
    with (
        running_http(*store, "--node-name", "one") as server,
        running_geartrain(*store, "--node-name", "other") as other,
        Wire(server.jobs.connect()) as here,
        Wire(other.connect()) as there,
        looking(browser, server, "/cluster") as page,
    ):
        connected = page.get_by_role("region", name="Whom this one helps")
        expect(connected).to_contain_text("connected", timeout=15_000)
        with Admin(other.address) as admin:
            admin.set_policy("mail", {"options_in_names": True})
            admin.set_policy("resize", {"ttl": 600})
        for each, count in ((server.jobs, 3), (other, 5)):
            submit_later(each, b"resize", 60)
            for _ in range(count):
                submit(each, b"mail?batch=b2")
        for wire in (here, there):
            wire.register(b"resize")
        server_of = '[data-label="Job server"]'
        with Admin(server.jobs.address) as admin:
            admin.pause("resize")
        for path, name, count in (
            ("/schedules", "Delayed jobs", 2),
            ("/functions/resize", "Workers", 2),
            ("/settings", "What operators did", 3),
        ):
            page.goto(path)
            rows = page.get_by_role("region", name=name).locator("tbody tr")
            expect(rows).to_have_count(count)
            told = rows.locator(server_of).all_inner_texts()
            assert {*told} == {"this one", "other"}, path
            ids = rows.evaluate_all("all => all.map(each => each.id)")
            assert len(set(ids)) == count, path
            assert faults(page) == []
        page.goto("/batches")
        batches = page.get_by_role("region", name="Batches")
        expect(batches.locator("tbody tr")).to_have_count(1)
        expect(batches).to_contain_text("0 of 8")


def test_peers_with_stores_of_their_own_tell_what_they_do(
    browser: Browser,
) -> None:
    with (
        running_geartrain("--node-name", "other") as other,
        running_http("--node-name", "one", "--peer", other.address) as server,
        looking(browser, server, "/cluster", width=PHONE) as page,
    ):
        submit(other, b"resize")
        rows = page.get_by_role("region", name="Job servers").locator("tbody tr")
        expect(rows).to_have_count(2)
        expect(rows.first).to_contain_text("this one")
        expect(rows.last).to_contain_text("connected")
        expect(rows.last.locator('[data-label="Waiting"]')).to_contain_text("1")
        expect(rows.last.locator('[data-label="Lease"]')).to_have_count(0)
        assert faults(page) == []


ASKED = {"role": "self", "identity": "a", "node": "one"}
NODE = {"role": "node", "identity": "b", "node": "two", "state": "alive"}
SERVER = {"version": "2.0.0+geartrain-1.0.0", "identity": "a", "waiting": 1}


def doing(*servers: dict[str, Any], reason: str = "", sees: bool = True) -> list[Any]:
    missing = {"two": reason} if reason else {}
    call = SimpleNamespace(missing=lambda: missing, may=lambda *_: sees)
    return _doing(call, [ASKED, NODE], [SERVER, *servers])  # type: ignore[arg-type]


def test_versions_that_differ_are_seen_at_a_glance() -> None:
    newer = {"version": "2.0.0+geartrain-1.1.0", "identity": "b", "waiting": 7}
    own, other = rows = doing(newer)
    assert (own["version"], own["differs"], own["waiting"]) == ("1.0.0", False, 1)
    assert (other["version"], other["differs"], other["waiting"]) == ("1.1.0", True, 7)
    assert _versions(rows) == [("2 versions: 1.0.0, 1.1.0", "waiting")]
    # An earlier version tells neither its identity nor its jobs.
    earlier = {"version": "2.0.0+geartrain-0.9.0", "node": "two"}
    assert doing(earlier)[1]["version"] == "0.9.0"
    assert doing(earlier)[1]["waiting"] is None
    assert doing({**earlier, "node": "three"})[1]["version"] is None
    assert _versions(doing({**newer, "version": SERVER["version"]})) == []


def test_what_a_node_does_not_tell_is_blank_and_says_why() -> None:
    other = doing(reason="it was silent")[1]
    assert (other["version"], other["running"]) == (None, None)
    assert other["why"] == "did not answer: it was silent"
    assert doing(sees=False)[1]["why"] == "told to who may see all functions"


def _look_otherwise(server: HttpServer, other: RunningServer) -> None:
    """See the same by HTTP and in metrics."""
    own, node, *links = server.get("/v1/cluster").json["items"]
    assert (own["role"], own["state"], own["lanes"]) == ("self", "leading", [1])
    assert (node["role"], node["address"]) == ("node", other.address)
    told = server.get("/v1/servers").json["items"]
    assert [(each["node"], each["waiting"]) for each in told] == [
        ("one", 0),
        ("other", 1204),
    ]
    (alone,) = server.get("/v1/servers?span=local").json["items"]
    assert alone["identity"] == own["identity"]
    problems = server.get("/v1/problems?span=all").json["items"]
    assert "other" in {each.get("node") for each in problems}
    assert len(server.get("/v1/owners?span=all").json["items"]) == 0
    reply = server.get("/v1/functions/resize/keys?span=all")
    assert (reply.status, reply.json["items"]) == (200, [])
    assert server.get("/v1/functions/resize/keys").status == 404
    assert {each["role"] for each in links} == {"helped", "helper"}
    samples = checked_metrics(server)
    assert samples['gearman_nodes{state="alive"}'] == 1
    assert 0 < samples["gearman_lease_seconds"] <= 10
    assert samples["gearman_lanes"] == 1
    assert samples['gearman_peers{role="helped",state="away"}'] == 1
    assert samples['gearman_peer_jobs_total{peer="other",role="helper"}'] == 0
