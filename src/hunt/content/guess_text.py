"""The one form in which guesses and answers are compared."""

import unicodedata


def canonical(text: str) -> str:
    """The letters and digits of a text in their plainest form (NFKD), upper case; empty when there are none.

    Idempotent: some letters only fall apart once they are upper case, so the steps repeat until nothing changes.
    """
    while (cleaned := _clean(text)) != text:
        text = cleaned
    return text


def _clean(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text))).upper()
