"""Pages that are open for long, that show much, and that several people have open."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from geartrain.protocol.constants import PacketType
from tests.support.browser import looking, updated
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import bury, submit
from tests.support.populated import Populated
from tests.support.wire import Wire, packet

# What a page does in some minutes, a refresh a second; a leak of a node in each shows.
WARM, REFRESHES = 60, 300

REFRESH = """async (count) => {
  const page = await (await fetch(location)).text();
  const pattern = /<section id="(region-\\w+)" class="region">([^]*?)<\\/section>/g;
  const regions = [...page.matchAll(pattern)];
  const next = (digit) => (Number(digit) + 1) % 10;
  for (let done = 0; done < count; done++) {
    for (const [, name, text] of regions) {
      const sent = done % 2 ? text : text.replaceAll(/(?<!&#\\d*)\\d/g, next);
      await geartrainMorph(document.getElementById(name), sent);
    }
    document.dispatchEvent(new Event("geartrain:update"));
  }
  return regions.length;
}"""


def memory(page: Page) -> tuple[int, int]:
    """Return the bytes of the page's objects and the number of its nodes."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    told = session.send("Performance.getMetrics")["metrics"]
    found = {each["name"]: each["value"] for each in told}
    session.detach()
    return int(found["JSHeapUsedSize"]), int(found["Nodes"])


@pytest.mark.timeout(120)
def test_a_page_that_is_open_for_long_does_not_grow(
    browser: Browser, filled: Populated
) -> None:
    with looking(browser, filled.server) as page:
        # Nothing but this test brings it up to date.
        page.evaluate("localStorage.setItem('geartrain-live', 'paused')")
        page.reload()
        expect(page.locator("#live-text")).to_contain_text("Paused")
        assert page.evaluate(REFRESH, WARM) == 4
        size, nodes = memory(page)
        page.evaluate(REFRESH, REFRESHES)
        later, more = memory(page)
        assert later < 1.1 * size
        assert more < nodes + REFRESHES // 2


def test_two_people_act_on_the_same_thing(browser: Browser) -> None:
    with running_http() as server:
        bury(server.jobs, b"mail.send", [b"1"], b"greylisted")
        with looking(browser, server) as ann, looking(browser, server) as bob:
            for page in (ann, bob):
                page.get_by_role("button", name="Run them again").click()
                expect(page.get_by_text("Run 1 dead letter of")).to_be_visible()
            ann.get_by_role("button", name="Run 1 dead letter again").click()
            expect(ann.locator(".message")).to_contain_text("1 dead letter")
            # What Bob confirms has been done meanwhile, and he is told so.
            bob.get_by_role("button", name="Run 1 dead letter again").click()
            expect(bob.locator(".message")).to_contain_text("nothing was changed")
            expect(bob.locator("#row-mail\\.send td").first).to_have_text("1")


def fill(server: HttpServer, count: int) -> None:
    sent = [
        packet(PacketType.SUBMIT_JOB_BG, b"function-%d" % number, b"", b"work")
        for number in range(count)
    ]
    with Wire(server.jobs.connect(60)) as client:
        client.send_bytes(b"".join(sent))
        for _ in sent:
            client.expect(PacketType.JOB_CREATED)


def test_ten_thousand_functions_are_one_sentence(browser: Browser) -> None:
    with running_http() as server:
        fill(server, 10_000)
        with looking(browser, server) as page:
            needs = page.locator(".needs")
            expect(needs).to_contain_text("10,000 functions have waiting jobs")
            expect(needs).to_contain_text("and 9,994 more")
            expect(page.get_by_role("link", name="All 10,000")).to_be_visible()
            updated(page)
            assert page.evaluate("document.querySelectorAll('*').length") < 1000


def test_it_is_used_by_keyboard_alone(browser: Browser) -> None:
    with running_http() as server:
        bury(server.jobs, b"mail.send", [b"1"], b"greylisted")
        with looking(browser, server) as page:
            keys = page.keyboard
            keys.press("Tab")
            expect(page.get_by_role("link", name="Skip to")).to_be_focused()
            keys.press("Enter")
            expect(page.locator("main")).to_be_focused()
            button = page.get_by_role("button", name="Run them again")
            for _ in range(5):
                keys.press("Tab")
                if button.evaluate("each => each === document.activeElement"):
                    break
            expect(button).to_be_focused()
            keys.press("Enter")
            expect(page.get_by_text("Run 1 dead letter of")).to_be_visible()
            keys.press("Escape")
            expect(page.locator("dialog")).to_be_hidden()
            expect(button).to_be_focused()
            keys.press("Enter")
            expect(page.get_by_text("Keep as it is")).to_be_focused()
            keys.press("Tab")
            keys.press("Enter")
            expect(page.locator(".message")).to_contain_text("run again")


def test_the_theme_is_the_systems_or_what_was_chosen(browser: Browser) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with running_http() as server:
        submit(server.jobs, b"mail.send")
        with looking(browser, server, theme="dark") as page:
            dark = page.evaluate(ground)
            button = page.get_by_role("button", name="Theme")
            expect(button).to_have_accessible_name("Theme: system")
            button.click()
            expect(button).to_have_accessible_name("Theme: light")
            assert page.evaluate(ground) != dark
            page.reload()
            assert page.evaluate(ground) != dark
            button.click()
            assert page.evaluate(ground) == dark
            button.click()
            expect(button).to_have_accessible_name("Theme: system")


def test_a_page_can_be_printed(browser: Browser, filled: Populated) -> None:
    with looking(browser, filled.server) as page:
        page.emulate_media(media="print")
        expect(page.locator(".corner")).to_be_hidden()
        expect(page.locator("table.rows")).to_be_visible()
    # Whoever has the same page after that sees it on a screen.
    with looking(browser, filled.server) as page:
        expect(page.locator(".corner")).to_be_visible()
