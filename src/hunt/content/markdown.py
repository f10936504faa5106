"""Markdown to HTML: CommonMark with tables, strikethrough, footnotes, definition lists and anchors on headings.

HTML is passed through: authors are trusted.
"""

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from msgspec import Struct

ANCHOR = "section-"
"""Begins the id of every heading, so that none is the id of something else on the page."""

HEADING = 3
"""Tokens that make a heading: open, text, close."""


class Rendered(Struct, frozen=True):
    html: str
    title: str | None = None


def render(text: str) -> Rendered:
    """The whole text as HTML."""
    return Rendered(_MARKDOWN.render(text))


def render_titled(text: str) -> Rendered:
    """As `render`, titled by the first heading, which is left out of the HTML where it opens the text as its `#`."""
    env: dict[str, object] = {}
    tokens = _MARKDOWN.parse(text, env)
    at = next((index for index, token in enumerate(tokens) if token.type == "heading_open"), None)
    if at is None:
        return Rendered(_html(tokens, env))
    title = _text(tokens[at + 1].children or [])
    body = tokens[HEADING:] if at == 0 and tokens[0].tag == "h1" else tokens
    return Rendered(_html(body, env), title or None)


def _html(tokens: Sequence[Token], env: dict[str, object]) -> str:
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, env))


def _text(tokens: Sequence[Token]) -> str:
    return "".join(_text(token.children) if token.children else token.content for token in tokens).strip()


def _anchor(title: str) -> str:
    words = "".join(char if char.isalnum() else " " for char in title.lower()).split()
    return ANCHOR + "-".join(words)


def _align_without_style(state: StateCore) -> None:
    """Columns are aligned by attribute: pages take no style that is written in them."""
    for token in state.tokens:
        if token.type in ("th_open", "td_open"):
            style = str(token.attrs.pop("style", ""))
            if style:
                token.attrSet("align", style.removeprefix("text-align:"))


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.core.ruler.push("align_without_style", _align_without_style)
    return parser.use(footnote_plugin).use(deflist_plugin).use(anchors_plugin, max_level=6, slug_func=_anchor)


_MARKDOWN = _parser()
