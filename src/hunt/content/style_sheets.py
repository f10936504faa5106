"""What has no effect, or cannot be read, in the stylesheets that authors write."""

import re
from collections.abc import Iterator

from hunt.content.colours import GROUNDS, INKS, Colour, colour_of, unreadable

_COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
_ELSEWHERE = re.compile(
    r"@import\s+(?:url\(\s*)?[\"']?(?:https?:)?//[^\s\"');]*|url\(\s*[\"']?(?:https?:)?//[^\s\"')]*", re.IGNORECASE
)
_BLOCK = re.compile(r"\{([^{}]*)\}")
_DECLARATION = re.compile(r"(?:^|;)\s*(color|background(?:-color)?)\s*:\s*([^;]*)", re.IGNORECASE)


def faults(text: str) -> Iterator[tuple[int, str]]:
    """The line, from 1, and a sentence for each thing that browsers do not load here, or that nobody can read."""
    css = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    for found in _ELSEWHERE.finditer(css):
        what = found[0].strip("\"'")
        yield _line(css, found.start()), f"`{what}`: a file of another server is not loaded: put it under assets/"
    names = {name.lower() for block in _BLOCK.finditer(css) for name, _ in _DECLARATION.findall(block[1])}
    if "color" in names and len(names) > 1:
        return  # inks and grounds: which of them meet on the page cannot be told from here
    for block in _BLOCK.finditer(css):
        sentence = _unreadable(block[1])
        if sentence is not None:
            yield _line(css, block.start(1) + len(block[1]) - len(block[1].lstrip())), sentence


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _unreadable(block: str) -> str | None:
    """Why text in such a block may not be seen; None where it can, and where that cannot be told."""
    values = {name.lower(): value.strip() for name, value in _DECLARATION.findall(block)}
    ink = values.get("color")
    ground = values.get("background-color", values.get("background"))
    if ink is not None and ground is None:
        return _beside(ink, colour_of(ink), GROUNDS, "the page behind it; set a background too")
    if ground is not None and ink is None:
        return _beside(ground, colour_of(ground), INKS, "the text on it; set a color too")
    return None


def _beside(written: str, colour: Colour | None, others: dict[str, Colour], what: str) -> str | None:
    when = None if colour is None else unreadable(colour, others)
    return None if when is None else f"`{written}` {when} has nearly the colour of {what}"
