"""Which passwords an account may have: long enough, not its own name, and not among those that attackers try first."""

import functools
import unicodedata
from collections.abc import Iterable
from importlib.resources import files

from hunt.accounts.errors import BadAccount

MIN_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 256
MIN_DIFFERENT_CHARACTERS = 3

FIXTURE_PASSWORD = "password"  # noqa: S105 - it protects nothing: see `PasswordRules`
"""What the accounts of the demo hunt and the examples in the docs have."""


class PasswordRules:
    """Checks new passwords. A server without a public address takes the fixtures' password too."""

    def __init__(self, *, is_public: bool) -> None:
        self._is_public = is_public

    def check(self, password: str, names: Iterable[str]) -> str:
        """The password, if an account with these names may have it. Raises BadAccount."""
        if len(password) < MIN_PASSWORD_LENGTH:
            raise BadAccount("password", f"A password has at least {MIN_PASSWORD_LENGTH} characters.")
        if len(password) > MAX_PASSWORD_LENGTH:
            raise BadAccount("password", f"A password has at most {MAX_PASSWORD_LENGTH} characters.")
        if len(set(password)) < MIN_DIFFERENT_CHARACTERS:
            raise BadAccount("password", f"A password has at least {MIN_DIFFERENT_CHARACTERS} different characters.")
        if _plain(password) in map(_plain, names):
            raise BadAccount("password", "The password must not be the name of the account: choose another one.")
        if is_common(password) and (self._is_public or password != FIXTURE_PASSWORD):
            raise BadAccount("password", "Very many people have this password: choose one that is harder to guess.")
        return password


def is_common(password: str) -> bool:
    """Whether the password is among those that attackers try first, however it is capitalised."""
    return password.casefold() in _common()


@functools.cache
def _common() -> frozenset[str]:
    lines = files("hunt.accounts").joinpath("common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


def _plain(text: str) -> str:
    """Without what somebody would change about a name to make a password of it: capitals and spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
