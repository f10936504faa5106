"""A password is long enough, not the account's own name, and not what everybody has."""

import pytest

from hunt.accounts.errors import BadAccount
from hunt.accounts.password_rules import FIXTURE_PASSWORD, PasswordRules, is_common

PUBLIC, LOCAL = PasswordRules(is_public=True), PasswordRules(is_public=False)
NAMES = ("the-owls", "The Night Owls")


@pytest.mark.parametrize("password", ["", "short", "x" * 7, "ab" * 129, "x" * 20, "ababababab", " " * 12])
def test_a_password_is_long_enough_not_endless_and_has_different_characters(password: str) -> None:
    for rules in (PUBLIC, LOCAL):
        with pytest.raises(BadAccount) as bad:
            rules.check(password, NAMES)
        assert bad.value.field == "password"


@pytest.mark.parametrize("password", ["the-owls", "THE-OWLS", "The Night Owls", "thenightowls", "\uff34he Night Owls"])
def test_the_name_of_the_account_is_no_password(password: str) -> None:
    for rules in (PUBLIC, LOCAL):
        with pytest.raises(BadAccount, match="name of the account"):
            rules.check(password, NAMES)


@pytest.mark.parametrize("password", ["12345678", "Password1", "qwertyuiop", "iloveyou", "PASSWORD"])
def test_a_common_password_is_refused_however_it_is_capitalised(password: str) -> None:
    for rules in (PUBLIC, LOCAL):
        with pytest.raises(BadAccount, match="harder to guess"):
            rules.check(password, NAMES)


def test_the_password_of_the_examples_is_good_only_where_nobody_else_comes() -> None:
    assert is_common(FIXTURE_PASSWORD)
    assert LOCAL.check(FIXTURE_PASSWORD, NAMES) == FIXTURE_PASSWORD
    with pytest.raises(BadAccount):
        PUBLIC.check(FIXTURE_PASSWORD, NAMES)


@pytest.mark.parametrize(
    "password", [" spaces count ", "correct horse", "owls-secret", "пароль совы", "x" * 254 + "yz"]
)
def test_any_other_password_is_taken_as_it_is(password: str) -> None:
    assert PUBLIC.check(password, NAMES) == password
