"""Forms without JavaScript: they do what they say, and keep what was typed where it is refused."""

from pathlib import Path
from urllib.parse import urlencode

import pytest

from apps import PASSWORD, App, Team, fresh_sqlite, running_app, settings_of
from html_pages import Browser, Page
from hunt.accounts.throttle import FAILURES_PER_ACCOUNT
from hunt.game import commands as cmd
from live_world import grant, guess
from small_hunt import write_small_hunt

pytestmark = pytest.mark.anyio


def value_of(page: Page, name: str) -> str:
    return page.one("input", name=name).get("value", "")


# --- logging in


@pytest.mark.parametrize(
    ("next", "expected"),
    [
        ("/puzzles/lantern", "/puzzles/lantern"),
        ("/puzzles?q=a&state=solved", "/puzzles"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("\\\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("/\n//evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("//[::1", "/"),
        ("", "/"),
        ("puzzles", "/"),
    ],
)
async def test_a_login_leads_on_to_our_own_pages_only(nobody: Browser, team: Team, next: str, expected: str) -> None:
    page = await nobody.get(f"/login?{urlencode({'next': next})}")
    assert value_of(page, "next").partition("?")[0] == expected
    answer = await nobody.send("/login", username=team.username, password=PASSWORD, next=next)
    assert answer.status_code == 303
    location = answer.headers["location"]
    assert location.partition("?")[0] == expected
    again = await nobody.get(f"/login?{urlencode({'next': next})}")
    assert again.answer.url.path == expected, "who is logged in is led on at once"


@pytest.mark.parametrize(("kind", "status"), [("data", 413), ("files", 422)])
async def test_a_form_has_a_bounded_number_of_fields(nobody: Browser, kind: str, status: int) -> None:
    fields = {f"f{number}": "x" for number in range(100)}
    answer = await nobody.client.post("/login", **{kind: fields})
    assert answer.status_code == status


async def test_a_wrong_password_keeps_the_name_and_says_so(nobody: Browser, team: Team) -> None:
    await nobody.get("/login")
    page = await nobody.post("/login", username=team.username, password="wrong", next="/puzzles")
    assert page.answer.status_code == 401
    assert value_of(page, "username") == team.username
    assert value_of(page, "next") == "/puzzles"
    assert "value" not in page.one("input", name="password")
    assert "do not fit together" in page.text
    assert page.inline == []


async def test_too_many_wrong_passwords_say_when_to_come_back(nobody: Browser, team: Team) -> None:
    for _ in range(FAILURES_PER_ACCOUNT):
        await nobody.post("/login", username=team.username, password="wrong")
    page = await nobody.post("/login", username=team.username, password=PASSWORD)
    assert page.answer.status_code == 429
    assert int(page.answer.headers["retry-after"]) > 0
    assert value_of(page, "username") == team.username


async def test_a_deactivated_team_is_told_so(nobody: Browser, web_app: App, team: Team) -> None:
    await web_app.services.accounts.set_active(team.id, active=False)
    page = await nobody.post("/login", username=team.username, password=PASSWORD)
    assert page.answer.status_code == 403
    assert "deactivated" in page.text


async def test_a_logout_ends_it(mine: Browser) -> None:
    page = await mine.post("/logout")
    assert page.answer.url.path == "/login"
    assert (await mine.get("/team")).answer.url.path == "/login"


# --- registering


async def test_a_team_registers_and_is_on_the_hub(nobody: Browser) -> None:
    await nobody.get("/register")
    page = await nobody.post("/register", username="fresh", name="Fresh & <Clean>", password="long enough")
    assert page.answer.url.path == "/"
    assert "Fresh & <Clean>" in page.text
    assert "<Clean>" not in page.answer.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", ""),
        ("username", "two words"),
        ("name", ""),
        ("name", "x" * 200),
        ("password", "short"),
        ("username", "a\0b"),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_the_rest_is_kept(
    nobody: Browser, field: str, value: str
) -> None:
    fields = {"username": "kept_username", "name": 'Kept "Name" <b>', "password": "long enough", field: value}
    await nobody.get("/register")
    page = await nobody.post("/register", **fields)
    assert page.answer.status_code == 422
    wrong = page.one("input", name=field)
    assert wrong["aria-invalid"] == "true"
    assert page.one("p", id=wrong["aria-describedby"])
    for other in {"username", "name"} - {field}:
        assert value_of(page, other) == fields[other]
        assert "aria-invalid" not in page.one("input", name=other)
    assert "value" not in page.one("input", name="password")
    assert page.inline == []


async def test_a_name_that_is_taken_is_said_and_kept(nobody: Browser, team: Team) -> None:
    await nobody.get("/register")
    page = await nobody.post("/register", username=team.username, name="Something else", password="long enough")
    assert page.answer.status_code == 409
    assert value_of(page, "username") == team.username
    assert "already" in page.text


async def test_closed_registration_says_so(tmp_path: Path) -> None:
    hunt = write_small_hunt(tmp_path / "hunt", registration="closed", contact="hq@hunt.example.org")
    async with running_app(settings_of(hunt, await fresh_sqlite(tmp_path))) as app:
        browser = Browser(app)
        page = await browser.get("/register")
        assert "Registration is closed" in page.text
        assert "mailto:hq@hunt.example.org" in page.addresses
        page = await browser.post("/register", username="late", name="Late", password="long enough")
        assert page.answer.status_code == 403
        assert "Write to hq@hunt.example.org." in page.text
        assert "/register" not in (await browser.get("/login")).addresses
        await browser.client.aclose()


# --- guessing


async def test_a_guess_says_what_came_of_it(mine: Browser) -> None:
    await mine.get("/puzzles/lantern")
    for text, said in (
        ("dark", "DARK: Incorrect."),
        ("lamp", "Nearly. What is it for?"),
        ("dark", "You guessed this before."),
    ):
        page = await mine.post("/puzzles/lantern/guess", guess=text)
        assert page.answer.url.path == "/puzzles/lantern"
        assert said in page.text
    assert "the rules" in page.text
    page = await mine.post("/puzzles/lantern/guess", guess="lighthouse")
    assert "Correct!" in page.text
    assert not page.all("form", id="guess-form")
    assert "Correct!" not in (await mine.get("/puzzles/lantern")).text.replace("LIGHTHOUSE", ""), "said once"


@pytest.mark.parametrize(
    "text", ["", "🎉", "x" * 256, "a\0b", '"><script>alert(1)</script>' + "x" * 250, "\u202e\u202c"]
)
async def test_a_guess_that_is_none_is_422_and_kept(mine: Browser, text: str) -> None:
    await mine.get("/puzzles/lantern")
    page = await mine.post("/puzzles/lantern/guess", guess=text)
    assert page.answer.status_code == 422
    form_field = page.one("input", name="guess")
    assert form_field["aria-invalid"] == "true"
    assert form_field["value"].replace("\ufffd", "\0") == text
    assert page.inline == []


async def test_a_guess_that_has_to_wait_is_429_and_kept(mine: Browser) -> None:
    await mine.get("/puzzles/mirror")
    for text in ("one", "two"):
        await mine.post("/puzzles/mirror/guess", guess=text)
    page = await mine.post("/puzzles/mirror/guess", guess="Three, please")
    assert page.answer.status_code == 429
    assert int(page.answer.headers["retry-after"]) > 0
    assert value_of(page, "guess") == "Three, please"
    assert "Wait" in page.text
    assert page.one("form", id="guess-form")["data-next-guess-at"]


async def test_a_guess_on_what_a_teammate_solved_meanwhile_says_so(mine: Browser, web_app: App, team: Team) -> None:
    await mine.get("/puzzles/mirror")
    await guess(web_app, team, "moon", slug="mirror")
    page = await mine.post("/puzzles/mirror/guess", guess="sun")
    assert page.answer.url.path == "/puzzles/mirror"
    assert "This puzzle is solved" in page.text


async def test_a_guess_on_a_locked_puzzle_is_404_or_says_that_it_is_locked(mine: Browser) -> None:
    await mine.get("/puzzles")
    assert (await mine.post("/puzzles/vault/guess", guess="x")).answer.status_code == 404
    assert "not unlocked" in (await mine.post("/puzzles/meta/guess", guess="x")).text


FOREIGN: list[dict[str, str]] = [
    {},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site", "origin": "http://localhost"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
]
"""What a browser says of a form that is not from our own pages, and saying nothing."""


@pytest.mark.parametrize("headers", FOREIGN)
async def test_a_form_that_is_not_from_our_pages_does_nothing_and_is_answered_by_a_page(
    mine: Browser, web_app: App, headers: dict[str, str]
) -> None:
    before = web_app.services.tail.head
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = await mine.client.post("/puzzles/lantern/guess", content="guess=x", headers={**kind, **headers})
    assert answer.status_code == 403
    assert "HUNT_PUBLIC_URL" in Page(answer).text
    assert web_app.services.tail.head == before


async def test_a_form_of_ten_megabytes_is_refused_with_a_page(mine: Browser) -> None:
    await mine.get("/puzzles/lantern")
    page = await mine.post("/puzzles/lantern/guess", guess="x" * 10_000_000)
    assert page.answer.status_code == 413
    assert page.inline == []


async def test_a_form_sent_after_a_logout_leads_back_to_its_page(nobody: Browser, team: Team) -> None:
    headers = {"referer": "http://localhost/puzzles/lantern?x=1"}
    answer = await nobody.client.post("/puzzles/lantern/guess", data={"guess": "x"}, headers=headers)
    assert answer.headers["location"] == "/login?next=%2Fpuzzles%2Flantern%3Fx%3D1"
    for foreign in ("https://evil.example/x", "http://localhost.evil.example/", "http://localhost:81/", ""):
        answer = await nobody.client.post("/logout-nothing", headers={"referer": foreign})
        answer = await nobody.client.post("/puzzles/lantern/guess", data={"guess": "x"}, headers={"referer": foreign})
        assert answer.headers["location"] == "/login?next=%2F"


# --- everything else


async def test_unlocking_says_what_it_costs_and_does_it(mine: Browser, web_app: App, team: Team) -> None:
    page = await mine.get("/puzzles/ladder")
    assert "Costs 1 key" in page.text
    poor = await mine.post("/puzzles/ladder/unlock")
    assert "Unlocking this puzzle takes 1 key; you have 0." in poor.text
    await grant(web_app, team)
    page = await mine.get("/puzzles/ladder")
    button = page.one("button", formaction="/puzzles/ladder/unlock")
    assert page.one("form", id=button["form"])["method"] == "post"
    page = await mine.post(button["formaction"])
    assert "Climb." in page.text
    assert "already" in (await mine.post("/puzzles/ladder/unlock")).text


async def test_an_interaction_is_started_and_completed(mine: Browser, web_app: App, team: Team) -> None:
    await guess(web_app, team, "lighthouse")
    page = await mine.get("/rounds/downstairs")
    page = await mine.post(page.one("button", **{"data-api": "/api/interactions/tea/start"})["formaction"])
    assert page.answer.url.path == "/rounds/downstairs"
    form = page.one("form", id="interaction-form-tea")
    page = await mine.post(form["action"], result="With <milk>")
    assert "With <milk>" in page.text
    assert "Completed" in page.text


@pytest.mark.parametrize("step", ["start", "complete"])
async def test_an_interaction_that_is_locked_answers_as_one_that_does_not_exist(mine: Browser, step: str) -> None:
    await mine.get("/")
    answers = [await mine.send(f"/interactions/{id}/{step}") for id in ("under_the_stairs", "nothing")]
    assert {answer.headers["location"] for answer in answers} == {"/"}
    assert {answer.status_code for answer in answers} == {303}


async def test_a_clue_becomes_keys_and_an_answer_is_bought(mine: Browser, web_app: App, team: Team) -> None:
    await web_app.services.writer.submit(cmd.Grant(teams=(team.id,), clues=2))
    page = await mine.get("/")
    page = await mine.post(page.one("button", formaction="/currency/exchange")["formaction"])
    assert page.answer.url.path == "/"
    page = await mine.get("/puzzles/lantern")
    page = await mine.post(page.one("button", formaction="/puzzles/lantern/buy-answer")["formaction"])
    assert "LIGHTHOUSE" in page.text
    assert "no clue" in (await mine.post("/currency/exchange")).text


async def test_a_hint_is_asked_for_and_an_empty_question_is_refused(mine: Browser, web_app: App, team: Team) -> None:
    await web_app.services.writer.submit(cmd.OpenHints(teams=(team.id,), slug="lantern"))
    page = await mine.get("/puzzles/lantern")
    action = page.one("form", id="hint-form")["action"]
    page = await mine.post(action, question="   ")
    assert page.answer.status_code == 422
    assert page.one("textarea", name="question")["aria-invalid"] == "true"
    page = await mine.post(action, question="x" * 2_001)
    assert page.answer.status_code == 422
    assert "x" * 2_001 in page.answer.text
    page = await mine.post(action, question="Which lamp?\r\nWhere?")
    assert "Which lamp? Where?" in page.text
    assert not page.all("form", id="hint-form")
    assert "not answered yet" in (await mine.post(action, question="And?")).text


async def test_the_team_page_changes_name_and_password(mine: Browser, team: Team) -> None:
    page = await mine.get("/team")
    assert len([tag for tag, _ in page.elements if tag == "form"]) >= 4
    page = await mine.post("/team/rename", name="")
    assert page.answer.status_code == 422
    assert page.one("input", name="name")["aria-invalid"] == "true"
    page = await mine.post("/team/rename", name=f"New {team.username}")
    assert f"New {team.username}" in page.text
    assert "hunt_id" in mine.client.cookies
    for current, new, status, wrong in (("nope", "long enough", 401, "current"), (PASSWORD, "short", 422, "new")):
        page = await mine.post("/team/password", current=current, new=new)
        assert page.answer.status_code == status
        assert page.one("input", name=wrong)["aria-invalid"] == "true"
    page = await mine.post("/team/password", current=PASSWORD, new="long enough")
    assert "The password is changed" in page.text


async def test_other_devices_are_logged_out(mine: Browser, web_app: App, team: Team) -> None:
    other = Browser(web_app)
    await other.log_in(team)
    await mine.get("/team")
    page = await mine.post("/team/logout-others")
    assert "Every other device is logged out" in page.text
    assert (await other.get("/team")).answer.url.path == "/login"
    assert (await mine.get("/team")).answer.url.path == "/team"
    await other.client.aclose()


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe=\xff", b"guess=%ED%A0%80", b"guess=%FF", b"guess[]=a", b"guess=a&guess=b", b"{}", b"&&&=&"],
)
async def test_a_form_of_another_shape_is_refused_and_breaks_nothing(mine: Browser, body: bytes) -> None:
    await mine.get("/puzzles/lantern")
    headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    answer = await mine.client.post("/puzzles/lantern/guess", content=body, headers=headers)
    assert answer.status_code in {303, 422}, answer.text


@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data; boundary=x", "multipart/form-data", "text/plain", ""]
)
async def test_a_form_of_another_type_is_refused(mine: Browser, kind: str) -> None:
    await mine.get("/puzzles/lantern")
    headers = {"content-type": kind, "sec-fetch-site": "same-origin"}
    answer = await mine.client.post("/puzzles/lantern/guess", content=b'{"guess": "x"}', headers=headers)
    assert answer.status_code in {400, 422}, answer.text
    assert Page(answer).inline == []
