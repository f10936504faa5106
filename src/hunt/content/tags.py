"""The tags of a page, found as a browser finds them: addresses rewritten in place, parts without effect told.

The standard library's parser would do, but takes seconds for a few kilobytes of broken HTML; this is one walk.
"""

import html
import re
from collections.abc import Callable, Iterator

Resolve = Callable[[str, str], str]
"""Takes an attribute's name and an address in it, gives the address that shall stand there."""

_TAG = re.compile(r"""<([a-zA-Z][^\s/>]*+)(?:=\s*+"[^"]*+"|=\s*+'[^']*+'|[^>=]++|=)*+>""")
_ATTRIBUTE = re.compile(r"""([^\s=>"'/]+)(?:(\s*=\s*)("[^"]*"|'[^']*'|[^\s>]+))?""")
_LETTER = re.compile("[a-zA-Z]")
_MAY_HAVE_ADDRESS = re.compile(r"(?:src|href|poster|srcset|data)\s*=", re.IGNORECASE)
_MAY_HAVE_NO_EFFECT = re.compile(
    r"style|<script|<i?frame|<embed|<object|<applet|<base|\bon[a-z]+\s*=|//|javascript:", re.IGNORECASE
)
_MAY_HAVE_ID = re.compile(r"\bid\s*=", re.IGNORECASE)
_HANDLER = re.compile(r"on[a-z]+")
_ELSEWHERE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_LOADING = {"src", "srcset", "poster", "data", "xlink:href"}
"""Attributes whose address is fetched with the page."""

_WITH_ADDRESS = {*_LOADING, "href"}
_LOADING_BY_HREF = {"link", "image", "feimage", "use"}
"""Elements that fetch what their `href` names."""

_NESTED = {"iframe", "frame", "embed", "object", "applet"}
_JAVASCRIPT = re.compile(r"\s*javascript:", re.IGNORECASE)
_TEXT_ONLY = {"script", "style", "textarea", "title"}
"""Elements in which nothing is a tag but their own end."""


def rewrite(text: str, resolve: Resolve) -> str:
    """The HTML with every address replaced by what `resolve` makes of it."""
    if not _MAY_HAVE_ADDRESS.search(text):
        return text
    done, parts = 0, []
    for start, end in _start_tags(text):
        parts += [text[done:start], _rewritten(text[start:end], resolve)]
        done = end
    return "".join([*parts, text[done:]])


def ids(text: str) -> Iterator[tuple[str, str]]:
    """Every id that a tag of the HTML has, with the tag."""
    if not _MAY_HAVE_ID.search(text):
        return
    for start, end in _start_tags(text):
        _, attributes = _attributes_of(text[start:end])
        if "id" in attributes:
            yield attributes["id"], text[start:end]


def inert_parts(text: str, *, inline: bool = False) -> Iterator[tuple[str, str]]:
    """What has no effect, once a kind, as a sentence, with the first tag that has it.

    Our pages run and show only what comes as a file from this server. With `inline` it is a page of an author's own,
    where styles and scripts that are written in it have an effect.
    """
    if not _MAY_HAVE_NO_EFFECT.search(text):
        return
    seen = set[str]()
    for start, end in _start_tags(text):
        tag = text[start:end]
        name, attributes = _attributes_of(tag)
        inert = [] if inline else list(_inline(name, attributes))
        for sentence in (*inert, *_from_elsewhere(name, attributes)):
            if sentence not in seen:
                seen.add(sentence)
                yield sentence, tag


def _start_tags(text: str) -> Iterator[tuple[int, int]]:
    """Where each start tag begins and ends, comments and scripts left out; nothing follows one that never ends."""
    start = text.find("<")
    while start >= 0:
        end = start + 1
        if text.startswith("<!--", start):
            end = _find(text, "-->", start)
        elif _LETTER.match(text, end):
            tag = _TAG.match(text, start)
            if tag is None:
                return
            yield tag.span()
            name = tag[1].lower()
            end = _find(text, f"</{name}", tag.end()) if name in _TEXT_ONLY else tag.end()
        start = text.find("<", end)


def _attributes_of(tag: str) -> tuple[str, dict[str, str]]:
    """The name of a start tag and its attributes, names in lower case."""
    name, *attributes = _ATTRIBUTE.finditer(tag.removesuffix(">"))
    return name[0][1:].lower(), {found[1].lower(): _unquoted(found[3] or "") for found in attributes}


def _unquoted(value: str) -> str:
    return html.unescape(value[1:-1] if value[:1] in ('"', "'") else value).strip()


def _find(text: str, what: str, start: int) -> int:
    found = re.compile(re.escape(what), re.IGNORECASE).search(text, start)
    return len(text) if found is None else found.start() + 1


def _rewritten(tag: str, resolve: Resolve) -> str:
    def attribute(found: re.Match[str]) -> str:
        name, equals, value = found.groups()
        if value is None or name.lower() not in _WITH_ADDRESS:
            return found[0]
        old = _unquoted(value)
        new = _candidates(old, resolve) if name.lower() == "srcset" else resolve(name.lower(), old)
        return found[0] if new == old else f'{name}{equals}"{html.escape(new)}"'

    return _ATTRIBUTE.sub(attribute, tag)


def _candidates(value: str, resolve: Resolve) -> str:
    """The images that a `srcset` names, each an address with its width or density."""
    if "data:" in value:
        return value
    images = [image.split(None, 1) for image in value.split(",") if image.strip()]
    return ", ".join(" ".join([resolve("srcset", address), *rest]) for address, *rest in images)


def _inline(name: str, attributes: dict[str, str]) -> Iterator[str]:
    if name == "style" or "style" in attributes:
        yield "a style written in a page has no effect: put it into a file, assets/style.css, and link that"
    if name == "script" and "src" not in attributes:
        yield "a script written in a page does not run: put it into a file under assets/"
    if any(_HANDLER.fullmatch(attribute) for attribute in attributes):
        yield "an event handler written in a tag does not run: add it in a script of its own"
    if any(_JAVASCRIPT.match(value) for value in attributes.values()):
        yield "an address that is a script does not run: put the script into a file under assets/"


def _from_elsewhere(name: str, attributes: dict[str, str]) -> Iterator[str]:
    if name in _NESTED:
        yield f"<{name}> stays empty: pages show no other pages or documents inside; write a link to it"
        return
    if name == "base":
        yield "<base> has no effect: write addresses in full"
    loaded = [
        value
        for attribute, value in attributes.items()
        if attribute in _LOADING or (name in _LOADING_BY_HREF and attribute == "href")
    ]
    if any(_ELSEWHERE.match(value) for value in loaded):
        yield "a file of another server is not loaded: put it under assets/"
    if name == "form" and _ELSEWHERE.match(attributes.get("action", "")):
        yield "a form that leads to another server is not sent"
