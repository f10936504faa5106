"""How to reach the organisers: the setting `contact` of a hunt, as a sentence and as a link."""

import re

from msgspec import Struct

_EMAIL = re.compile(r"[^\s@<>\"'?&]+@[^\s@<>\"'?&]+\.[^\s@<>\"'?&.]+")
_URL = re.compile(r"https?://[^\s<>\"']+")
_SENTENCE_END = (".", "!", "?", "…", "。", "！", "？")  # noqa: RUF001 - what ends a sentence in Chinese and Japanese


class Contact(Struct, frozen=True):
    """A sentence in parts: `lead`, then `name`, which is a link where there is an `href`, then `end`."""

    lead: str
    name: str
    href: str | None = None
    end: str = "."

    @property
    def sentence(self) -> str:
        """Whom to ask and how, for a message that has no links."""
        return f"{self.lead}{self.name}{self.end}"


def contact_of(text: str) -> Contact:
    """What the setting `contact` says: an e-mail address, a web address, a sentence, or anything else by that name.

    An empty text names headquarters and no way to reach it.
    """
    if not text:
        return Contact("Ask ", "headquarters")
    if _EMAIL.fullmatch(text):
        return Contact("Write to ", text, f"mailto:{text}")
    if _URL.fullmatch(text):
        return Contact("Ask headquarters: ", text, text, end="")  # a full stop would be copied with the address
    if text.endswith(_SENTENCE_END):
        return Contact("", text, end="")
    return Contact("Ask headquarters: ", text)
