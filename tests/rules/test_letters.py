"""A letter is the same letter in capitals, and never two others."""

import pytest

from tradepost.rules.letters import fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("AK-47 | Redline", "ak-47 | rEDLINE"),
        ("ÀÉÎ", "àéî"),
        ("ß", "ẞ"),
        ("ΟΔΟΣ", "οδος"),
        ("ΣΑ", "ςα"),
        ("Я", "я"),
        ("★ StatTrak™", "★ STATTRAK™"),
        ("ſ", "S"),
    ],
)
def test_capital_and_small_letters_are_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("term", "text"), [("ß", "Glass"), ("ss", "Straße"), ("ﬁ", "Fire"), ("ŉ", "nʼ")])
def test_no_letter_is_taken_for_two_others(term: str, text: str) -> None:
    assert fold(term) not in fold(text)


def test_each_letter_stays_one() -> None:
    letters = "".join(map(chr, range(0xD800)))
    assert len(fold(letters)) == len(letters)
    assert fold(fold(letters)) == fold(letters)
