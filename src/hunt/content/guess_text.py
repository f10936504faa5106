"""The forms in which guesses and answers are compared."""

import re
import unicodedata
from functools import cache
from itertools import product

MAX_LETTERS_APART = 4
"""Letters of one text that are each spelled in either way; where there are more, all of them in the same way."""

_PAIRS = {"ÄǞ": "AE", "ÖȪ": "OE", "ÜǕǗǙǛ": "UE", "ØǾ": "OE", "ÅǺ": "AA"}
_TWO_WAYS = {letter: pair for letters, pair in _PAIRS.items() for letter in letters}
"""Letters that are written as another pair of letters where they cannot be typed, or without their mark."""

_HAS_TWO_WAYS = re.compile(f"([{''.join(_TWO_WAYS)}])", re.IGNORECASE)

_ONE_WAY = {"Æ": "AE", "Œ": "OE", "ẞ": "SS", "Þ": "TH", "Ð": "D"}
"""Letters that are not another one with a mark, as they are typed where they are missing (ß is SS by itself)."""

_WITH_MARK = re.compile(r"LATIN (?:SMALL|CAPITAL) LETTER (?:AFRICAN |SMALL |DOTLESS )?([A-Z])(?: WITH .*| BAR)?$")
"""The name of a letter that is another one with a stroke, a bar or a hook, or without its dot: ł, đ, ħ, ɨ."""

_APOSTROPHES = range(0x02B9, 0x02C0)
"""Count as letters in Unicode and as apostrophes for people: the okina of Hawaii."""

_ACCENTS = ("COMBINING ", "ARABIC ", "HEBREW ", "SYRIAC ", "SAMARITAN ", "VARIATION ", "MONGOLIAN FREE VARIATION ")
"""How the names of marks begin that people leave out: accents, points of vowels, and forms of one letter."""

_VOICING = "COMBINING KATAKANA-HIRAGANA "
"""The exception: with it a kana is another letter."""


def canonical(text: str) -> str:
    """The letters and digits of a text in their plainest form (NFKD), upper case; empty when there are none.

    Marks that make another letter count (kana, Thai, the scripts of India), accents and points do not, and a letter
    with a stroke is the letter without. Idempotent: some letters only fall apart once they are upper case, so the steps
    repeat until nothing changes.
    """
    if text.isascii():
        return "".join(filter(str.isalnum, text)).upper()
    while (cleaned := _clean(text)) != text:
        text = cleaned
    return text


def spellings(text: str) -> tuple[str, ...]:
    """Every canonical form in which a text may be typed, `canonical(text)` first.

    There are several where it has one of ä ö ü ø å, which people write as ae, oe, ue, oe and aa too.
    """
    plain = canonical(text)
    if text.isascii():
        return (plain,)
    parts = _HAS_TWO_WAYS.split(unicodedata.normalize("NFC", text))
    letters = parts[1::2]
    ways = [(letter, _TWO_WAYS[letter.upper()]) for letter in letters]
    choices = product(*ways) if len(letters) <= MAX_LETTERS_APART else zip(*ways, strict=True)
    forms: dict[str, None] = {plain: None}
    for chosen in choices:
        parts[1::2] = chosen
        forms[canonical("".join(parts))] = None
    return tuple(forms)


def _clean(text: str) -> str:
    kept: list[str] = []
    for char in unicodedata.normalize("NFKD", text):
        if char.isalnum():
            kept.append(char if char.isascii() else _plain(char))
        elif kept and not char.isascii() and _counts(char):
            kept.append(char)
    return "".join(kept).upper()


@cache  # at most as large as Unicode
def _plain(letter: str) -> str:
    """A letter as it is typed where it is missing from the keyboard; empty for an apostrophe."""
    if found := _ONE_WAY.get(letter.upper()):
        return found
    if ord(letter) in _APOSTROPHES:
        return ""
    named = _WITH_MARK.match(unicodedata.name(letter, ""))
    return named[1] if named else letter


@cache
def _counts(mark: str) -> bool:
    """Whether this is a mark that makes another letter of the one before it."""
    if unicodedata.category(mark) not in {"Mn", "Mc"}:
        return False
    name = unicodedata.name(mark, "")
    return name.startswith(_VOICING) or not name.startswith(_ACCENTS)
