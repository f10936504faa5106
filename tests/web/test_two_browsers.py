"""Two browsers on one team: what one does the other shows, also after the server was away."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from apps import PASSWORD, Site, Team, fresh_sqlite, running_site
from hunt.game import commands as cmd
from live_world import grant, guess
from people import Person, somebody
from small_hunt import write_small_hunt
from waiting import eventually

pytestmark = pytest.mark.anyio


@pytest.fixture
async def team(web_site: Site) -> Team:
    return await web_site.app.team()


async def test_guesses_of_one_appear_in_the_other_without_a_reload(
    browser: Browser, web_site: Site, team: Team
) -> None:
    async with somebody(browser, web_site) as one, somebody(browser, web_site) as two:
        for person in (one, two):
            await person.log_in(team, "/puzzles/lantern")
            await person.connected()
            await person.mark()
        await two.page.locator("#guess").press_sequentially("half a thou")
        await one.guess("dark")
        await expect(one.page.locator("#guess-status")).to_contain_text("DARK is wrong")
        await expect(two.page.locator("#history")).to_contain_text("DARK")
        await one.guess("lamp")
        await expect(two.page.locator("#history")).to_contain_text("Nearly. What is it for?")
        await expect(two.page.locator("#history a")).to_have_attribute("href", "/pages/rules")
        await expect(two.page.locator("#guess")).to_have_value("half a thou")
        await expect(two.page.locator("#guess")).to_be_focused()
        await two.page.locator("#guess").press_sequentially("ght")
        await expect(two.page.locator("#guess")).to_have_value("half a thought")
        await one.guess("lighthouse")
        for person in (one, two):
            await expect(person.page.locator("#solved")).to_contain_text("LIGHTHOUSE")
            await expect(person.page.locator("#solved")).to_contain_text("Meta")
            await expect(person.page.locator("#guess-form")).to_have_count(0)
            assert await person.is_marked()
        await expect(two.page.locator("#toasts")).to_contain_text("Lantern solved: LIGHTHOUSE.")


async def test_the_hubs_of_both_show_what_is_new(browser: Browser, web_site: Site, team: Team) -> None:
    async with somebody(browser, web_site) as one, somebody(browser, web_site) as two:
        for person in (one, two):
            await person.log_in(team, "/")
            await person.connected()
            await person.mark()
        await guess(web_site.app, team, "lighthouse")
        for person in (one, two):
            await expect(person.page.locator("#card-downstairs .card-metas a")).to_have_attribute(
                "href", "/puzzles/meta"
            )
            await expect(person.page.locator("#strays")).to_contain_text("Drifter")
            await expect(person.page.locator(".ui-news")).to_contain_text("LIGHTHOUSE")
            await expect(person.page.locator("#purse")).to_contain_text("1 key")
            await expect(person.page.locator("#toasts")).to_contain_text("Lantern solved: LIGHTHOUSE.")
            assert await person.is_marked()
        await guess(web_site.app, team, "nightfall", slug="meta")
        for person in (one, two):
            await expect(person.page.locator("#card-upstairs")).to_contain_text("Attic floor")
            await expect(person.page.locator("#card-upstairs .ui-unseen").first).to_be_visible()


async def test_acts_of_one_appear_in_the_other(browser: Browser, web_site: Site, team: Team) -> None:
    await grant(web_site.app, team)
    async with somebody(browser, web_site) as one, somebody(browser, web_site) as two:
        await one.log_in(team, "/rounds/downstairs")
        await two.log_in(team, "/puzzles/ladder")
        for person in (one, two):
            await person.connected()
        await one.page.click("#row-ladder button")
        await expect(two.page.locator("#content")).to_contain_text("Climb.")
        await expect(two.page.locator("#guess")).to_be_visible()
        await expect(one.page.locator("#row-ladder")).to_have_attribute("data-state", "unlocked")
        await guess(web_site.app, team, "lighthouse")
        await one.page.click("#interaction-tea button")
        await one.page.fill("#result-tea", "With milk")
        await grant(web_site.app, team)
        await expect(one.page.locator("#purse")).to_contain_text("2 keys")
        await expect(one.page.locator("#result-tea")).to_have_value("With milk")
        await one.page.press("#result-tea", "Enter")
        await expect(one.page.locator("#interaction-tea")).to_contain_text("With milk")
        await expect(one.page.locator("#interaction-tea")).to_have_attribute("data-state", "completed")


async def test_a_server_that_was_away_is_caught_up_with(browser: Browser, tmp_path: Path) -> None:
    async with running_site(write_small_hunt(tmp_path / "hunt"), await fresh_sqlite(tmp_path)) as site:
        await site.app.begin()
        team = await site.app.team()
        async with somebody(browser, site) as one, somebody(browser, site) as two:
            await one.log_in(team, "/puzzles/lantern")
            await two.log_in(team, "/")
            for person in (one, two):
                await person.connected()
                await person.mark()
            await one.page.fill("#guess", "still typing")
            await site.stop()
            for person in (one, two):
                await expect(person.page.locator("#strip")).to_contain_text("Not connected since")
            await site.start()
            async with site.client() as client:
                solve = await client.post("/api/puzzles/mirror/guesses", json={"guess": "moon"}, headers=team.headers)
                assert solve.status_code == 200
            await guess(site.app, team, "dark")
            await expect(one.page.locator("#history")).to_contain_text("DARK")
            await expect(two.page.locator(".ui-news")).to_contain_text("MOON")
            for person in (one, two):
                await person.connected()
                await expect(person.page.locator("#strip")).not_to_contain_text("Not connected")
                await expect(person.page.locator("#toasts")).to_contain_text("Mirror solved: MOON.")
                assert await person.is_marked()
            await expect(one.page.locator("#guess")).to_have_value("still typing")
            await one.guess("lighthouse")
            await expect(two.page.locator(".ui-news")).to_contain_text("LIGHTHOUSE")


async def test_a_guess_that_meets_no_server_keeps_its_text_and_counts_once_when_tried_again(
    browser: Browser, tmp_path: Path
) -> None:
    async with running_site(write_small_hunt(tmp_path / "hunt"), await fresh_sqlite(tmp_path)) as site:
        await site.app.begin()
        team = await site.app.team()
        async with somebody(browser, site) as one:
            await one.log_in(team, "/puzzles/lantern")
            await one.connected()
            await site.stop()
            await one.guess("dark")
            await expect(one.page.locator("#guess-status")).to_contain_text("Trying again is safe")
            await expect(one.page.locator("#guess")).to_have_value("dark")
            await site.start()
            await one.connected()
            await one.page.press("#guess", "Enter")
            await expect(one.page.locator("#history li")).to_have_count(1)


async def test_a_guess_that_has_to_wait_keeps_its_text_and_counts_down(
    browser: Browser, web_site: Site, team: Team
) -> None:
    async with somebody(browser, web_site) as one:
        await one.log_in(team, "/puzzles/mirror")
        for text in ("one", "two"):
            await one.guess(text)
            await expect(one.page.locator("#history")).to_contain_text(text.upper())
        await expect(one.page.locator("#guess-wait")).to_contain_text("Next guess in")
        await one.guess("three")
        await expect(one.page.locator("#guess")).to_have_value("three")
        await expect(one.page.locator("#guess-status")).to_contain_text("before the next guess")
        await web_site.app.services.writer.submit(cmd.ResetRateLimit(teams=(team.id,), slug="mirror"))
        await expect(one.page.locator("#guess-wait")).to_be_hidden()
        await one.page.press("#guess", "Enter")
        await expect(one.page.locator("#history")).to_contain_text("THREE")


async def test_the_page_before_the_hunt_turns_into_the_first_round_by_itself(browser: Browser, tmp_path: Path) -> None:
    async with running_site(write_small_hunt(tmp_path / "hunt"), await fresh_sqlite(tmp_path)) as site:
        team = await site.app.team()
        async with somebody(browser, site) as one:
            await one.log_in(team, "/")
            await one.connected()
            await expect(one.page.locator(".waiting-room")).to_contain_text("Soon")
            await site.app.begin()
            await expect(one.page.locator("#card-downstairs")).to_contain_text("Where it begins.")


async def test_all_tabs_of_a_browser_share_one_socket(browser: Browser, web_site: Site, team: Team) -> None:
    def sockets() -> int:
        return sum(each.team_id == team.id for each in web_site.app.services.hub.connections)

    async with somebody(browser, web_site) as one:
        await one.log_in(team, "/")
        await one.connected()
        more = [Person(await one.page.context.new_page(), web_site) for _ in range(3)]
        for tab, path in zip(more, ("/puzzles", "/puzzles/lantern", "/activity"), strict=True):
            await tab.goto(path)
            await tab.connected()
        assert sockets() == 1
        await guess(web_site.app, team, "lighthouse")
        await expect(more[0].page.locator("#line-lantern")).to_contain_text("LIGHTHOUSE")
        await expect(more[1].page.locator("#solved")).to_contain_text("LIGHTHOUSE")
        await expect(more[2].page.locator("#activity-table")).to_contain_text("Lantern solved: LIGHTHOUSE.")
        assert not [fault for tab in more for fault in tab.faults]
    await eventually(lambda: _none(sockets), what="the socket closed")


async def _none(count: object) -> bool:
    return callable(count) and count() == 0


async def test_who_is_logged_out_is_told_and_keeps_what_was_typed(browser: Browser, web_site: Site, team: Team) -> None:
    async with somebody(browser, web_site) as one:
        await one.log_in(team, "/puzzles/lantern")
        await one.connected()
        await one.page.locator("#guess").press_sequentially("nearly there")
        await web_site.app.services.accounts.set_password("team", team.id, "another password")
        await expect(one.page.locator("#strip")).to_contain_text("You are logged out")
        await expect(one.page.locator("#guess")).to_have_value("nearly there")
        await one.page.click("#strip a")
        await one.page.fill("#username", team.username)
        await one.page.fill("#password", "another password")
        await one.page.press("#password", "Enter")
        await expect(one.page).to_have_url(f"{web_site.url}/puzzles/lantern")
        await expect(one.page.locator("#guess")).to_have_value("nearly there")
        await one.connected()


async def test_the_theme_can_be_switched_and_stays(browser: Browser, web_site: Site, team: Team) -> None:
    async with somebody(browser, web_site, color_scheme="light") as one:
        await one.log_in(team, "/")
        ground = "getComputedStyle(document.body).backgroundColor"
        light = await one.page.evaluate(ground)
        await expect(one.page.locator("#theme")).to_be_visible()
        await one.page.check("#theme input[value=dark]", force=True)
        await expect(one.page.locator("html")).to_have_attribute("data-theme", "dark")
        dark = await one.page.evaluate(ground)
        assert dark != light
        await one.goto("/puzzles")
        await expect(one.page.locator("html")).to_have_attribute("data-theme", "dark")
        assert await one.page.evaluate(ground) == dark
        await expect(one.page.locator("#theme")).to_be_visible()
        await one.page.check("#theme input[value=auto]", force=True)
        assert await one.page.evaluate(ground) == light


async def _tab_to(person: Person, selector: str) -> None:
    """Press Tab until the element has the focus, as somebody without a mouse does."""
    for _ in range(60):
        if await person.page.locator(selector).evaluate("element => element === document.activeElement"):
            return
        await person.page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached by the keyboard")


async def test_everything_from_login_to_guess_is_done_by_keyboard(browser: Browser, web_site: Site, team: Team) -> None:
    async with somebody(browser, web_site) as one:
        keyboard = one.page.keyboard
        await one.goto("/login")
        await _tab_to(one, "#username")
        await keyboard.type(team.username)
        await _tab_to(one, "#password")
        await keyboard.type(PASSWORD)
        await keyboard.press("Enter")
        await expect(one.page).to_have_url(f"{web_site.url}/")
        await one.connected()
        await keyboard.press("Tab")
        await keyboard.press("Enter")
        await expect(one.page.locator("#main")).to_be_focused()
        await _tab_to(one, "#card-downstairs .card-link")
        await keyboard.press("Enter")
        await _tab_to(one, "#row-lantern a")
        await keyboard.press("Enter")
        await expect(one.page).to_have_url(f"{web_site.url}/puzzles/lantern")
        await one.connected()
        await _tab_to(one, "#guess")
        await keyboard.type("lighthouse")
        await keyboard.press("Enter")
        await expect(one.page.locator("#solved")).to_be_visible()
        await expect(one.page.locator("#solved")).to_be_focused()


async def test_without_javascript_a_puzzle_is_solved_from_login_to_hub(
    browser: Browser, web_site: Site, team: Team
) -> None:
    async with somebody(browser, web_site, java_script_enabled=False) as one:
        await one.log_in(team, "/")
        await one.page.click("#card-downstairs .card-link")
        await one.page.click("#row-lantern a")
        for text, said in (("🎉", "at least one letter"), ("lamp", "Nearly"), ("lighthouse", "Correct!")):
            await one.page.fill("#guess", text)
            await one.page.click("#guess-button")
            await expect(one.page.locator("body")).to_contain_text(said)
        await expect(one.page.locator("#solved")).to_contain_text("LIGHTHOUSE")
        await one.page.click("#solved >> text=Meta")
        await one.page.fill("#guess", "nightfall")
        await one.page.press("#guess", "Enter")
        await one.page.click(".ui-rounds >> text=Hub")
        await expect(one.page.locator("#card-upstairs")).to_be_visible()
        await one.page.click("#team-menu summary")
        await one.page.click("#team-menu >> text=Log out")
        await expect(one.page.locator("h1")).to_have_text("Log in")
