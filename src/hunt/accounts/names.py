"""What names may look like."""

import unicodedata

from hunt.accounts.errors import BadAccount

MAX_USERNAME_LENGTH = 64
MAX_NAME_LENGTH = 128

MAX_TYPED_LENGTH = 1_000
"""Characters that are looked at: putting tens of thousands of accents in order takes seconds."""


def clean_username(text: str) -> str:
    """The one form of a user name: however it is typed, it is the same account."""
    if len(text) > MAX_TYPED_LENGTH:
        raise BadAccount("username", f"A user name has at most {MAX_USERNAME_LENGTH} characters.")
    username = unicodedata.normalize("NFKC", text).strip().casefold()
    if not username:
        raise BadAccount("username", "Choose a user name.")
    if len(username) > MAX_USERNAME_LENGTH:
        raise BadAccount("username", f"A user name has at most {MAX_USERNAME_LENGTH} characters.")
    if not username.isprintable() or any(char.isspace() for char in username):
        raise BadAccount("username", "A user name has no spaces and only characters that can be seen.")
    return username


def clean_name(text: str) -> str:
    """The team's name as shown to everybody."""
    if len(text) > MAX_TYPED_LENGTH:
        raise BadAccount("name", f"A team's name has at most {MAX_NAME_LENGTH} characters.")
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise BadAccount("name", "Choose a name for the team.")
    if len(name) > MAX_NAME_LENGTH:
        raise BadAccount("name", f"A team's name has at most {MAX_NAME_LENGTH} characters.")
    if not name.isprintable():
        raise BadAccount("name", "A team's name has only characters that can be seen.")
    return name
