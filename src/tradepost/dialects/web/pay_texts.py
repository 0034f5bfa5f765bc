"""The texts of the payment page, in each language that it speaks: one file a language, the same keys in each.

A text has named placeholders; one that counts has a form for each plural that its language has, chosen by `n`.
"""

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from markupsafe import Markup

ENGLISH = "en"
LANGUAGES = ("en", "de", "fr", "ru", "pl")  # in the order in which they are offered

_TENS, _HUNDREDS = 10, 100


def _two(n: int) -> str:
    return "one" if n == 1 else "other"


def _french(n: int) -> str:
    return "one" if n in (0, 1) else "other"


def _russian(n: int) -> str:
    if n % _TENS == 1 and n % _HUNDREDS != 11:  # noqa: PLR2004 - eleven is not counted as one is
        return "one"
    return "few" if n % _TENS in (2, 3, 4) and n % _HUNDREDS not in (12, 13, 14) else "many"


def _polish(n: int) -> str:
    if n == 1:
        return "one"
    return "few" if n % _TENS in (2, 3, 4) and n % _HUNDREDS not in (12, 13, 14) else "many"


PLURALS: Mapping[str, Callable[[int], str]] = {
    "en": _two, "de": _two, "fr": _french, "ru": _russian, "pl": _polish,
}  # fmt: skip


class Texts:
    """All texts of one language; called with a key, it says that text."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        folder = resources.files(__package__) / "texts"
        self.table: Mapping[str, str | Mapping[str, str]] = tomllib.loads(
            (folder / f"{lang}.toml").read_text(encoding="utf-8")
        )

    def __call__(self, key: str, **values: Any) -> str:
        """A text with its placeholders filled in; one that counts takes the form for `n`."""
        return self._form(key, values).format(**values)

    def markup(self, key: str, **values: Any) -> Markup:
        """The same where a placeholder stands for a part of the page; what is plain text is escaped."""
        return Markup.escape(self._form(key, values)).format(**values)

    def _form(self, key: str, values: Mapping[str, Any]) -> str:
        text = self.table[key]
        return text if isinstance(text, str) else text[PLURALS[self.lang](values["n"])]

    def raw(self, key: str) -> str | Mapping[str, str]:
        """A text as it is written, for a script that fills it in."""
        return self.table[key]


@cache
def texts(lang: str) -> Texts:
    """The texts of a language; English for one that we do not speak."""
    return Texts(lang if lang in LANGUAGES else ENGLISH)


@cache
def names() -> Mapping[str, str]:
    """Each language by what its speakers call it."""
    return {lang: texts(lang)("language_name") for lang in LANGUAGES}
