"""The texts of the payment page: five languages say the same, each in words of its own and with its own plurals."""

import re
from collections.abc import Iterator
from string import Formatter

import pytest

from tradepost.dialects.web.pay_texts import ENGLISH, LANGUAGES, PLURALS, names, texts

ENGLISH_TABLE = texts(ENGLISH).table
OTHERS = [lang for lang in LANGUAGES if lang != ENGLISH]
# What is spelled alike in another language, too: names of things, and what is nothing but placeholders.
SAME = {"wear", "said", "count", "minutes"}


def forms(lang: str, key: str) -> Iterator[str]:
    found = texts(lang).table[key]
    yield from [found] if isinstance(found, str) else found.values()


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("lang", OTHERS)
def test_each_language_has_every_text_and_no_other(lang: str) -> None:
    assert set(texts(lang).table) == set(ENGLISH_TABLE)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_text_has_the_same_placeholders_in_every_language(lang: str) -> None:
    for key in ENGLISH_TABLE:
        wanted = placeholders(next(forms(ENGLISH, key)))
        for text in forms(lang, key):
            assert text.strip() == text != ""
            assert placeholders(text) == wanted, key
            assert all(re.fullmatch("[a-z]+", name) for name in wanted)  # nothing that reaches into a value
            assert not re.search("[<>]|&[a-z]+;", text)  # a text, and no HTML


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_text_that_counts_has_every_form_that_its_language_has(lang: str) -> None:
    needed = {PLURALS[lang](n) for n in range(1000)} | {
        "other"
    }  # which browsers ask for where there is a fraction
    for key, text in texts(lang).table.items():
        assert isinstance(text, str) is isinstance(ENGLISH_TABLE[key], str), key
        assert isinstance(text, str) or needed <= set(text), key


@pytest.mark.parametrize("lang", OTHERS)
def test_a_language_says_it_in_words_of_its_own(lang: str) -> None:
    same = {key for key in ENGLISH_TABLE if set(forms(lang, key)) & set(forms(ENGLISH, key))}
    assert same <= SAME


@pytest.mark.parametrize(
    ("lang", "n", "text"),
    [
        ("en", 1, "1 day"),
        ("en", 7, "7 days"),
        ("de", 1, "1 Tag"),
        ("de", 7, "7 Tage"),
        ("fr", 0, "0 jour"),
        ("fr", 7, "7 jours"),
        ("ru", 1, "1 день"),
        ("ru", 3, "3 дня"),
        ("ru", 7, "7 дней"),
        ("ru", 11, "11 дней"),
        ("ru", 12, "12 дней"),
        ("ru", 21, "21 день"),
        ("ru", 22, "22 дня"),
        ("ru", 111, "111 дней"),
        ("pl", 1, "1 dzień"),
        ("pl", 7, "7 dni"),
    ],
)
def test_a_number_has_its_words(lang: str, n: int, text: str) -> None:
    assert texts(lang)("days", n=n) == text


def test_polish_counts_minutes_as_it_should() -> None:
    said = [texts("pl")("minutes", n=n) for n in (1, 2, 5, 12, 22, 25)]
    assert said == ["1 minutę", "2 minuty", "5 minut", "12 minut", "22 minuty", "25 minut"]


@pytest.mark.parametrize("lang", ["", "xx", "EN", "en-US", "../en", "de\x00", "pay"])
def test_an_unknown_language_is_english(lang: str) -> None:
    assert texts(lang).lang == ENGLISH


def test_each_language_is_called_as_its_speakers_call_it() -> None:
    assert list(names().values()) == ["English", "Deutsch", "Français", "Русский", "Polski"]


def test_what_a_stranger_is_called_is_no_part_of_the_page() -> None:
    said = texts("en").markup("heading", merchant="<b>{n}</b> & sons")
    assert said == "Pay &lt;b&gt;{n}&lt;/b&gt; &amp; sons with skins"
