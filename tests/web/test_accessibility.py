"""Every page in every state, in both themes and on small and large screens: axe finds nothing serious or critical."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from apps import Site, Team, fresh_sqlite, running_site
from hunt.game import commands as cmd
from hunt.live.values import puzzle_href
from live_world import grant, guess
from people import Person, somebody
from small_hunt import write_small_hunt

pytestmark = pytest.mark.anyio

DEMO = Path(__file__).parents[2] / "fixtures/demo"
AXE = (files("axe_core_python") / "axe.min.js").read_text()
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
BAD = {"serious", "critical"}


Look = tuple[ViewportSize, Literal["light", "dark"]]

EVERY_LOOK: list[Look] = [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "dark"), (PHONE, "light")]
TWO_LOOKS = EVERY_LOOK[::2]
"""Both themes and both sizes. Colours do not depend on the size, so this is enough where no content brings its own."""


async def check(page: Page, looks: list[Look] = TWO_LOOKS) -> None:
    """Whatever is on the page now, in all these looks."""
    await page.evaluate(AXE)
    for size, scheme in looks:
        await page.set_viewport_size(size)
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        bad = [_told(violation) for violation in found["violations"] if violation["impact"] in BAD]
        assert bad == [], f"{page.url}, {scheme}, {size['width']} wide"
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], f"{page.url} scrolls sideways at {size['width']}: {width}"
    await page.set_viewport_size(DESKTOP)


def _told(violation: dict[str, Any]) -> str:
    places = "; ".join(
        f"{node['target'][0]} ({node['failureSummary'].splitlines()[-1].strip()})" for node in violation["nodes"]
    )
    return f"{violation['id']}: {places}"


@pytest.fixture
async def team(web_site: Site) -> Team:
    return await web_site.app.team()


@pytest.fixture
async def visitor(browser: Browser, web_site: Site) -> AsyncIterator[Person]:
    async with somebody(browser, web_site, bypass_csp=True) as person:
        yield person


@pytest.fixture
async def player(visitor: Person, team: Team) -> Person:
    await visitor.log_in(team)
    await visitor.connected()
    return visitor


@pytest.mark.parametrize("path", ["/login", "/register", "/pages/rules", "/nothing"])
async def test_what_a_visitor_sees(visitor: Person, path: str) -> None:
    await visitor.goto(path)
    await check(visitor.page)


async def test_forms_that_were_refused(visitor: Person, team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hunt.accounts.throttle.FAILURES_PER_ACCOUNT", 1)
    for said in ("do not fit together", "Try again in"):
        await visitor.goto("/login")
        await visitor.page.fill("#username", team.username)
        await visitor.page.fill("#password", "wrong")
        await visitor.page.click("main button[type=submit]")
        await expect(visitor.page.locator("[role=alert]")).to_contain_text(said)
        await check(visitor.page)
    await visitor.goto("/register")
    await visitor.page.fill("#name", "Some name")
    await visitor.page.fill("#username", "two words")
    await visitor.page.fill("#password", "long enough")
    await visitor.page.click("main button[type=submit]")
    await expect(visitor.page.locator("[aria-invalid]")).to_have_count(1)
    await check(visitor.page)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/rounds/downstairs",
        "/puzzles",
        "/puzzles/lantern",
        "/puzzles/ladder",
        "/puzzles/meta",
        "/activity",
        "/team",
    ],
)
async def test_every_page_at_the_start(player: Person, path: str) -> None:
    await player.goto(path)
    await check(player.page, EVERY_LOOK)


async def test_every_list_with_everything_in_it(player: Person, web_site: Site, team: Team) -> None:
    app = web_site.app
    for text in ("dark", "lamp", "light", "lighthouse"):
        await guess(app, team, text)
    await guess(app, team, "nightfall", slug="meta")
    await grant(app, team, 3)
    await app.services.writer.submit(cmd.Grant(teams=(team.id,), clues=2))
    await app.services.writer.submit(cmd.StartInteraction(team_id=team.id, id="tea"))
    await expect(player.page.locator("#toasts")).to_contain_text("Tea has begun")
    await check(player.page)
    await player.page.click("#purse summary")
    await check(player.page)
    await player.page.click("#team-menu summary")
    await check(player.page)
    for path in (
        "/rounds/downstairs",
        "/rounds/upstairs",
        "/puzzles",
        "/puzzles/lantern",
        "/puzzles/attic",
        "/activity",
    ):
        await player.goto(path)
        await player.connected()
        await check(player.page)
    await app.services.writer.submit(cmd.MoveInteraction(teams=(team.id,), id="tea", to="completed", result="Milk"))
    await app.services.writer.submit(cmd.MoveInteraction(teams=(team.id,), id="parade", to="running"))
    await player.goto("/rounds/downstairs")
    await check(player.page)


async def test_stray_leads(player: Person, web_site: Site, team: Team) -> None:
    await guess(web_site.app, team, "lighthouse")
    for path in ("/rounds/stray_leads", "/", "/puzzles/drifter"):
        await player.goto(path)
        await check(player.page)


async def test_a_puzzle_in_its_states(player: Person, web_site: Site, team: Team) -> None:
    app, page = web_site.app, player.page
    await app.services.writer.submit(cmd.OpenHints(teams=(team.id,), slug="lantern"))
    await app.services.writer.submit(cmd.Grant(teams=(team.id,), clues=1))
    await player.goto("/puzzles/lantern")
    await player.connected()
    await page.click("#buy summary")
    await check(page, EVERY_LOOK)
    for text in ("lamp", "light", "dark", "darker"):
        await player.guess(text)
        await expect(page.locator("#history")).to_contain_text(text.upper())
    await player.guess("darkest")
    await expect(page.locator("#guess-status")).to_contain_text("before the next guess")
    await check(page, EVERY_LOOK)
    await page.fill("#question", "What is it?")
    await page.click("#hint-form button")
    await expect(page.locator(".ui-hints")).to_contain_text("What is it?")
    await check(page, EVERY_LOOK)


async def test_the_team_page_with_what_was_wrong(player: Person) -> None:
    await player.goto("/team")
    await player.page.fill("#current", "wrong")
    await player.page.fill("#new", "long enough")
    await player.page.click("text=Change the password")
    await expect(player.page.locator("[aria-invalid]")).to_have_count(1)
    await check(player.page)


async def test_without_a_connection_and_logged_out(player: Person, web_site: Site, team: Team) -> None:
    await player.page.context.set_offline(True)
    await expect(player.page.locator("#strip")).to_contain_text("Not connected")
    await check(player.page)
    await player.page.context.set_offline(False)
    await player.connected()
    await web_site.app.services.accounts.set_active(team.id, active=False)
    await expect(player.page.locator("#strip")).to_contain_text("You are logged out")
    await check(player.page)


@pytest.mark.parametrize("start", [None, datetime(2099, 1, 16, 17, tzinfo=UTC)])
async def test_before_the_hunt(browser: Browser, tmp_path: Path, start: datetime | None) -> None:
    hunt = write_small_hunt(tmp_path / "hunt", start=start) if start else write_small_hunt(tmp_path / "hunt")
    async with running_site(hunt, await fresh_sqlite(tmp_path)) as site:
        team = await site.app.team()
        async with somebody(browser, site, bypass_csp=True) as person:
            await person.log_in(team)
            for path in ("/", "/puzzles", "/activity"):
                await person.goto(path)
                await check(person.page)


async def test_after_the_hunt_and_with_solutions(browser: Browser, tmp_path: Path) -> None:
    end = datetime.now(UTC) - timedelta(hours=1)
    hunt = write_small_hunt(tmp_path / "hunt", end=end, registration="closed")
    async with running_site(hunt, await fresh_sqlite(tmp_path)) as site:
        await site.app.begin()
        team = await site.app.team()
        async with somebody(browser, site, bypass_csp=True) as person:
            await person.goto("/register")
            await check(person.page)
            await person.log_in(team)
            for path in ("/", "/puzzles/lantern", "/puzzles/lantern/solution"):
                await person.goto(path)
                for summary in await person.page.locator("main summary").all():
                    await summary.click()
                await check(person.page)


async def test_every_puzzle_of_the_demo(browser: Browser, tmp_path: Path) -> None:
    async with running_site(DEMO, await fresh_sqlite(tmp_path)) as site:
        await site.app.begin()
        team = await site.app.team()
        hunt = site.app.services.hunt
        for slug in hunt.slot_of:
            await site.app.services.writer.submit(cmd.OpenPuzzle(teams=(team.id,), slug=slug))
        async with somebody(browser, site, bypass_csp=True) as person:
            await person.log_in(team)
            for path in ("/", *map(puzzle_href, hunt.slot_of)):
                await person.goto(path)
                await check(person.page)
