"""The files of a hunt: parts of them, unchanged ones, links, and authors' pages that run without a session."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from apps import PASSWORD, App, Site, Team, fresh_sqlite, running_app, running_site, settings_of
from html_pages import Browser
from live_world import guess
from small_hunt import write_small_hunt

pytestmark = pytest.mark.anyio

SOUND = bytes(range(256)) * 20
WAV = "/puzzles/lantern/assets/a.wav"
GAME = "/puzzles/lantern/assets/game/index.html"

GAME_FILES = {
    "game/index.html": (
        "<!doctype html><title>Game</title><link rel=stylesheet href=style.css><p id=o>dead</p>"
        "<script src=g.js></script><script type=module src=m.js></script>"
    ),
    "game/style.css": "#o { color: rgb(1, 2, 3); }",
    "game/g.js": "document.getElementById('o').textContent = 'alive';",
    "game/m.js": (
        "const data = await (await fetch('d.json')).json();"
        "const cookie = (() => { try { return document.cookie; } catch { return 'no cookies'; } })();"
        "const me = await fetch('/api/me').then((answer) => answer.status, () => 'no answer');"
        "document.getElementById('o').textContent += ` ${data.word}, ${cookie}, ${me}`;"
    ),
    "game/d.json": '{"word": "moon"}',
    "puzzle.js": (
        "const text = await (await fetch('assets/game/d.json')).text();"
        "document.getElementById('found').textContent = text;"
    ),
}


def write_hunt(folder: Path) -> Path:
    hunt = write_small_hunt(folder / "hunt")
    assets = hunt / "puzzles/lantern/assets"
    (assets / "a.wav").write_bytes(SOUND)
    (assets / "a.pdf").write_bytes(b"%PDF-1.1")
    (assets / "long.txt").write_text("moon " * 1000)
    for name, text in GAME_FILES.items():
        (assets / name).parent.mkdir(exist_ok=True)
        (assets / name).write_text(text)
    (hunt / "puzzles/mirror/assets").mkdir()
    (hunt / "puzzles/mirror/assets/mirror.html").write_text("<p>Mirror</p>")
    page = '<p id="found"></p><a href="assets/game/index.html">The game</a><script src="assets/puzzle.js" type="module"></script>'
    (hunt / "puzzles/lantern/puzzle.md").write_text(page)
    return hunt


@pytest.fixture(scope="module")
async def app(anyio_backend: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    folder = tmp_path_factory.mktemp("files")
    async with running_app(settings_of(write_hunt(folder), await fresh_sqlite(folder))) as app:
        await app.begin()
        yield app


@pytest.fixture
async def mine(app: App) -> AsyncIterator[Browser]:
    browser = Browser(app)
    await browser.log_in(await app.team())
    yield browser
    await browser.client.aclose()


@pytest.mark.parametrize(
    ("asked", "status", "told", "body"),
    [
        ("bytes=0-1", 206, "bytes 0-1/5120", SOUND[:2]),
        ("bytes=5000-", 206, "bytes 5000-5119/5120", SOUND[5000:]),
        ("bytes=-20", 206, "bytes 5100-5119/5120", SOUND[-20:]),
        ("BYTES=0-0", 206, "bytes 0-0/5120", SOUND[:1]),
        ("bytes=0-99999", 206, "bytes 0-5119/5120", SOUND),
        ("bytes=0-" + "9" * 30, 206, "bytes 0-5119/5120", SOUND),
        ("bytes=0-1,9999-", 206, "bytes 0-1/5120", SOUND[:2]),
        ("bytes=-0,,-2", 206, "bytes 5118-5119/5120", SOUND[-2:]),
        ("bytes=9999-", 416, "bytes */5120", b""),
        ("bytes=9999-,-0", 416, "bytes */5120", b""),
        ("chapters=1-2", 200, None, SOUND),
        ("bytes=", 200, None, SOUND),
        ("bytes=x-y", 200, None, SOUND),
        ("bytes=5-2", 200, None, SOUND),
        ("bytes=" + "9" * 5000 + "-", 200, None, SOUND),
    ],
)
async def test_a_player_gets_the_part_of_a_sound_that_it_asks_for(
    mine: Browser, asked: str, status: int, told: str | None, body: bytes
) -> None:
    answer = await mine.client.get(WAV, headers={"range": asked})
    assert (answer.status_code, answer.headers.get("content-range")) == (status, told)
    assert answer.content == body


async def test_several_parts_come_as_one_answer(mine: Browser) -> None:
    answer = await mine.client.get(WAV, headers={"range": "bytes=0-1, 10-11"})
    assert answer.status_code == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges")
    assert b"\x0a\x0b" in answer.content


async def test_a_file_that_has_not_changed_is_not_sent_again(mine: Browser) -> None:
    first = await mine.client.get(WAV)
    assert first.headers["accept-ranges"] == "bytes"
    for headers in (
        {"if-none-match": first.headers["etag"]},
        {"if-none-match": f'"other", W/{first.headers["etag"]}'},
        {"if-modified-since": first.headers["last-modified"]},
    ):
        again = await mine.client.get(WAV, headers=headers)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    for headers in ({"if-none-match": '"other"'}, {"if-modified-since": "Mon, 01 Jan 2001 00:00:00 GMT"}):
        assert (await mine.client.get(WAV, headers=headers)).status_code == 200


@pytest.mark.parametrize(("name", "accept"), [("long.txt", "*/*"), ("a.pdf", "*/*"), ("game/index.html", "text/html")])
async def test_a_file_that_has_not_changed_stays_in_its_sandbox(mine: Browser, name: str, accept: str) -> None:
    headers = {"accept": accept}
    first = await mine.client.get(f"/puzzles/lantern/assets/{name}", headers=headers, follow_redirects=True)
    again = await mine.client.get(first.request.url, headers={**headers, "if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    for kept in ("content-security-policy", "access-control-allow-origin", "cache-control"):
        assert again.headers.get(kept) == first.headers.get(kept)


async def test_a_part_of_another_version_is_not_sent(mine: Browser) -> None:
    answer = await mine.client.get(WAV, headers={"range": "bytes=0-1", "if-range": '"other"'})
    assert (answer.status_code, answer.content) == (200, SOUND)


async def test_a_pdf_may_be_shown_by_the_browser(mine: Browser) -> None:
    answer = await mine.client.get("/puzzles/lantern/assets/a.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert "attachment" not in answer.headers.get("content-disposition", "")
    assert "sandbox" not in answer.headers["content-security-policy"]


async def test_a_file_that_became_a_link_is_not_served(app: App, mine: Browser, tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(b"secret")
    path = app.services.hunt.puzzles["lantern"].assets["a.wav"]
    path.unlink()
    path.symlink_to(secret)
    try:
        assert (await mine.client.get(WAV)).status_code == 404
    finally:
        path.unlink()
        path.write_bytes(SOUND)


async def test_nothing_of_a_theme_is_served_or_drawn_through_a_link(tmp_path: Path) -> None:
    hunt = write_small_hunt(tmp_path / "hunt")
    (hunt / "theme/templates").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("<h1>secret</h1>")
    (hunt / "theme/style.css").symlink_to(tmp_path / "outside/secret")
    (hunt / "theme/templates/page.html").symlink_to(tmp_path / "outside/secret")
    async with running_app(settings_of(hunt, await fresh_sqlite(tmp_path))) as app:
        browser = Browser(app)
        assert (await browser.client.get("/theme/style.css")).status_code == 404
        page = await browser.get("/pages/rules")
        assert "secret" not in page.text
        assert "Be kind" in page.text
        await browser.client.aclose()


@pytest.mark.parametrize(
    "template",
    [
        "{{ page.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ self.__init__.__globals__ }}",
        "{{ page.update({'title': 1}) }}",
        "{% include '../../hunt.yaml' %}",
        "{{ nothing.of.the.kind }}",
        "{% broken",
    ],
)
async def test_a_theme_reaches_nothing_but_what_it_is_given_and_one_that_fails_is_not_used(
    tmp_path: Path, template: str
) -> None:
    hunt = write_small_hunt(tmp_path / "hunt")
    (hunt / "theme/templates").mkdir(parents=True)
    (hunt / "theme/templates/page.html").write_text(f"<h1>Mine</h1>{template}")
    async with running_app(settings_of(hunt, await fresh_sqlite(tmp_path))) as app:
        browser = Browser(app)
        with structlog.testing.capture_logs() as logged:
            page = await browser.get("/pages/rules")
        assert page.answer.status_code == 200
        assert "Mine" not in page.text
        assert "Be kind" in page.text
        assert [each["template"] for each in logged if each["event"] == "theme_template_failed"] == ["page.html"]
        await browser.client.aclose()


async def test_an_authors_page_has_an_address_that_needs_no_session(app: App, mine: Browser) -> None:
    opened = await mine.client.get(GAME)
    assert opened.status_code == 303
    stranger = Browser(app)
    for name, text in GAME_FILES.items():
        if name.startswith("game/"):
            address = opened.headers["location"].replace("game/index.html", name)
            answer = await stranger.client.get(address)
            assert answer.text == text
            assert "sandbox allow-scripts" in answer.headers["content-security-policy"]
            assert "allow-same-origin" not in answer.headers["content-security-policy"]
    await stranger.client.aclose()


async def test_a_program_gets_the_authors_page_itself(mine: Browser) -> None:
    answer = await mine.client.get(GAME, headers={"accept": "*/*"})
    assert (answer.status_code, answer.text) == (200, GAME_FILES["game/index.html"])
    assert answer.headers["content-security-policy"].endswith("sandbox")


async def test_a_ticket_opens_the_files_of_its_place_alone(mine: Browser) -> None:
    opened = await mine.client.get(GAME)
    [_, _, ticket, _] = opened.headers["location"].split("/", 3)
    for name in ("../puzzle.yaml", "%2e%2e/puzzle.yaml", "mirror.html", "game/nothing.js", ""):
        assert (await mine.client.get(f"/sandbox/{ticket}/{name}")).status_code == 404
    for forged in (ticket[:-1], "x" + ticket, "x", ticket.replace(".", "")):
        assert (await mine.client.get(f"/sandbox/{forged}/game/index.html")).status_code == 404


async def test_a_ticket_is_worth_nothing_once_its_team_is_deactivated(app: App) -> None:
    team = await app.team()
    browser = Browser(app)
    await browser.log_in(team)
    opened = await browser.client.get(GAME)
    await app.services.accounts.set_active(team.id, active=False)
    assert (await browser.client.get(opened.headers["location"])).status_code == 404
    await browser.client.aclose()


async def test_an_old_ticket_leads_to_where_a_login_is_asked_for(
    mine: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await mine.client.get(GAME)
    monkeypatch.setattr("hunt.web.files.TICKET_SECONDS", -1)
    answer = await mine.client.get(opened.headers["location"])
    assert (answer.status_code, answer.headers["location"]) == (303, GAME)


async def test_an_authors_page_of_a_locked_puzzle_is_404(app: App, mine: Browser) -> None:
    assert (await mine.client.get("/puzzles/vault/assets/game.html")).status_code == 404


@pytest.mark.parametrize(
    ("referer", "leads_to"),
    [
        ("http://localhost/puzzles/lantern", "/puzzles/lantern/assets/a.wav"),
        ("http://localhost/puzzles/lantern?x=1#y", "/puzzles/lantern/assets/a.wav"),
        ("http://localhost/puzzles/100%25effort", "/puzzles/100%25effort/assets/a.wav"),
        ("http://localhost/rounds/downstairs", None),
        ("http://localhost/puzzles/lantern/solution", None),
        ("http://localhost/", None),
        ("", None),
        ("http://[", None),
    ],
)
async def test_assets_x_on_a_puzzles_page_is_that_puzzles_file(
    mine: Browser, referer: str, leads_to: str | None
) -> None:
    answer = await mine.client.get("/puzzles/assets/a.wav", headers={"referer": referer})
    assert answer.headers.get("location") == leads_to
    assert answer.status_code == (404 if leads_to is None else 303)


@pytest.mark.parametrize("coding", ["br", "gzip"])
@pytest.mark.parametrize("path", ["/puzzles/lantern", "/puzzles/lantern/assets/long.txt", "/static/tests/hunt.css"])
async def test_texts_are_compressed_for_those_who_take_it(mine: Browser, path: str, coding: str) -> None:
    plain = await mine.client.get(path, headers={"accept-encoding": "identity"})
    packed = await mine.client.get(path, headers={"accept-encoding": f"zstd, {coding};q=0.5"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == coding
    assert "accept-encoding" in packed.headers["vary"].lower()
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.status_code == plain.status_code == 200
    if path != "/puzzles/lantern":  # a page says what time it is
        assert packed.content == plain.content


@pytest.mark.parametrize("header", ["br;q=0, gzip;q=0.0", "identity", "*;q=0", "brotli", ""])
async def test_what_a_client_does_not_take_is_not_sent(mine: Browser, header: str) -> None:
    answer = await mine.client.get("/puzzles/lantern/assets/long.txt", headers={"accept-encoding": header})
    assert "content-encoding" not in answer.headers


async def test_sounds_and_parts_of_files_are_sent_as_they_are(mine: Browser) -> None:
    packed = {"accept-encoding": "br, gzip"}
    assert "content-encoding" not in (await mine.client.get(WAV, headers=packed)).headers
    for path in ("/puzzles/lantern/assets/long.txt", "/static/tests/hunt.css"):
        part = await mine.client.get(path, headers={**packed, "range": "bytes=0-1999"})
        assert (part.status_code, len(part.content)) == (206, 2000)
        assert "content-encoding" not in part.headers


async def test_a_compressed_file_that_has_not_changed_is_not_sent_again(mine: Browser) -> None:
    path, packed = "/puzzles/lantern/assets/long.txt", {"accept-encoding": "br"}
    first = await mine.client.get(path, headers=packed)
    assert first.headers["etag"].startswith("W/")
    again = await mine.client.get(path, headers={**packed, "if-none-match": first.headers["etag"]})
    assert again.status_code == 304


async def test_a_solutions_page_of_an_author_is_there_with_the_solution_alone(tmp_path: Path) -> None:
    for solutions, status in (("hidden", 404), ("released", 303)):
        hunt = write_small_hunt(tmp_path / solutions, solutions=solutions)
        (hunt / "puzzles/lantern/solution/tool.html").write_text("<p>Tool</p>")
        async with running_app(settings_of(hunt, await fresh_sqlite(tmp_path))) as app:
            await app.begin()
            team = await app.team()
            await guess(app, team, "lighthouse")
            browser = Browser(app)
            await browser.log_in(team)
            answer = await browser.client.get("/puzzles/lantern/solution/tool.html")
            assert answer.status_code == status
            await browser.client.aclose()


@pytest.fixture(scope="module")
async def site(anyio_backend: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("files-site")
    async with running_site(write_hunt(folder), await fresh_sqlite(folder)) as site:
        await site.app.begin()
        yield site


async def test_in_a_browser_an_authors_page_lives_and_has_no_session(browser: Chromium, site: Site) -> None:
    team: Team = await site.app.team()
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{site.url}/login")
    await page.fill("[name=username]", team.username)
    await page.fill("[name=password]", PASSWORD)
    await page.click("main button[type=submit]")
    await page.goto(f"{site.url}/puzzles/lantern")
    await expect(page.locator("#found")).to_have_text('{"word": "moon"}')
    await page.click("text=The game")
    await expect(page.locator("#o")).to_have_text("alive moon, no cookies, no answer")
    await expect(page.locator("#o")).to_have_css("color", "rgb(1, 2, 3)")
    await context.close()
