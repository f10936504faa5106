"""One way to make an address from a name and one to read it: odd names work everywhere, in every spelling."""

import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import yaml
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from apps import Site, Team, fresh_sqlite, running_site
from html_pages import Browser
from live_world import wired
from people import somebody
from sockets import opened

pytestmark = pytest.mark.anyio

PLAIN = "plain"
ACCENTED = "caf\u00e9"
SLUGS = (
    "100%effort", "50%25", "%2e%2e", "a&b", "q'uote\"", "semi;colon", "a+b", "x:y", "~t", "<b>", "{x}", "*", "=1", "$", ",", "!",
    ACCENTED, "nai\u0308ve", "\u212bngstro\u0308m", "🔎🧊", "ಕಾಬವದೋೀ್", PLAIN,
)  # fmt: skip
"""Two are written with an accent of its own in the hunt, and one with a letter that has another spelling."""

ROUND = "100%\u00e9"
TEA = "tea %41 caf\u00e9".replace(" ", "_")
GATE = "te\u0301 %25".replace(" ", "_")
FILE = "50%25 of\u00e9.txt"
PAGE = "r\u00e8gles%20"


def write_odd_hunt(folder: Path) -> Path:
    """A round, a gate, an interaction, a page and many puzzles whose names are hard to put into an address."""
    puzzles = [{"id": f"s{n}", "slug": slug, "unlocked_if": []} for n, slug in enumerate(SLUGS)]
    tea = {"id": TEA, "title": "Tea", "by": "team", "unlock_if": []}
    round_ = {
        "slug": ROUND,
        "title": "Odd",
        "unlock_if": [],
        "puzzles": puzzles,
        "gates": [{"id": GATE}],
        "interactions": [tea],
    }
    _write(folder / "hunt.yaml", yaml.safe_dump({"title": "Odd names", "solutions": "released", "rounds": [round_]}))
    for slug in SLUGS:
        home = folder / "puzzles" / slug
        _write(home / "puzzle.yaml", yaml.safe_dump({"title": f"About {slug}", "answer": "MOON"}))
        _write(home / "puzzle.md", f"[The file](assets/{quote(FILE)})\n")
        _write(home / "assets" / FILE, f"The file of {slug}")
        _write(home / "solution/index.md", "It was the moon.")
    _write(folder / "pages" / f"{PAGE}.md", "# Rules\n")
    _write(folder / "rounds" / ROUND / "art.svg", '<svg xmlns="http://www.w3.org/2000/svg"/>')
    return folder


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
async def odd_site(anyio_backend: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("odd")
    async with running_site(write_odd_hunt(folder / "hunt"), await fresh_sqlite(folder)) as site:
        yield site


@pytest.fixture
async def team(odd_site: Site) -> Team:
    return await odd_site.app.team()


@pytest.fixture
async def client(odd_site: Site, team: Team) -> AsyncIterator[httpx.AsyncClient]:
    async with odd_site.client(headers=team.headers) as client:
        yield client


def _segment(name: str) -> str:
    return quote(name, safe="")


def _each_byte(name: str) -> str:
    return "".join(f"%{byte:02x}" for byte in name.encode())


def spellings(name: str) -> set[str]:
    """The name as a segment of an address, written in every way that means the same."""
    forms = {name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)}
    return {write(form) for form in forms for write in (_segment, _each_byte)} | {
        quote(form, safe="~!$&'()*+,;=:@") for form in forms
    }


@pytest.mark.parametrize("slug", SLUGS)
async def test_a_puzzle_is_found_in_every_spelling_of_its_name(client: httpx.AsyncClient, slug: str) -> None:
    for name in spellings(slug):
        answer = await client.get(f"/api/puzzles/{name}")
        assert (answer.status_code, answer.json().get("slug")) == (200, slug), name
        for path in ("", f"/assets/{quote(FILE)}", f"/assets/{quote(unicodedata.normalize('NFD', FILE))}", "/solution"):
            page = await client.get(f"/puzzles/{name}{path}")
            assert page.status_code == 200, page.url
            assert slug in page.text or path == "/solution" or "<" in slug or "&" in slug or '"' in slug


@pytest.mark.parametrize("slug", SLUGS)
async def test_what_was_decoded_once_is_not_decoded_again(client: httpx.AsyncClient, slug: str) -> None:
    assert (await client.get(f"/api/puzzles/{_segment(_segment(slug))}")).status_code in (
        {200} if _segment(slug) in SLUGS or _segment(slug) == slug else {404}
    )


