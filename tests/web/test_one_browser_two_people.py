"""Several people at one browser, and authors' pages in ours: nobody finds what is not theirs, and nothing gets mixed up."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from apps import Site, Team, fresh_sqlite, running_site
from live_world import guess
from people import somebody
from small_hunt import write_small_hunt

pytestmark = pytest.mark.anyio

LEAVE = "dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))"
COME_BACK = "dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))"

TRICKY = """
<p id="guess">?</p><form id="guess-form" class="mine"><input name="guess"><button>Mine</button></form>
<div id="content" data-live="hub" data-parts>content</div><div id="history" data-canonical="X">history</div>
<b id="main">main</b><i id="strip">strip</i><p id="toasts">toasts</p><p id="solved" data-glow>solved</p>
<p id="puzzle-side">side</p><p id="puzzle-top">top</p><p id="guess-button">button</p><p id="guess-status">status</p>
<p id="live-puzzle" data-slug="vault">live</p><button data-copy="x" data-api="/api/logout" class="acts">Act</button>
<time class="theirs" datetime="2001-01-01">my own time</time><p data-countdown="2001-01-01" class="count">my countdown</p>
<div id="note" contenteditable="true">x</div><div id="grid" tabindex="0"></div>
"""


@pytest.fixture(scope="module")
async def site(anyio_backend: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("one-browser")
    hunt: Path = write_small_hunt(folder / "hunt")
    (hunt / "puzzles/mirror/puzzle.md").unlink()
    (hunt / "puzzles/mirror/puzzle.html").write_text(TRICKY)
    async with running_site(hunt, await fresh_sqlite(folder)) as site:
        await site.app.begin()
        yield site


async def teams(site: Site) -> tuple[Team, Team]:
    return await site.app.team(), await site.app.team()


async def test_after_a_logout_the_next_team_finds_no_text_of_the_last(browser: Browser, site: Site) -> None:
    first, second = await teams(site)
    async with somebody(browser, site) as one:
        await one.log_in(first, "/puzzles/lantern")
        await one.page.fill("#guess", "half a secret")
        await one.goto("/team")
        await one.page.click("form[action='/logout'] button")
        await expect(one.page).to_have_url(f"{site.url}/login")
        assert "secret" not in await one.page.evaluate("JSON.stringify([sessionStorage, localStorage])")
        await one.log_in(second, "/puzzles/lantern")
        await expect(one.page.locator("#guess")).to_have_value("")


async def test_a_draft_waits_for_its_own_team_alone(browser: Browser, site: Site) -> None:
    first, second = await teams(site)
    async with somebody(browser, site) as one:
        for team, found in ((first, ""), (second, ""), (first, "half a thought")):
            await one.page.context.clear_cookies()
            await one.log_in(team, "/puzzles/lantern")
            await expect(one.page.locator("#guess")).to_have_value(found)
            if team is first:
                await one.page.fill("#guess", "half a thought")


async def test_a_page_that_is_restored_is_hidden_until_it_is_known_whose_it_is(browser: Browser, site: Site) -> None:
    first, second = await teams(site)
    async with somebody(browser, site) as one:
        await one.log_in(first, "/puzzles/lantern")
        await one.connected()
        await one.mark()
        await one.page.evaluate(LEAVE)
        await expect(one.page.locator("h1")).to_be_hidden()
        await guess(site.app, first, "dark")
        await one.page.evaluate(COME_BACK)
        await expect(one.page.locator("h1")).to_be_visible()
        await expect(one.page.locator("#history")).to_contain_text("DARK")
        assert await one.is_marked()
        await one.page.evaluate(LEAVE)
        cookie = {"name": "session", "value": second.token, "url": site.url}
        await one.page.context.add_cookies([cookie])  # type: ignore[list-item] # a dictionary of that shape
        await one.page.evaluate(COME_BACK)
        await expect(one.page.locator(".ui-top")).to_contain_text(second.name)
        await expect(one.page.locator(".puzzle-side")).not_to_contain_text("DARK")
        assert not await one.is_marked()


async def test_a_page_that_is_restored_after_a_logout_asks_for_a_login(browser: Browser, site: Site) -> None:
    first, _ = await teams(site)
    async with somebody(browser, site) as one:
        await one.log_in(first, "/puzzles/lantern")
        await one.page.evaluate(LEAVE)
        await one.page.context.clear_cookies()
        await one.page.evaluate(COME_BACK)
        await expect(one.page).to_have_url(f"{site.url}/login?next=%2Fpuzzles%2Flantern")


async def test_a_logout_asks_the_browser_to_forget(site: Site) -> None:
    first, _ = await teams(site)
    async with site.client(headers=first.headers) as client:
        assert "storage" in (await client.post("/api/logout")).headers["clear-site-data"]
    async with site.client(cookies={"session": (await site.app.team()).token}) as client:
        answer = await client.post("/logout", headers={"origin": site.url})
        assert "storage" in answer.headers["clear-site-data"]


async def test_our_scripts_leave_an_authors_elements_alone_and_find_ours(browser: Browser, site: Site) -> None:
    team, _ = await teams(site)
    async with somebody(browser, site) as one:
        await one.log_in(team, "/puzzles/mirror")
        await one.connected()
        page, side = one.page, one.page.locator(".puzzle-side")
        ours = page.locator("form[action$='/guess']")
        await ours.locator("input").fill("sun")
        await ours.locator("button").click()
        await expect(side.locator(".ui-guess")).to_contain_text("SUN")
        await page.click("#note")
        await page.keyboard.press("End")
        await page.keyboard.type(" dog goes g")
        await expect(page.locator("#note")).to_have_text("x dog goes g")
        await page.click(".acts")
        await page.evaluate("document.getElementById('grid').focus()")
        await page.keyboard.type("gj?/")
        await expect(page.locator("#grid")).to_be_focused()
        await expect(page.locator(".theirs")).to_have_text("my own time")
        await expect(page.locator(".count")).to_have_text("my countdown")
        for name in ("content", "strip", "toasts", "history"):
            await expect(page.locator(f"[data-authors] #{name}")).to_have_text(name)
        await ours.locator("input").fill("moon")
        await ours.locator("button").click()
        await expect(page.locator(".ui-solved")).to_contain_text("MOON")
        assert await page.evaluate("fetch('/api/me').then((answer) => answer.status)") == 200


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_ink_on_a_transparent_ground_can_be_read_at_night(browser: Browser, site: Site, scheme: str) -> None:
    team, _ = await teams(site)
    async with somebody(browser, site, color_scheme=scheme) as one:
        await one.log_in(team, "/puzzles/lantern")
        ground = await one.page.locator(".prose img").evaluate("each => getComputedStyle(each).backgroundColor")
        assert ground == ("rgb(245, 241, 232)" if scheme == "dark" else "rgba(0, 0, 0, 0)")
