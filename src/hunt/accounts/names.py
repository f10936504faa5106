"""What names may look like, and which of them people would take for one another.

The rules name characters themselves, because which ones Python calls printable differs from version to version.
"""

import re
import unicodedata
from functools import lru_cache

from disarm import skeleton_key

from hunt.accounts.errors import BadAccount

MAX_USERNAME_LENGTH = 64
MAX_NAME_LENGTH = 128
"""Characters; as bytes of UTF-8 four times as many."""

MAX_TYPED_LENGTH = 1_000
"""Characters that are looked at: putting tens of thousands of accents in order takes seconds."""

MAX_MARKS = 4
"""Marks on one character. Scripts that stack them need up to four; more only cover the lines above and below."""

BLANK = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and symbols that look like nothing."""

_UNSEEN = str.maketrans(
    dict.fromkeys(BLANK, " ") | dict.fromkeys("\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f", None)
)
"""Those of them that leave a gap count as a space between other letters, the rest as nothing."""

JOINERS = "\u200c\u200d"
"""They hold emoji together, and several scripts need them within words."""

DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

RESERVED = {
    *("hq", "headquarters", "gamecontrol", "gamemaster", "staff", "support", "system"),
    *("admin", "administrator", "moderator", "operator", "operators"),
    *("organiser", "organisers", "organizer", "organizers"),
}
"""Keys, without spaces and punctuation, under which people would expect the organisers."""

_TAGGED = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")
"""The flags of parts of a country: the one place where tag characters stand for something."""

_NEVER_SEEN = re.compile("[\u2065\ufff0-\ufff8\U000e0080-\U000e00ff\U000e01f0-\U000e0fff]")
"""Set aside by Unicode for characters that will not be seen."""

_LONE_JOINERS = re.compile(f"(?<![^\\s{JOINERS}])[{JOINERS}]+|[{JOINERS}]+(?=\\s|$)")
_MANY_JOINERS = re.compile(f"([{JOINERS}])[{JOINERS}]+")
_PHONE_PUNCTUATION = str.maketrans("\u2018\u2019\u02bc\u201c\u201d\u2013\u2014", "'''\"\"--")
_ALIKE = str.maketrans({"0": "o", "1": "l", "|": "l"})


def clean_username(text: str) -> str:
    """The one form of a user name: however it is typed, it is the same account. Raises BadAccount.

    Phones begin with a capital letter, which in Turkish is another one, put in curly quotes and long dashes, and add
    spaces and marks that cannot be seen.
    """
    if len(text) > MAX_TYPED_LENGTH:
        raise BadAccount("username", f"A user name has at most {MAX_USERNAME_LENGTH} characters.")
    typed = unicodedata.normalize("NFKC", text).translate(_PHONE_PUNCTUATION)
    visible = "".join(char for char in typed if unicodedata.category(char) != "Cf").strip()
    # A capital I with a dot falls apart into two characters, and a small one may come without.
    username = unicodedata.normalize("NFKC", visible.casefold().replace("i\u0307", "i").replace("\u0131", "i"))
    if not username or all(map(_is_blank, username)):
        raise BadAccount("username", "Choose a user name.")
    if len(username) > MAX_USERNAME_LENGTH:
        raise BadAccount("username", f"A user name has at most {MAX_USERNAME_LENGTH} characters.")
    if any(char.isspace() or char in BLANK for char in username) or _hidden(username):
        raise BadAccount("username", "A user name has no spaces and only characters that can be seen.")
    return username


def clean_name(text: str) -> str:
    """The team's name as shown to everybody. Raises BadAccount."""
    if len(text) > MAX_TYPED_LENGTH:
        raise BadAccount("name", f"A team's name has at most {MAX_NAME_LENGTH} characters.")
    name = unicodedata.normalize("NFC", text).replace("\u00ad", "").replace("\ufeff", "").replace("\u200b", "")
    name = " ".join(_MANY_JOINERS.sub(r"\1", _LONE_JOINERS.sub("", " ".join(name.split()))).split())
    if all(map(_is_blank, name)):
        raise BadAccount("name", "Choose a name for the team, one that can be seen.")
    if len(name) > MAX_NAME_LENGTH:
        raise BadAccount("name", f"A team's name has at most {MAX_NAME_LENGTH} characters.")
    if DIRECTIONS & set(name):
        raise BadAccount("name", "A team's name cannot change the direction of the text around it.")
    if _hidden(_TAGGED.sub("", name)):
        raise BadAccount("name", "A team's name has only characters that can be seen.")
    if _most_marks(name) > MAX_MARKS:
        raise BadAccount("name", f"A team's name has at most {MAX_MARKS} marks on one character.")
    return name


def name_key(name: str) -> str:
    """What a clean name looks like: two names with one key would be taken for each other.

    Case, width, accents of European letters and letters of another script that look the same do not count (the
    skeletons of UTS 39). Marks that make another letter, as in Japanese and Hindi, do.
    """
    # Capitals are what other scripts share most of; only I looks like an l, which it is not when it is small.
    plain = unicodedata.normalize("NFC", _without_accents(_seen(name)).upper().replace("I", "i"))
    return skeleton_key(plain).translate(_ALIKE) or plain


@lru_cache(50_000)
def name_shape(name: str) -> str:
    """What a clean name looks like with its capitals as they are, where an I is read as an l, as in `OwIs`.

    Two names with one shape would be taken for each other too, though one is not the other in capitals.
    """
    plain = _without_accents(_seen(name))
    return skeleton_key(plain.replace("I", "l").replace("L", "L^")).translate(_ALIKE) or plain


def check_not_reserved(field: str, name: str) -> None:
    """Raises BadAccount for a name under which people would expect the organisers."""
    if "".join(filter(str.isalnum, name_key(name))) in RESERVED:
        raise BadAccount(field, "This name would be taken for the organisers'. Choose another one.")


def _seen(name: str) -> str:
    return " ".join(name.translate(_UNSEEN).split())


def _without_accents(text: str) -> str:
    kept, is_european = [], False
    for char in unicodedata.normalize("NFD", text):
        if unicodedata.combining(char) and is_european:
            continue
        if not unicodedata.category(char).startswith("M"):
            is_european = unicodedata.name(char, "").startswith(("LATIN", "GREEK", "CYRILLIC"))
        kept.append(char)
    return "".join(kept)


def _is_blank(char: str) -> bool:
    return char in BLANK or (unicodedata.category(char)[0] in "ZCM" and unicodedata.category(char) != "Cn")


def _hidden(text: str) -> list[str]:
    """Characters that nobody sees and no script needs: controls, halves of pairs, private and non-characters."""
    return [
        char
        for char in text
        if (unicodedata.category(char) in {"Cc", "Cs", "Co", "Zl", "Zp"})
        or (unicodedata.category(char) == "Cf" and char not in JOINERS)
        or _NEVER_SEEN.match(char)
        or (ord(char) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(char) <= 0xFDEF)  # noqa: PLR2004 - Unicode's noncharacters
    ]


def _most_marks(text: str) -> int:
    runs = re.findall("m+", "".join("m" if unicodedata.category(char) in {"Mn", "Me"} else "." for char in text))
    return max(map(len, runs), default=0)
