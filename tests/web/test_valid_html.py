"""The pages are valid HTML: a strict parser finds no error, and times are written as the standard wants them."""

import re

import html5lib
import pytest
from html5lib.html5parser import ParseError

from apps import App, Team
from html_pages import Browser
from hunt.game import commands as cmd
from live_world import guess

pytestmark = pytest.mark.anyio

FOR_VISITORS = ["/", "/login", "/register", "/pages/rules", "/nothing"]
FOR_TEAMS = [
    "/",
    "/rounds/downstairs",
    "/rounds/stray_leads",
    "/puzzles",
    "/puzzles/lantern",
    "/puzzles/mirror",
    "/puzzles/ladder",
    "/puzzles/meta",
    "/activity",
    "/team",
    "/pages/rules",
    "/nothing",
    "/activity?before=x",
]

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z")
"""A moment for `datetime`: a fraction of a second has at most three digits."""


def check(html: str) -> None:
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    try:
        document = parser.parse(html)
    except ParseError as error:
        raise AssertionError(f"{error}: {parser.errors}\n{html}") from None
    for element in document.iter("time"):
        assert MOMENT.fullmatch(element.get("datetime", "")), element.attrib
    for label in document.iter("label"):
        assert label.get("for") is None or document.find(f".//*[@id='{label.get('for')}']") is not None
    for button in document.iter("button"):
        owner = button.get("form")
        assert owner is None or document.find(f".//form[@id='{owner}']") is not None


@pytest.mark.parametrize("path", FOR_VISITORS)
async def test_what_visitors_see_is_valid(nobody: Browser, path: str) -> None:
    check((await nobody.get(path)).answer.text)


async def test_what_teams_see_is_valid_in_every_state(mine: Browser, web_app: App, team: Team) -> None:
    for path in FOR_TEAMS:
        check((await mine.get(path)).answer.text)
    submit = web_app.services.writer.submit
    await submit(cmd.OpenHints(teams=(team.id,), slug="mirror", after_hours=0))
    await submit(cmd.Grant(teams=(team.id,), keys=3, clues=2))
    for text in ("lamp", "light", "wrong one", "lighthouse"):
        await guess(web_app, team, text)
    for text in ("wrong", "still wrong"):
        await guess(web_app, team, text, slug="mirror")
    await submit(cmd.RequestHint(team_id=team.id, slug="mirror", question="How <b>on earth</b>?"))
    for path in FOR_TEAMS:
        check((await mine.get(path)).answer.text)


async def test_a_form_that_failed_is_valid(mine: Browser, nobody: Browser) -> None:
    check((await mine.post("/puzzles/lantern/guess", guess="?!")).answer.text)
    check((await mine.post("/team/rename", name="\u3164")).answer.text)
