"""Looking into pages without a browser."""

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import httpx

from apps import PASSWORD, App, Team

Attributes = dict[str, str]

VOID = {
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "source",
    "track",
    "wbr",
    "use",
    "path",
}


class Page(HTMLParser):
    """A parsed page: its elements with their attributes, and its text."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.answer = answer
        self.elements: list[tuple[str, Attributes]] = []
        self.text = ""
        self._hidden = ""
        self.feed(answer.text)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._hidden = tag if tag in {"script", "style"} else ""

    def handle_endtag(self, tag: str) -> None:
        self._hidden = ""

    def handle_data(self, data: str) -> None:
        if self._hidden:
            self.elements.append((f"inside {self._hidden}", {"text": data}))
        else:
            self.text += data

    def all(self, tag: str, **wanted: str) -> list[Attributes]:
        """The attributes of every such element."""
        return [has for name, has in self.elements if name == tag and wanted.items() <= has.items()]

    def one(self, tag: str, **wanted: str) -> Attributes:
        [found] = self.all(tag, **wanted)
        return found

    @property
    def inline(self) -> list[Any]:
        """Whatever a strict content security policy forbids."""
        bad: list[Any] = [each for each in self.elements if each[0] in {"style", "inside script", "inside style"}]
        bad += [has for has in self.all("script") if "src" not in has]
        for tag, has in self.elements:
            bad += [(tag, name) for name in has if name == "style" or name.startswith("on")]
            bad += [(tag, value) for value in has.values() if value.strip().lower().startswith("javascript:")]
        return bad

    @property
    def addresses(self) -> list[str]:
        """All that the page loads or links to."""
        return [
            has[name] for _, has in self.elements for name in ("src", "href", "action", "formaction") if name in has
        ]


class Browser:
    """A browser without JavaScript: keeps cookies, and says of its forms that they are from this site."""

    def __init__(self, app: App) -> None:
        self.client = app.client(headers={"accept": "text/html"})

    async def get(self, path: str) -> Page:
        """The page at a path, redirects followed."""
        return await self._follow(await self.client.get(path))

    async def post(self, path: str, **fields: str) -> Page:
        """What comes after sending a form to a path, redirects followed."""
        return await self._follow(await self.send(path, **fields))

    async def send(self, path: str, **fields: str) -> httpx.Response:
        """The answer itself to a form sent to a path."""
        body = urlencode(fields)
        headers = {"content-type": "application/x-www-form-urlencoded", "origin": "http://localhost"}
        return await self.client.post(path, content=body, headers=headers)

    async def _follow(self, answer: httpx.Response) -> Page:
        for _ in range(5):
            if answer.status_code not in {301, 302, 303, 307, 308}:
                return Page(answer)
            answer = await self.client.get(answer.headers["location"])
        raise AssertionError(f"redirects without end: {answer.headers['location']}")

    async def log_in(self, team: Team) -> None:
        await self.get("/login")
        page = await self.post("/login", username=team.username, password=PASSWORD)
        assert page.answer.status_code == 200, page.text
