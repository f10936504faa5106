import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunt.content import canonical


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("Full Moon!", "FULLMOON"),
        ("  it\u2019s 7 o'clock ", "ITS7OCLOCK"),
        ("crème brûlée", "CREMEBRULEE"),
        ("ﬁn", "FIN"),
        ("straße", "STRASSE"),
        ("Ⅳ", "IV"),
        ("①②", "12"),
        ("Ωmega", "ΩMEGA"),
        ("ひらがな", "ひらかな"),
        ("🔎🧊", ""),
        ("", ""),
        ("-_ \t\n", ""),
    ],
)
def test_only_letters_and_digits_count_in_capitals(written: str, compared: str) -> None:
    assert canonical(written) == compared


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)


@given(st.text())
def test_what_is_left_are_letters_and_digits_without_case(text: str) -> None:
    cleaned = canonical(text)
    assert cleaned == "" or cleaned.isalnum()
    assert cleaned.upper() == cleaned


def test_cleaning_ends_for_every_character_there_is() -> None:
    for code in range(sys.maxunicode + 1):
        cleaned = canonical(chr(code))
        assert canonical(cleaned) == cleaned
