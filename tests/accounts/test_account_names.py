"""What names may look like, and that one name is one account however it is typed."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunt.accounts.errors import BadAccount
from hunt.accounts.names import check_not_reserved, clean_name, clean_username, name_key, name_shape
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
    "typed", ["", "  ", "two words", "tab\tbed", "nul\0", "\u3164", "a\u2800b", "\ud800", "a" * 65]
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


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("\u0130stanbul", "istanbul"),
        ("\u0131stanbul", "istanbul"),
        ("ISTANBUL", "istanbul"),
        ("O\u2019Neil", "o'neil"),
        ("a\u2014b", "a-b"),
        ("zero\u200bwidth", "zerowidth"),
        ("\ufeffteam\u00a0", "team"),
        ("\uff34\uff45\uff41\uff4d", "team"),
        ("\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3"),
    ],
)
def test_whatever_a_phone_makes_of_it_it_is_the_same_account(typed: str, same: str) -> None:
    assert clean_username(typed) == same


WELCOME = [
    "\U0001f3f3\ufe0f\u200d\U0001f308 Pride",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "\u0c15\u0c4d\u0c37\u0c4d\u0c2e\u0c3f",
    "1\ufe0f\u20e3",
    "\U0001fae8",
    "\U0001fadd",
]


@pytest.mark.parametrize("name", WELCOME, ids=ascii)
def test_emoji_and_the_joiners_that_scripts_need_are_welcome(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "\u3164", "\u2800", "\u115f\u1160", "\uffa0 \u3164", "\u200d\u200c", "\u0301", "\u00ad", "\u200b", "\ufeff",
        "a\u202eb", "a\u2066b", "a\u2065", "a\ufff0", "a\U000e0fff", "\u200fa", "a\x07", "a\ue000", "a\ufffe", "a\U000e0041", "e" + "\u0301" * 6, "\ud800",
    ],
    ids=ascii,
)  # fmt: skip
def test_names_that_look_empty_or_hide_something_are_refused(name: str) -> None:
    with pytest.raises(BadAccount):
        clean_name(name)


def test_joiners_that_join_nothing_are_dropped() -> None:
    assert clean_name("\u200da\u200d\u200d b\u200c") == "a b"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Owls", "THE OWLS"),
        ("The Owls", "The  \u200bOwls"),
        ("The Owls", "\uff34\uff48\uff45 \uff2f\uff57\uff4c\uff53"),
        ("The Owls", "\u0422he \u041ewls"),
        ("The Owls", "Th\u00e9 \u00d6wls"),
        ("The Owls", "The 0wls"),
        ("IRIS", "iris"),
        ("\u041c\u041e\u0421\u041a\u0412\u0410", "\u043c\u043e\u0441\u043a\u0432\u0430"),
        ("paypal", "\u0440\u0430\u0443\u0440\u0430l"),
        ("\u0141\u00f3d\u017a", "Lodz"),
        ("Stra\u00dfe", "STRASSE"),
        ("The Owls", "The Owls\u17b4"),
        ("The Owls", "The Ow\u1160ls\u180b"),
        ("The Owls", "The\u3164\uffa0Owls"),
    ],
)
def test_names_that_people_would_take_for_each_other_have_one_key(one: str, other: str) -> None:
    assert name_key(clean_name(one)) == name_key(clean_name(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mail", "Mall"),
        ("\u304c\u304e", "\u304b\u304d"),
        ("\u0915\u093f", "\u0915\u0940"),
        ("\U0001f989", "\U0001f98a"),
        ("Team 1", "Team 2"),
        ("\u65e5\u672c", "\u672c\u65e5"),
        ("Owls", "Owls!"),
    ],
)
def test_other_names_have_other_keys(one: str, other: str) -> None:
    assert name_key(clean_name(one)) != name_key(clean_name(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Owls", "The OwIs"),
        ("The Owls", "The \u041ewIs"),
        ("Iris", "lris"),
        ("Team I", "Team 1"),
        ("Team I", "Team l"),
        ("Tom", "T0m"),
    ],
)
def test_a_capital_i_looks_like_an_l(one: str, other: str) -> None:
    assert name_shape(one) == name_shape(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Mail", "Mall"), ("FAIL", "FALL"), ("Team I", "Team II"), ("\u65e5\u672c", "\u672c\u65e5")]
)
def test_other_names_have_other_shapes(one: str, other: str) -> None:
    assert name_shape(one) != name_shape(other)


@pytest.mark.parametrize("name", ["HQ", "hq", "H.Q.", "\u0397Q", "\uff28\uff31", "Head Quarters", "Admin", "0perator"])
def test_nobody_is_called_like_the_organisers(name: str) -> None:
    with pytest.raises(BadAccount):
        check_not_reserved("name", clean_name(name))
    check_not_reserved("name", "HQuiz")


@given(st.text(max_size=30))
@quick(400)
def test_a_clean_name_stays_as_it_is_and_has_a_key(typed: str) -> None:
    try:
        once = clean_name(typed)
    except BadAccount:
        return
    assert clean_name(once) == once
    assert name_key(once)
    assert name_shape(once)


@pytest.mark.parametrize("clean", [clean_username, clean_name])
def test_a_million_accents_are_refused_without_being_put_in_order(clean: Callable[[str], str]) -> None:
    with pytest.raises(BadAccount):
        clean("a" + "\u0301\u0323" * 500_000)
