"""Spellings of one name: the same characters, written by different programs."""

import unicodedata

MAX_FOLDED = 1_000
"""Characters. Longer texts are no names, and putting thousands of accents in order takes seconds."""


def caseless(name: str) -> str:
    """The form in which two names are equal that many computers take for one: without capitals."""
    return folded(folded(name).casefold())


def folded(name: str) -> str:
    """The form in which two spellings of the same characters are equal (NFC): file systems change them freely.

    A text of more than `MAX_FOLDED` characters is given back as it is.
    """
    return unicodedata.normalize("NFC", name) if len(name) <= MAX_FOLDED else name
