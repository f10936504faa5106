"""The addresses in HTML: found as a browser finds them, rewritten in place, the rest kept to the letter."""

import html
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import accumulate

ATTRIBUTES = {"src", "href", "poster", "srcset", "xlink:href", "data"}

_ATTRIBUTE = re.compile(r"""([^\s=>"'/]+)(?:(\s*=\s*)("[^"]*"|'[^']*'|[^\s>]+))?""")

Resolve = Callable[[str, str], str]
"""Takes an attribute's name and an address in it, gives the address that shall stand there."""


def rewrite(text: str, resolve: Resolve) -> str:
    """The HTML with every address replaced by what `resolve` makes of it."""
    finder = _Finder(resolve, text)
    finder.feed(text)
    finder.close()
    done, parts = 0, []
    for start, end, tag in finder.changes:
        parts += [text[done:start], tag]
        done = end
    return "".join([*parts, text[done:]])


class _Finder(HTMLParser):
    """Notes which start tags change: where each begins and ends in the text, and what shall stand there."""

    def __init__(self, resolve: Resolve, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.changes: list[tuple[int, int, str]] = []
        self._resolve = resolve
        self._lines = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - HTMLParser's
        if not any(name in ATTRIBUTES for name, _ in attrs):
            return
        old = self.get_starttag_text() or ""
        new = _ATTRIBUTE.sub(self._attribute, old)
        if new != old:
            line, column = self.getpos()
            start = self._lines[line - 1] + column
            self.changes.append((start, start + len(old), new))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def _attribute(self, found: re.Match[str]) -> str:
        name, equals, value = found.groups()
        if value is None or name.lower() not in ATTRIBUTES:
            return found[0]
        old = html.unescape(value[1:-1] if value[0] in "\"'" else value)
        new = self._candidates(old) if name.lower() == "srcset" else self._resolve(name.lower(), old.strip())
        return found[0] if new == old.strip() else f'{name}{equals}"{html.escape(new)}"'

    def _candidates(self, value: str) -> str:
        """The images that a `srcset` names, each an address with its width or density."""
        if "data:" in value:
            return value.strip()
        images = [image.split(None, 1) for image in value.split(",") if image.strip()]
        return ", ".join(" ".join([self._resolve("srcset", address), *rest]) for address, *rest in images)
