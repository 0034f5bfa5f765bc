"""What a parameter of the operator API may be, beside what the other dialects' fields know."""

import re
from datetime import UTC, datetime
from typing import Self

from tradepost.market.audit import REASON_CHARS_MAX
from tradepost.market.corrections import REFERENCE_CHARS_MAX
from tradepost.market.messages import TEXT_CHARS_MAX
from tradepost.rules.money import read_rate

REASON_CHARS_LEAST = 3
DEED_CHARS_MAX = 100

_SIGNED = re.compile(r"-?[1-9][0-9]{0,8}", re.ASCII)
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)


class Reason(str):
    """Why something is done: it is kept in the audit."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """The words as they are, if they are some."""
        if not REASON_CHARS_LEAST <= len(text.strip()) <= len(text) <= REASON_CHARS_MAX:
            raise ValueError(f"must say why, in {REASON_CHARS_LEAST} to {REASON_CHARS_MAX} characters")
        return cls(text.strip())


class Reference(str):
    """The caller's own name for a deed: the same twice is once."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """The name as it is."""
        if not 1 <= len(text) <= REFERENCE_CHARS_MAX or not text.isprintable():
            raise ValueError(f"must have 1 to {REFERENCE_CHARS_MAX} printable characters")
        return cls(text)


class Words(str):
    """What a user is told, over several lines if there is so much to say."""

    __slots__ = ()
    HAS_LINES = True

    @classmethod
    def read(cls, text: str) -> Self:
        """The words as they are, with one kind of line end and no other control."""
        words = text.replace("\r\n", "\n").replace("\r", "\n")
        if not 1 <= len(words.strip()) <= len(words) <= TEXT_CHARS_MAX or "\t" in words:
            raise ValueError(
                f"must have 1 to {TEXT_CHARS_MAX:,} characters, and of those that cannot be seen only ends of lines"
            )
        return cls(words)


class DeedName(str):
    """What was done, as the audit calls it."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """The word or two as they are."""
        if not 1 <= len(text) <= DEED_CHARS_MAX:
            raise ValueError(f"must have 1 to {DEED_CHARS_MAX} characters")
        return cls(text)


class Cents(int):
    """An amount in cents."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The whole number that the text says."""
        if not _SIGNED.fullmatch(text) or text.startswith("-"):
            raise ValueError("must be a whole number of cents above zero, up to 999999999")
        return cls(text)


class SignedCents(int):
    """An amount in cents that is added, or taken."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The whole number that the text says."""
        if not _SIGNED.fullmatch(text):
            raise ValueError(
                "must be a whole number of cents, not zero, from -999999999 to 999999999, such as -250"
            )
        return cls(text)


class Moment(datetime):
    """A moment in RFC 3339."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The moment, in UTC."""
        try:
            if not _MOMENT.fullmatch(text):
                raise ValueError
            found = datetime.fromisoformat(text.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValueError("must be a moment in RFC 3339, such as 2026-12-24T18:00:00Z") from None
        return cls.combine(found.date(), found.timetz())


class Millionths(int):
    """An exchange rate: units of the currency for one USD, in millionths."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The millionths of the decimal number that the text says."""
        found = read_rate(text)
        if found is None:
            raise ValueError("must be a rate such as 0.9215: units of the currency for one USD")
        return cls(found)
