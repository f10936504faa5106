"""The addresses in HTML: found as a browser finds them, rewritten in place, all else kept to the letter.

The standard library's parser would do, but takes seconds for a few kilobytes of broken HTML; this is one walk.
"""

import html
import re
from collections.abc import Callable, Iterator

ATTRIBUTES = {"src", "href", "poster", "srcset", "xlink:href", "data"}

Resolve = Callable[[str, str], str]
"""Takes an attribute's name and an address in it, gives the address that shall stand there."""

_TAG = re.compile(r"""<([a-zA-Z][^\s/>]*+)(?:=\s*+"[^"]*+"|=\s*+'[^']*+'|[^>=]++|=)*+>""")
_ATTRIBUTE = re.compile(r"""([^\s=>"'/]+)(?:(\s*=\s*)("[^"]*"|'[^']*'|[^\s>]+))?""")
_LETTER = re.compile("[a-zA-Z]")
_QUICK = re.compile(r"(?:src|href|poster|srcset|data)\s*=", re.IGNORECASE)
_TEXT_ONLY = {"script", "style", "textarea", "title"}
"""Elements in which nothing is a tag but their own end."""


def rewrite(text: str, resolve: Resolve) -> str:
    """The HTML with every address replaced by what `resolve` makes of it."""
    if not _QUICK.search(text):
        return text
    done, parts = 0, []
    for start, end in start_tags(text):
        parts += [text[done:start], _rewritten(text[start:end], resolve)]
        done = end
    return "".join([*parts, text[done:]])


def start_tags(text: str) -> Iterator[tuple[int, int]]:
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


def attributes_of(tag: str) -> tuple[str, dict[str, str]]:
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
        if value is None or name.lower() not in ATTRIBUTES:
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
