"""What a page holds that browsers will not do: our pages run and show only what comes as a file from this server."""

import re
from collections.abc import Iterator

from hunt.content.addresses import attributes_of, start_tags

_QUICK = re.compile(r"style|<script|<iframe|\bon[a-z]+\s*=|//", re.IGNORECASE)
_HANDLER = re.compile(r"on[a-z]+")
_ELSEWHERE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_LOADING = {"src", "srcset", "poster", "data", "xlink:href"}


def inert_parts(html: str) -> Iterator[tuple[str, str]]:
    """Each kind of part that does nothing, once, as a sentence, with the first tag that has it."""
    if not _QUICK.search(html):
        return
    seen = set[str]()
    for start, end in start_tags(html):
        tag = html[start:end]
        for sentence in _sentences(tag):
            if sentence not in seen:
                seen.add(sentence)
                yield sentence, tag


def _sentences(tag: str) -> Iterator[str]:
    name, attributes = attributes_of(tag)
    if name == "style" or "style" in attributes:
        yield "a style written in a page has no effect: put it into a file, assets/style.css, and link that"
    if name == "script" and "src" not in attributes:
        yield "a script written in a page does not run: put it into a file under assets/"
    if any(_HANDLER.fullmatch(attribute) for attribute in attributes):
        yield "an event handler written in a tag does not run: add it in a script of its own"
    if name == "iframe":
        yield "a frame stays empty: pages show no other pages"
    loaded = [
        value
        for attribute, value in attributes.items()
        if attribute in _LOADING or (name, attribute) == ("link", "href")
    ]
    if name != "iframe" and any(_ELSEWHERE.match(value) for value in loaded):
        yield "a file of another server is not loaded: put it under assets/"
