"""How teams reach the organisers: one setting, whatever is written there."""

from pathlib import Path

import pytest
from writing import good, hunt_text, load_with

from hunt.content.contact import contact_of


@pytest.mark.parametrize(
    ("text", "sentence", "href"),
    [
        ("", "Ask headquarters.", None),
        ("hq@hunt.example.org", "Write to hq@hunt.example.org.", "mailto:hq@hunt.example.org"),
        (
            "https://chat.example.org/help",
            "Ask headquarters: https://chat.example.org/help",
            "https://chat.example.org/help",
        ),
        ("Call +1 555 0100, day and night!", "Call +1 555 0100, day and night!", None),
        ("room 4-237", "Ask headquarters: room 4-237.", None),
        ("javascript:alert(1)", "Ask headquarters: javascript:alert(1).", None),
        ("a@b.org?subject=x", "Ask headquarters: a@b.org?subject=x.", None),
    ],
)
def test_the_contact_is_a_sentence_and_where_it_can_be_a_link(text: str, sentence: str, href: str | None) -> None:
    contact = contact_of(text)
    assert (contact.sentence, contact.href) == (sentence, href)


def test_the_hunt_says_how_to_ask(tmp_path: Path) -> None:
    hunt = good(load_with(tmp_path, {}, hunt_text(head="contact: hq@hunt.example.org")))
    assert hunt.how_to_ask.sentence == "Write to hq@hunt.example.org."
