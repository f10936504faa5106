import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunt.content import canonical, spellings
from hunt.content.guess_text import MAX_LETTERS_APART


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("Full Moon!", "FULLMOON"),
        ("  it\u2019s 7 o'clock ", "ITS7OCLOCK"),
        ("crème brûlée", "CREMEBRULEE"),
        ("ﬁn", "FIN"),
        ("straße", "STRASSE"),
        ("STRAẞE", "STRASSE"),
        ("Ⅳ", "IV"),
        ("①②", "12"),
        ("Ωmega", "ΩMEGA"),
        ("🔎🧊", ""),
        ("", ""),
        ("-_ \t\n", ""),
        ("\u0301\u3099", ""),
    ],
)
def test_only_letters_and_digits_count_in_capitals(written: str, compared: str) -> None:
    assert canonical(written) == compared


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Łódź", "LODZ"),
        ("smørrebrød", "SMORREBROD"),
        ("Đorđe", "DORDE"),
        ("Ħamrun", "HAMRUN"),
        ("Ŧana", "TANA"),
        ("Diyarbak\u0131r", "DIYARBAKIR"),
        ("\u0130stanbul", "ISTANBUL"),
        ("Þórðr", "THORDR"),
        ("Ægir", "AEGIR"),
        ("Œuvre", "OEUVRE"),
        ("\u0181agudu \u0199asa", "BAGUDU KASA"),
        ("\u0197\u0268\u0244\u0289", "IIUU"),
        ("Hawai\u02bbi", "HAWAII"),
    ],
)
def test_letters_that_are_another_one_with_a_mark_are_compared_as_people_type_them(written: str, typed: str) -> None:
    assert canonical(written) == canonical(written.upper()) == canonical(written.lower()) == canonical(typed)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("がぎ", "かき"),
        ("ぱ", "は"),
        ("ガ", "カ"),
        ("กิน", "กน"),
        ("ใกล้", "ใกล"),
        ("हिन्दी", "हनद"),
        ("কলা", "কল"),
        ("தமிழ்", "தமழ"),
        ("ລາວີ", "ລາວ"),
        ("ភាសា", "ភស"),
        ("မြန်မာ", "မနမ"),
    ],
)
def test_marks_that_make_another_letter_count(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)
    assert canonical(unicodedata.normalize("NFD", one)) == canonical(unicodedata.normalize("NFC", one))


@pytest.mark.parametrize(
    ("pointed", "plain"),
    [
        ("שָׁלוֹם", "שלום"),
        ("مَرْحَبًا", "مرحبا"),
        ("ελληνικά", "ελληνικα"),
        ("ещё", "еще"),
        ("1\ufe0f\u20e3", "1"),
        ("ｶﾞ", "ガ"),
        ("か゛", "が"),
    ],
)
def test_accents_points_and_forms_do_not_count(pointed: str, plain: str) -> None:
    assert canonical(pointed) == canonical(plain)


@pytest.mark.parametrize(
    ("written", "forms"),
    [
        ("Möwe", {"MOWE", "MOEWE"}),
        ("MO\u0308WE", {"MOWE", "MOEWE"}),
        ("Blåbær", {"BLABAER", "BLAABAER"}),
        ("Übergröße", {"UBERGROSSE", "UEBERGROSSE", "UBERGROESSE", "UEBERGROESSE"}),
        ("N\u01da", {"NU", "NUE"}),
        ("\u01ff\u01fb", {"OA", "OEA", "OAA", "OEAA"}),
        ("MOEWE", {"MOEWE"}),
        ("crème", {"CREME"}),
    ],
)
def test_umlauts_and_the_letters_of_the_north_are_spelled_in_either_way(written: str, forms: set[str]) -> None:
    assert set(spellings(written)) == forms
    assert spellings(written)[0] == canonical(written)


def test_a_text_full_of_umlauts_has_two_spellings() -> None:
    letters = "ö" * (MAX_LETTERS_APART + 1)
    assert spellings(letters) == ("O" * len(letters), "OE" * len(letters))
    assert len(spellings("ö" * MAX_LETTERS_APART)) == 2**MAX_LETTERS_APART


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    for form in (canonical(text), *spellings(text)):
        assert canonical(form) == form


@given(st.text())
def test_what_is_left_are_letters_with_their_marks_and_digits_without_case(text: str) -> None:
    cleaned = canonical(text)
    assert all(char.isalnum() or unicodedata.category(char) in {"Mn", "Mc"} for char in cleaned)
    assert cleaned.upper() == cleaned
    assert not cleaned or cleaned[0].isalnum()


def test_cleaning_ends_for_every_character_there_is() -> None:
    for code in range(sys.maxunicode + 1):
        cleaned = canonical(chr(code))
        assert canonical(cleaned) == cleaned
