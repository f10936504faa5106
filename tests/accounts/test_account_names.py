"""What names may look like, and that one name is one account however it is typed."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunt.accounts.errors import BadAccount
from hunt.accounts.names import clean_name, clean_username
from playing import quick

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(
    "typed", ["unicorns", "UNICORNS", "  Unicorns\n", "\uff35nicorns", "unicorn\u017f", "\u1d58nicorns"]
)
def test_a_user_name_is_the_same_in_every_form(typed: str) -> None:
    assert clean_username(typed) == "unicorns"


def test_accents_count_but_not_how_they_are_written() -> None:
    assert clean_username(COMPOSED) == clean_username(DECOMPOSED) == clean_username(COMPOSED.upper())
    assert clean_username(COMPOSED) != clean_username("cafe")
    assert clean_name(COMPOSED) == clean_name(DECOMPOSED)


@pytest.mark.parametrize(
    "typed", ["", "  ", "two words", "tab\tbed", "nul\0", "\u202eright", "zero\u200bwidth", "\ud800", "a" * 65]
)
def test_a_user_name_has_no_spaces_nothing_unseen_and_a_bounded_length(typed: str) -> None:
    with pytest.raises(BadAccount) as bad:
        clean_username(typed)
    assert bad.value.field == "username"


@pytest.mark.parametrize("typed", ["", " \n ", "nul\0", "\u202eright", "\udfff", "a" * 129])
def test_a_name_can_be_seen_and_has_a_bounded_length(typed: str) -> None:
    with pytest.raises(BadAccount) as bad:
        clean_name(typed)
    assert bad.value.field == "name"


def test_a_name_keeps_its_case_and_loses_only_surplus_spaces() -> None:
    assert clean_name("  The   Ünïcorns 🦄\t&\nfriends ") == "The Ünïcorns 🦄 & friends"


@given(st.text(max_size=30))
@quick(400)
def test_a_clean_user_name_stays_as_it_is(typed: str) -> None:
    try:
        once = clean_username(typed)
    except BadAccount:
        return
    assert clean_username(once) == once
    assert clean_username(unicodedata.normalize("NFD", typed)) == once


def test_every_letter_alone_has_one_clean_form() -> None:
    for code in range(0x110000):
        try:
            once = clean_username(chr(code))
        except BadAccount:
            continue
        assert clean_username(once) == once, hex(code)
        assert clean_username(unicodedata.normalize("NFD", chr(code))) == once, hex(code)


@pytest.mark.parametrize("clean", [clean_username, clean_name])
def test_a_million_accents_are_refused_without_being_put_in_order(clean: Callable[[str], str]) -> None:
    with pytest.raises(BadAccount):
        clean("a" + "\u0301\u0323" * 500_000)