@pytest.mark.parametrize("slug", SLUGS)
async def test_the_addresses_on_a_page_lead_to_the_puzzle(odd_site: Site, team: Team, slug: str) -> None:
    browser = Browser(odd_site.app)
    await browser.log_in(team)
    listed = await browser.get(f"/rounds/{_segment(ROUND)}")
    [href] = [has["href"] for has in listed.all("a") if has.get("href") == f"/puzzles/{_segment(slug)}"]
    page = await browser.get(href)
    form = page.one("form", id="guess-form")
    wrong = await browser.client.post(form["data-api"], json={"guess": "sun"}, headers=team.headers)
    assert (wrong.status_code, wrong.json()["verdict"]) == (200, "incorrect")
    [file] = [has["href"] for has in page.all("a") if "/assets/" in has.get("href", "")]
    assert (await browser.get(file)).answer.text == f"The file of {slug}"
    crumb = [has["href"] for has in page.all("a") if has.get("href", "").startswith("/rounds/")]
    assert set(crumb) == {f"/rounds/{_segment(ROUND)}"}
    solved = await browser.post(form["action"], guess="moon")
    assert solved.answer.url.path == f"/puzzles/{slug}"
    assert solved.all("section", id="solved")
    await browser.client.aclose()


async def test_a_guess_counts_for_the_same_puzzle_however_its_address_is_spelled(client: httpx.AsyncClient) -> None:
    verdicts = []
    key = {"idempotency-key": "one and the same".replace(" ", "-")}
    for form in ("NFC", "NFD"):
        address = f"/api/puzzles/{_segment(unicodedata.normalize(form, ACCENTED))}/guesses"
        verdicts.append((await client.post(address, json={"guess": "sun"}, headers=key)).json())
    assert verdicts[0]["id"] == verdicts[1]["id"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
async def test_rounds_pages_interactions_and_gates_have_spellings_too(
    odd_site: Site, team: Team, client: httpx.AsyncClient, form: Any
) -> None:
    def spelled(name: str) -> str:
        return _segment(unicodedata.normalize(form, name))

    assert (await client.get(f"/rounds/{spelled(ROUND)}")).status_code == 200
    assert (await client.get(f"/rounds/{spelled(ROUND)}/assets/art.svg")).status_code == 200
    assert (await client.get(f"/pages/{spelled(PAGE)}")).status_code == 200
    started = await client.post(f"/api/interactions/{spelled(TEA)}/start")
    assert started.json()["rounds"][ROUND]["interactions"][TEA]["state"] == "running"
    hq = await odd_site.app.operator()
    for path in (
        f"gates/{spelled(GATE)}/satisfy",
        f"puzzles/{spelled(ACCENTED)}/unlock",
        f"interactions/{spelled(TEA)}/complete",
    ):
        answer = await client.post(f"/api/ops/{path}", json={"teams": [team.id]}, headers=hq)
        assert answer.status_code == 200, answer.text
    assert (await client.get("/api/me")).json()["state"]["gates_satisfied"] == [GATE]


async def test_the_page_of_an_odd_interaction_works_without_a_script(odd_site: Site, team: Team) -> None:
    browser = Browser(odd_site.app)
    await browser.log_in(team)
    page = await browser.get("/")
    [button] = [has for has in page.all("button") if has.get("formaction", "").endswith("/start")]
    begun = await browser.post(button["formaction"])
    assert "It has begun." in begun.text
    await browser.client.aclose()


@pytest.mark.parametrize("slug", SLUGS)
async def test_a_subscription_takes_every_spelling(odd_site: Site, team: Team, slug: str) -> None:
    async with wired(odd_site.app, team) as wire:
        for number, form in enumerate(("NFC", "NFD")):
            wire.sub("puzzle", str(number), params={"slug": unicodedata.normalize(form, slug)})
            wire.sub("round", f"round {number}", params={"slug": unicodedata.normalize(form, ROUND)})
        await wire.settled()
        assert wire.of("fail") == []
        first, second = (wire.of("update", sub)[0]["value"] for sub in ("0", "1"))
        assert first == second
        assert first["slug"] == slug


async def test_a_visitor_gets_to_the_puzzle_that_was_asked_for(odd_site: Site, team: Team) -> None:
    for slug in SLUGS:
        browser = Browser(odd_site.app)
        asked = await browser.get(f"/puzzles/{_segment(slug)}")
        wanted = asked.one("input", name="next")["value"]
        back = await browser.post("/login", username=team.username, password="a password of tests", next=wanted)
        assert (back.answer.status_code, back.answer.url.path) == (200, f"/puzzles/{slug}")
        await browser.client.aclose()


async def test_a_name_of_thousands_of_accents_is_refused_at_once(odd_site: Site, team: Team) -> None:
    accents = "a" + "\u0301\u0323" * 1_200
    async with opened(odd_site, team) as live:
        await live.sub("puzzle", params={"slug": accents})
        assert (await live.next_of("fail"))["code"] == "not_found"


async def test_a_guess_by_the_page_s_own_script_reaches_the_puzzle(
    browser: Chromium, odd_site: Site, team: Team
) -> None:
    async with somebody(browser, odd_site) as person:
        await person.log_in(team, "/")
        for slug in ("100%effort", "50%25", ACCENTED):
            await person.goto(f"/puzzles/{_segment(unicodedata.normalize('NFD', slug))}")
            await person.connected()
            await person.guess("moon")
            await expect(person.page.locator("#solved")).to_contain_text("MOON")
