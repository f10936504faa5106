"""What a browser loads and shows first: little, at once, and the same in every window."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from apps import Site, Team, fresh_sqlite, running_site
from html_pages import Page as PlainPage
from hunt import clock
from hunt.web.render import initial
from live_world import guess
from people import Person, somebody
from small_hunt import write_small_hunt
from waiting import WITHIN_SECONDS

pytestmark = pytest.mark.anyio

MOST_LOGIN_REQUESTS = 12
MOST_LOGIN_BYTES = 35 * 1024
MOST_HUB_BYTES = 50 * 1024


@pytest.fixture
async def team(web_site: Site) -> Team:
    return await web_site.app.team()


class Traffic:
    """What a page fetches, as it goes over the wire."""

    def __init__(self, page: Page) -> None:
        self.sizes: dict[str, int] = {}
        self._page = page

    async def measure(self) -> None:
        session = await self._page.context.new_cdp_session(self._page)
        await session.send("Network.enable")
        await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        urls: dict[str, str] = {}
        session.on("Network.responseReceived", lambda each: urls.update({each["requestId"]: each["response"]["url"]}))
        session.on("Network.loadingFinished", lambda each: self._finished(urls, each))

    def _finished(self, urls: dict[str, str], event: dict[str, object]) -> None:
        url = urls.get(str(event["requestId"]), "")
        if url.startswith("http"):
            self.sizes[url] = int(str(event["encodedDataLength"]).split(".")[0])


async def settled(person: Person) -> None:
    await person.page.wait_for_load_state("networkidle")


async def test_a_login_is_few_requests_and_few_bytes(browser: Browser, web_site: Site) -> None:
    async with somebody(browser, web_site) as one:
        traffic = Traffic(one.page)
        await traffic.measure()
        await one.goto("/login")
        await settled(one)
        assert len(traffic.sizes) <= MOST_LOGIN_REQUESTS, traffic.sizes
        assert sum(traffic.sizes.values()) <= MOST_LOGIN_BYTES, traffic.sizes


async def test_a_hub_without_pictures_is_few_bytes(browser: Browser, web_site: Site, team: Team) -> None:
    async with somebody(browser, web_site) as one:
        await one.log_in(team)
        traffic = Traffic(one.page)
        await traffic.measure()
        await one.goto("/")
        await one.connected()
        sizes = {url: size for url, size in traffic.sizes.items() if "/assets/" not in url}
        assert sum(sizes.values()) <= MOST_HUB_BYTES, sizes


async def test_all_scripts_of_a_page_are_named_in_its_head(web_site: Site, team: Team, browser: Browser) -> None:
    async with somebody(browser, web_site) as one:
        await one.log_in(team, "/puzzles/lantern")
        await one.connected()
        loaded = await one.page.evaluate(
            "performance.getEntriesByType('resource').map((each) => each.name).filter((name) => name.endsWith('.js'))"
        )
        named = await one.page.evaluate(
            "[...document.head.querySelectorAll('[href], [src]')].map((e) => e.href ?? e.src)"
        )
        assert {name for name in loaded if "worker" not in name} <= set(named)


async def test_the_front_page_says_what_a_stranger_wants_to_know_and_nothing_more(tmp_path: Path) -> None:
    start = clock.now() + timedelta(days=2)
    hunt = write_small_hunt(tmp_path / "hunt", start=start, end=start + timedelta(days=3), contact="hq@hunt.example")
    async with running_site(hunt, await fresh_sqlite(tmp_path)) as site, site.client() as client:
        page = PlainPage(await client.get("/", headers={"accept": "text/html"}))
        assert page.answer.status_code == 200
        for text in ("The Small Hunt", "One of everything", "Rules", "Log in", "Register", "hq@hunt.example", "Begins"):
            assert text in page.text
        assert {"/login", "/register", "/pages/rules", "mailto:hq@hunt.example"} <= set(page.addresses)
        assert "data-mac" not in page.answer.text
        assert "data-epoch" not in page.answer.text
        assert "Downstairs" not in page.text
        await site.app.begin()
        assert "Downstairs" not in (await client.get("/")).text


async def test_a_countdown_page_loads_again_when_it_is_over_also_without_a_socket(
    browser: Browser, tmp_path: Path
) -> None:
    hunt = write_small_hunt(tmp_path / "hunt", start=clock.now() + timedelta(seconds=8))
    async with running_site(hunt, await fresh_sqlite(tmp_path), role="web") as site:
        team = await site.app.team()
        async with somebody(browser, site) as one:
            await one.log_in(team)
            await expect(one.page.locator(".ui-countdown")).to_be_visible()
            async with one.page.expect_event("framenavigated", timeout=WITHIN_SECONDS * 1000):
                pass


async def test_a_theme_that_is_chosen_in_one_window_reaches_the_others(
    browser: Browser, web_site: Site, team: Team
) -> None:
    async with somebody(browser, web_site) as one:
        await one.log_in(team)
        other = await one.page.context.new_page()
        await other.goto(web_site.url + "/puzzles")
        await expect(one.page.locator("#theme")).to_be_visible()
        for chosen in ("dark", "light"):
            await one.page.check(f"#theme input[value={chosen}]", force=True)
            await expect(other.locator("html")).to_have_attribute("data-theme", chosen)
            await expect(other.locator(f"#theme input[value={chosen}]")).to_be_checked()
        await one.page.check("#theme input[value=auto]", force=True)
        await expect(other.locator("html")).not_to_have_attribute("data-theme", "light")


async def test_a_table_is_copied_with_tabs_and_as_a_table(browser: Browser, web_site: Site, team: Team) -> None:
    await guess(web_site.app, team, "lighthouse")
    async with somebody(browser, web_site, permissions=["clipboard-read", "clipboard-write"]) as one:
        await one.log_in(team, "/puzzles")
        await one.page.click("[data-copy-table]")
        await expect(one.page.locator("#toasts")).to_contain_text("Copied.")
        text, html = await one.page.evaluate(
            "navigator.clipboard.read().then(([item]) => Promise.all(['text/plain', 'text/html']"
            ".map((type) => item.getType(type).then((blob) => blob.text()))))"
        )
        lines = text.split("\n")
        assert len(lines) == await one.page.locator("#puzzle-table tr:not([hidden])").count()
        assert len({line.count("\t") for line in lines}) == 1
        [line] = [line for line in lines if line.startswith("Lantern\t")]
        assert "LIGHTHOUSE" in line.split("\t")
        assert html.count("<tr") == len(lines)
        assert "LIGHTHOUSE" in html


async def test_the_strip_of_a_lost_connection_covers_nothing(browser: Browser, web_site: Site, team: Team) -> None:
    async with somebody(browser, web_site, viewport={"width": 390, "height": 700}) as one:
        await one.log_in(team, "/puzzles/lantern")
        await one.connected()
        await one.page.evaluate("dispatchEvent(new Event('offline'))")
        await expect(one.page.locator("#strip")).to_contain_text("Not connected")
        strip, heading = [await one.page.locator(each).bounding_box() for each in ("#strip", "h1")]
        assert strip is not None
        assert heading is not None
        assert strip["y"] + strip["height"] <= heading["y"]


async def test_on_a_phone_a_link_leads_to_the_guess_box_from_everywhere_else(
    browser: Browser, web_site: Site, team: Team
) -> None:
    async with somebody(browser, web_site, viewport={"width": 390, "height": 500}) as one:
        await one.log_in(team, "/puzzles/lantern")
        await one.page.evaluate("document.getElementById('prose').style.minHeight = '3000px'")
        link = one.page.locator(".to-guess")
        await expect(link).to_be_in_viewport()
        await one.page.mouse.wheel(0, 1000)
        await expect(link).to_be_in_viewport()
        await link.click()
        await expect(one.page.locator("#guess")).to_be_in_viewport()
        await expect(link).to_be_hidden()


async def test_a_round_without_a_picture_has_the_letter_of_a_word_that_says_something() -> None:
    assert [initial(title) for title in ("The Moon", "a", "Der Ball", "42 things", "¡Olé!", "…", "the")] == list(
        "MAB4O…T"
    )
