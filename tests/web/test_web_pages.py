"""The pages that are read: who sees which, and what is never on them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from apps import App, Team, fresh_sqlite, running_app, settings_of
from html_pages import Browser, Page
from hunt.game import commands as cmd
from hunt.game.entries import Entry
from live_world import guess
from small_hunt import SECRETS, UNICODE_SLUGS, write_small_hunt

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("head", "seen", "unseen"),
    [
        ({}, 404, 404),
        ({"solutions": "released"}, 200, 404),
        ({"end": "2020-01-01T00:00:00Z"}, 200, 200),
    ],
)
async def test_solutions_are_out_for_puzzles_that_are_seen_once_released_and_for_all_after_the_end(
    tmp_path: Path, head: dict[str, str], seen: int, unseen: int
) -> None:
    hunt = write_small_hunt(tmp_path / "hunt", **head)
    (hunt / "puzzles/vault/solution").mkdir()
    (hunt / "puzzles/vault/solution/index.md").write_text("In the lock.")
    async with running_app(settings_of(hunt, await fresh_sqlite(tmp_path))) as app:
        await app.begin()
        team = await app.team()
        async with app.client(headers=team.headers) as client:
            statuses = [(await client.get(f"/puzzles/{slug}/solution")).status_code for slug in ("lantern", "vault")]
    assert statuses == [seen, unseen]


PAGES = [
    "/",
    "/rounds/downstairs",
    "/puzzles",
    "/puzzles/lantern",
    "/puzzles/ladder",
    "/puzzles/meta",
    "/activity",
    "/team",
    "/pages/rules",
]
MISSING = [
    "/nothing",
    "/puzzles/vault",
    "/puzzles/nowhere",
    "/rounds/upstairs",
    "/rounds/nowhere",
    "/rounds/stray_leads",
    "/pages/nothing",
]


def check_page(page: Page) -> None:
    """What holds for every page whatsoever."""
    assert page.inline == []
    policy = page.answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.answer.headers["x-content-type-options"] == "nosniff"
    assert page.answer.headers["cache-control"] == "no-store"
    assert page.one("html")["lang"] == "en"
    assert len(page.all("h1")) == 1
    assert len(page.all("title")) == 1
    assert all(address.startswith(("/", "#")) for address in page.addresses if address)
    named = [has["id"] for _, has in page.elements if "id" in has]
    assert len(named) == len(set(named)), "an id is used twice"


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_there_and_holds_nothing_inline_or_locked(mine: Browser, path: str) -> None:
    page = await mine.get(path)
    assert page.answer.status_code == 200
    check_page(page)
    assert not [secret for secret in SECRETS if secret in page.answer.text]


@pytest.mark.parametrize("path", ["/login", "/register", "/pages/rules", "/nothing"])
async def test_a_visitor_sees_what_needs_no_login(nobody: Browser, path: str) -> None:
    page = await nobody.get(path)
    assert page.answer.status_code == (404 if path == "/nothing" else 200)
    check_page(page)


@pytest.mark.parametrize("path", [path for path in PAGES if path not in {"/", "/pages/rules"}])
async def test_a_visitor_is_sent_to_the_login_and_from_there_back(nobody: Browser, team: Team, path: str) -> None:
    page = await nobody.get(f"{path}?x=1")
    assert page.answer.url.path == "/login"
    wanted = page.one("input", name="next")["value"]
    assert wanted == f"{path}?x=1"
    back = await nobody.post("/login", username=team.username, password="a password of tests", next=wanted)
    assert back.answer.url.path == path


@pytest.mark.parametrize("path", MISSING)
async def test_what_is_not_there_or_locked_is_404_alike(mine: Browser, path: str) -> None:
    page = await mine.get(path)
    assert page.answer.status_code == 404
    check_page(page)
    assert not [secret for secret in SECRETS if secret in page.answer.text]


async def test_a_locked_puzzle_and_one_that_does_not_exist_give_the_same_page(mine: Browser) -> None:
    locked, missing = await mine.get("/puzzles/vault"), await mine.get("/puzzles/nowhere")
    assert _without_time(locked) == _without_time(missing)
    locked, missing = await mine.get("/rounds/upstairs"), await mine.get("/rounds/nowhere")
    assert _without_time(locked) == _without_time(missing)


def _without_time(page: Page) -> list[tuple[str, dict[str, str]]]:
    return [(tag, {name: value for name, value in has.items() if name != "data-now"}) for tag, has in page.elements]


@pytest.mark.parametrize("slug", UNICODE_SLUGS)
async def test_a_slug_of_any_script_has_a_page_and_a_form_that_works(mine: Browser, slug: str) -> None:
    listed = await mine.get("/rounds/downstairs")
    [href] = [has["href"] for has in listed.all("a") if has.get("href", "").endswith(_quoted(slug))]
    page = await mine.get(href)
    assert page.answer.status_code == 200
    solved = await mine.post(page.one("form", id="guess-form")["action"], guess="odd")
    assert solved.answer.status_code == 200
    assert "ODD" in solved.text


def _quoted(slug: str) -> str:
    return quote(slug, safe="")


async def test_an_unlocked_puzzle_shows_its_content_and_a_locked_one_does_not(mine: Browser) -> None:
    page = await mine.get("/puzzles/lantern")
    assert "Look at the lamp." in page.text
    assert "By Ada Example" in page.text
    assert "Climb." not in (await mine.get("/puzzles/ladder")).text
    assert "Put it all together" not in (await mine.get("/puzzles/meta")).text


async def test_the_page_of_a_solved_puzzle_says_what_it_opened(mine: Browser, web_app: App, team: Team) -> None:
    await guess(web_app, team, "lighthouse")
    page = await mine.get("/puzzles/lantern")
    check_page(page)
    assert "LIGHTHOUSE" in page.text
    opened = {has["href"] for has in page.all("a") if has.get("href", "").startswith("/puzzles/")}
    assert {"/puzzles/meta", "/puzzles/drifter"} <= opened
    stray = await mine.get("/rounds/stray_leads")
    assert "Drifter" in stray.text
    check_page(stray)
    assert not [secret for secret in SECRETS if secret in stray.answer.text]


async def test_every_link_and_file_of_a_page_exists(mine: Browser, web_app: App, team: Team) -> None:
    await guess(web_app, team, "lighthouse")
    await guess(web_app, team, "nightfall", slug="meta")
    seen: set[str] = set()
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        page = await mine.get(path)
        assert page.answer.status_code == 200, path
        if not page.answer.headers["content-type"].startswith("text/html"):
            continue
        links = [has.get("href") or has.get("src") or "" for _, has in page.elements if "href" in has or "src" in has]
        found = {link.partition("#")[0] for link in links} - seen - {""}
        seen |= found
        waiting += sorted(found)
    assert {"/puzzles/vault", "/rounds/upstairs", "/rounds/upstairs/assets/art.svg"} <= seen
    assert any(address.startswith("/theme/accent.css?v=") for address in seen)


async def test_before_the_hunt_begins_there_is_a_countdown_and_nothing_else(tmp_path: Path) -> None:
    start = datetime(2099, 1, 16, 17, tzinfo=UTC)
    hunt = write_small_hunt(tmp_path / "hunt", start=start)
    async with running_app(settings_of(hunt, await fresh_sqlite(tmp_path))) as app:
        browser, team = Browser(app), await app.team()
        await browser.log_in(team)
        page = await browser.get("/")
        check_page(page)
        assert "2099-01-16T17:00:00" in page.answer.text
        text = page.answer.text + (await browser.get("/puzzles")).answer.text
        assert not [name for name in ("lantern", "Lantern", "Downstairs", *SECRETS) if name in text]
        assert (await browser.get("/puzzles/lantern")).answer.status_code == 404
        await app.begin()
        assert "Downstairs" in (await browser.get("/")).text
        await browser.client.aclose()


async def test_solutions_are_there_when_they_are_released_and_only_of_what_the_team_sees(tmp_path: Path) -> None:
    hunt = write_small_hunt(tmp_path / "hunt", solutions="released")
    async with running_app(settings_of(hunt, await fresh_sqlite(tmp_path))) as app:
        browser, team = Browser(app), await app.team()
        await browser.log_in(team)
        assert (await browser.get("/puzzles/lantern/solution")).answer.status_code == 404, "the team does not see it"
        assert (await browser.get("/puzzles/lantern/solution/beam.svg")).answer.status_code == 404
        await app.begin()
        page = await browser.get("/puzzles/lantern/solution")
        check_page(page)
        assert "It was the lighthouse all along." in page.text
        assert "At the lamp." in page.text
        [image] = [has["src"] for has in page.all("img") if "beam" in has["src"]]
        assert (await browser.client.get(image)).status_code == 200
        assert (await browser.get("/puzzles/mirror/solution")).answer.status_code == 404, "none is written"
        await browser.client.aclose()


async def test_after_the_end_every_solution_is_open_and_the_hub_says_so(tmp_path: Path) -> None:
    end = datetime.now(UTC) - timedelta(hours=1)
    hunt = write_small_hunt(tmp_path / "hunt", end=end)
    async with running_app(settings_of(hunt, await fresh_sqlite(tmp_path))) as app:
        browser, team = Browser(app), await app.team()
        await browser.log_in(team)
        assert "The hunt is over" in (await browser.get("/")).text
        assert (await browser.get("/puzzles/lantern/solution")).answer.status_code == 200
        await browser.client.aclose()


async def test_before_that_a_solution_is_404_even_when_solved(mine: Browser, web_app: App, team: Team) -> None:
    await guess(web_app, team, "lighthouse")
    for path in ("/puzzles/lantern/solution", "/puzzles/lantern/solution/beam.svg", "/puzzles/vault/solution"):
        assert (await mine.get(path)).answer.status_code == 404


LAMP = "/puzzles/lantern/assets/lamp.svg"


async def test_an_asset_is_served_to_a_team_that_has_the_puzzle_unlocked(mine: Browser, nobody: Browser) -> None:
    answer = await mine.client.get(LAMP)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"].startswith("private")


async def test_an_asset_is_not_served_to_others(nobody: Browser, mine: Browser, tmp_path: Path) -> None:
    assert (await mine.client.get("/puzzles/vault/assets/key.svg")).status_code == 404
    mine.client.cookies.clear()
    assert (await nobody.client.get(LAMP)).status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        "/puzzles/lantern/assets/puzzle.yaml",
        "/puzzles/lantern/assets/../puzzle.yaml",
        "/puzzles/lantern/assets/..%2fpuzzle.yaml",
        "/puzzles/lantern/assets/%2e%2e/puzzle.yaml",
        "/puzzles/lantern/assets/..%5cpuzzle.yaml",
        "/puzzles/lantern/assets//etc/passwd",
        "/puzzles/lantern/assets/%2fetc%2fpasswd",
        "/puzzles/lantern/assets/lamp.svg%00.png",
        "/puzzles/lantern/assets/../../vault/assets/key.svg",
        "/puzzles/lantern/assets/../solution/beam.svg",
        "/puzzles/lantern/assets/",
        "/puzzles/lantern/assets/LAMP.svg",
        "/rounds/downstairs/assets/../../../hunt.yaml",
        "/rounds/upstairs/assets/art.svg",
        "/static/tests/../../templates/layout.html",
        "/static/tests/%2e%2e/templates/layout.html",
        "/static/tests/..%2ftemplates%2flayout.html",
        "/static/other/hunt.css",
        "/static/tests/vendor/README.md",
        "/static/tests/vendor/idiomorph.min.d.ts",
        "/theme/style.css",
        "/theme/../hunt.yaml",
        "/hunt.yaml",
    ],
)
async def test_no_path_leads_to_another_file(mine: Browser, path: str) -> None:
    raw = mine.client.build_request("GET", "http://localhost/")
    raw.url = raw.url.copy_with(raw_path=path.encode())
    answer = await mine.client.send(raw)
    assert answer.status_code in {404, 303, 400}, answer.text
    assert "answer:" not in answer.text
    assert "<circle" not in answer.text


async def test_static_files_are_kept_for_ever_under_the_name_of_the_build(nobody: Browser) -> None:
    page = await nobody.get("/login")
    files = [address for address in page.addresses if address.startswith("/static/")]
    assert files
    for path in files:
        answer = await nobody.client.get(path.partition("#")[0])
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


async def test_an_operator_on_a_page_of_teams_is_shown_the_login_and_not_sent_in_circles(web_app: App) -> None:
    browser = Browser(web_app)
    token = (await web_app.operator())["authorization"].removeprefix("Bearer ")
    browser.client.cookies.set("session", token)
    for path in ("/puzzles/lantern", "/team"):
        page = await browser.get(path)
        assert page.answer.url.path == "/login"
    assert (await browser.get("/")).answer.status_code == 200
    assert (await browser.get("/pages/rules")).answer.status_code == 200
    assert (await browser.get("/nothing")).answer.status_code == 404
    await browser.client.aclose()


async def test_the_activity_has_a_running_balance_and_older_pages(mine: Browser, web_app: App, team: Team) -> None:
    submit = web_app.services.writer.submit
    for _ in range(230):
        await submit(cmd.Grant(teams=(team.id,), keys=1))
    newest = await mine.get("/activity")
    rows = [has for has in newest.all("tr") if "data-kind" in has]
    assert len(rows) == 200
    assert "230" in newest.text
    [older] = [address for address in newest.addresses if "before=" in address]
    page = await mine.get(older)
    check_page(page)
    lowest = min(int(has["id"].removeprefix("entry-")) for has in rows)
    assert all(int(has["id"].removeprefix("entry-")) < lowest for has in page.all("tr") if "data-kind" in has)


@pytest.mark.parametrize("path", ["/activity", "/activity?before=3"])
async def test_keys_that_come_while_the_activity_is_read_are_not_mixed_into_it(
    mine: Browser, web_app: App, team: Team, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    submit, history = web_app.services.writer.submit, web_app.services.history
    before = await submit(cmd.Grant(teams=(team.id,), keys=7))
    real = history.newest

    async def newest(*given: int) -> Sequence[Entry]:
        entries = await real(*given)
        await submit(cmd.Grant(teams=(team.id,), keys=54_321))
        return entries

    monkeypatch.setattr(history, "newest", newest)
    page = await mine.get(path)
    assert page.one("div", id="live-activity")["data-epoch"] == str(before.head)
    shown = page.text.partition("Balance")[2]
    assert "5432" not in shown
    assert "Now: 7" in page.text


@pytest.mark.parametrize("before", ["x", "-1", "9" * 400, ""])
async def test_a_strange_number_in_an_address_is_a_page_and_no_crash(mine: Browser, before: str) -> None:
    page = await mine.get(f"/activity?before={before}")
    assert page.answer.status_code == 422
    check_page(page)


async def test_what_breaks_is_a_page_that_says_so(mine: Browser, web_app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("hunt.web.pages.values.round_page", broken)
    page = await mine.get("/rounds/downstairs")
    assert page.answer.status_code == 500
    check_page(page)
    assert "secret" not in page.answer.text


async def test_another_method_is_a_page_too(mine: Browser) -> None:
    page = Page(await mine.client.request("DELETE", "/puzzles/lantern"))
    assert page.answer.status_code in {403, 405}
    check_page(page)


async def test_a_theme_replaces_styles_and_templates(tmp_path: Path) -> None:
    hunt = write_small_hunt(tmp_path / "hunt")
    (hunt / "theme/templates").mkdir(parents=True)
    (hunt / "theme/style.css").write_text("body { letter-spacing: 1px; }")
    (hunt / "theme/templates/page.html").write_text(
        '{% extends "layout.html" %}{% block main %}<h1>Our own</h1>{{ content }}{% endblock %}'
    )
    async with running_app(settings_of(hunt, await fresh_sqlite(tmp_path))) as app:
        browser = Browser(app)
        page = await browser.get("/pages/rules")
        check_page(page)
        assert "Our own" in page.text
        [address] = [address for address in page.addresses if address.startswith("/theme/style.css?v=")]
        style = await browser.client.get(address)
        assert "immutable" in style.headers["cache-control"]
        assert style.headers["content-type"].startswith("text/css")
        assert "letter-spacing" in style.text
        accent = await browser.client.get("/theme/accent.css")
        assert "#2a6f97" in accent.text
        await browser.client.aclose()
