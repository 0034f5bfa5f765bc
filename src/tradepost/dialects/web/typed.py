"""Typed: what a person wrote into a field of a form, kept as it stands so that what is wrong with it is said beside it."""

import re
from typing import Self

from tradepost.dialects.fields import Price
from tradepost.rules.money import read_cents, write_cents

TYPED_CHARS_MAX = 40
TEXT_CHARS_MAX = 4_000  # of one field that is no price
TOO_LONG = "…"  # stands where a text was cut, and makes it no price

_COMMA = re.compile(r"[0-9]+,[0-9]{1,2}", re.ASCII)
# As our pages print a sum; without the cents it could be a comma before three decimals just as well.
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+\.[0-9]{2}", re.ASCII)
_HUGE = re.compile(r"[1-9][0-9]{7,}(?:[.,][0-9]{1,2})?", re.ASCII)  # a number, and more than any price


class TypedPrice(str):
    """A price as a person typed it; whether it is one is said beside it, not by refusing the whole form."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """The text; of one that is absurdly long the beginning, which is then no price either."""
        return cls(text if len(text) <= TYPED_CHARS_MAX else text[: TYPED_CHARS_MAX - 1] + TOO_LONG)

    @property
    def cents(self) -> int | None:
        """The cents that are meant, also with a comma before them, as most languages write; None for no price."""
        text = self._bare
        if _THOUSANDS.fullmatch(text):
            return read_cents(text.replace(",", ""))
        return read_cents(text.replace(",", ".") if _COMMA.fullmatch(text) else text)

    @property
    def is_huge(self) -> bool:
        """Whether it is a number beyond all prices."""
        return _HUGE.fullmatch(self._bare) is not None

    @property
    def _bare(self) -> str:
        return self.strip(" ").removeprefix("$").strip(" ")


class Amount(Price):
    """A price in cents, of a text as a person types it or as a page prints it."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The cents; what is no price is refused as it is anywhere."""
        cents = TypedPrice.read(text).cents
        return super().read(text if cents is None else write_cents(cents))


class Typed(str):
    """A text as a person typed it, without the blanks around it; what it has to be is judged where it is used."""

    __slots__ = ()
    HAS_LINES = True

    @classmethod
    def read(cls, text: str) -> Self:
        """The text; one that is absurdly long is cut, and then nothing that we ask for."""
        bare = text.strip()
        return cls(bare if len(bare) <= TEXT_CHARS_MAX else bare[: TEXT_CHARS_MAX - 1] + TOO_LONG)
