"""What one parameter may be: each type here reads the text as it was sent, and names what is wrong with it.

A JSON number arrives as its text too (`tree.Number`), so money and ids are judged by what was written and
never pass through a float. `read` raises ValueError with a clause; `shapes` adds the name as it was spelled.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Self

from tradepost.market import rates
from tradepost.rules import payment
from tradepost.rules.callback_address import URL_CHARS_MAX
from tradepost.rules.games import GAMES
from tradepost.rules.money import CENTS_MAX, read_cents, write_cents
from tradepost.rules.refusals import BuyerTradeUrl
from tradepost.steam.ids import is_steamid
from tradepost.steam.trade_url import is_trade_token

ID_MAX = 2**63 - 1
ID_DIGITS_MAX = 19
NAME_CHARS_MAX = 300  # Steam's longest names are about half of this
SEARCH_CHARS_MAX = 200
CUSTOM_ID_CHARS_MAX = 64
LIMIT_DIGITS_MAX = 18
CODE_CHARS_MAX = 40  # blanks and hyphens included, as people copy them
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)

_ID = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_LONG_ID = re.compile(r"[1-9][0-9]{19,}", re.ASCII)
_TOO_DEAR = re.compile(r"[1-9][0-9]{7,}(?:\.[0-9]{1,2})?", re.ASCII)
_EVENT_ID = re.compile(r"(?:0|[1-9][0-9]{0,17})-(?:0|[1-9][0-9]{0,17})", re.ASCII)
_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_LIMIT = re.compile(r"[1-9][0-9]*", re.ASCII)
_OFFSET = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_FLOAT = re.compile(r"(?:0|[1-9][0-9]{0,3})(?:\.[0-9]{1,40})?(?:[eE]-[0-9]{1,2})?", re.ASCII)
_FLOAT_SPAN = re.compile(f"{_FLOAT.pattern}(?:-{_FLOAT.pattern})?", re.ASCII)
_HYPHEN = re.compile(r"(?<![eE])-")  # and not the minus of an exponent
_UNIX = re.compile(r"0|[1-9][0-9]{0,10}", re.ASCII)
_SIGNATURE = re.compile(rf"[0-9a-fA-F]{{{payment.SECRET_CHARS}}}", re.ASCII)
_MOMENT = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?: ([0-9]{2}):([0-9]{2}):([0-9]{2}))?", re.ASCII)


class Price(int):
    """A price in cents, of at least one."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The cents of a price's text, which is never rounded."""
        cents = _cents(text, "must be a price of at least 0.01 with at most two decimals, such as 3.14")
        if cents < 1:
            raise ValueError("must be at least 0.01")
        return cls(cents)


class PriceBound(int):
    """The end of a range of prices in cents, which may be nothing."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The cents of a price's text, zero included."""
        return cls(_cents(text, "must be a price with at most two decimals, such as 3.14, or 0"))


class Id(int):
    """The number of an offer or a trade; above `ID_MAX` it is well formed, but nothing has it."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The number that the text says."""
        _check_id(text, "must be a whole number above zero, without leading zeros")
        return cls(text)


class AssetId(str):
    """The number of an asset on Steam."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The number, which stays a text."""
        _check_id(text, "must be an asset id: a whole number above zero, without leading zeros")
        return cls(text)


class SteamId(str):
    """The SteamID64 of a person."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The seventeen digits."""
        if not is_steamid(text):
            raise ValueError("must be a SteamID64: 17 digits that begin with 7656119")
        return cls(text)


class TradeToken(str):
    """The token of a buyer's trade URL."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The token; a text that cannot be one has a refusal of its own: it has to be looked up again."""
        if not is_trade_token(text):
            raise BuyerTradeUrl(f"trade_token: {BuyerTradeUrl.sentence}")
        return cls(text)


class PayerToken(str):
    """The token of a payer's trade URL, as his site knows it."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The token; where it cannot be one the site has a fault, as the payer names his own on the page."""
        if not is_trade_token(text):
            raise ValueError("must be the 6 to 16 characters after token= in the payer's trade URL")
        return cls(text)


class OrderId(str):
    """A site's own name for an order that is paid with skins."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The name as it was sent, which is what is signed."""
        if not payment.is_order_id(text):
            raise ValueError("must have 1 to 64 letters, digits and signs of _ . : -")
        return cls(text)


class SiteAccount(str):
    """The number of a site's user; it goes back as it came."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The digits as they were sent."""
        if not payment.is_account(text):
            raise ValueError(f"must be a whole number of digits alone, at most {payment.ACCOUNT_MAX}")
        return cls(text)


class Amount(str):
    """What a site would like to be paid, kept as the text that it signed."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The text of a price; `6.6` and `6.60` are one price and two texts."""
        Price.read(text)
        return cls(text)


class Signature(str):
    """A signature in hexadecimal, in either case of letters."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The digits as they were sent."""
        if not _SIGNATURE.fullmatch(text):
            raise ValueError(f"must have {payment.SECRET_CHARS} hexadecimal digits")
        return cls(text)


class CustomId(str):
    """A merchant's own name for a buy."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The name, free of the comma that lists of them are cut at."""
        if not 1 <= len(text) <= CUSTOM_ID_CHARS_MAX or "," in text:
            raise ValueError(f"must have 1 to {CUSTOM_ID_CHARS_MAX} characters and no comma")
        return cls(text)


class EventId(str):
    """Where in the stream of events somebody is: the id that an event had."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The id as it was sent."""
        if not _EVENT_ID.fullmatch(text):
            raise ValueError("must be the id of an event, such as 812-33")
        return cls(text)

    @property
    def position(self) -> tuple[int, int]:
        """The two numbers in it."""
        first, _, second = self.partition("-")
        return int(first), int(second)


class Project(str):
    """The APIs' word for a game."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The word, if a game has it."""
        if text not in GAMES:
            raise ValueError(f"must be one of {', '.join(GAMES)}")
        return cls(text)


class Currency(str):
    """A currency that prices may be named in."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The currency's three letters."""
        if text != rates.USD and text not in rates.QUOTED:
            raise ValueError(f"must be one of {', '.join((rates.USD, *rates.QUOTED))}")
        return cls(text)


class Name(str):
    """A name or word of Steam's, to be matched whole."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The name as it is."""
        if not 1 <= len(text) <= NAME_CHARS_MAX:
            raise ValueError(f"must have 1 to {NAME_CHARS_MAX} characters")
        return cls(text)


class Search(str):
    """A part of a name; nothing in it is a wildcard."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The part as it is; an empty one is in every name."""
        if len(text) > SEARCH_CHARS_MAX:
            raise ValueError(f"must have at most {SEARCH_CHARS_MAX} characters")
        return cls(text)


class Code(str):
    """The code of a second factor: six digits, or a recovery code."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The code as it is; whether it is right, is looked at where it is used up."""
        if not 1 <= len(text) <= CODE_CHARS_MAX:
            raise ValueError("must be the six digits of your program, or a recovery code")
        return cls(text)


class Url(str):
    """An address that we are to call; whether we do is judged by `dial` alone."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The address as it is."""
        if not 1 <= len(text) <= URL_CHARS_MAX:
            raise ValueError(f"must have 1 to {URL_CHARS_MAX} characters")
        return cls(text)


class Whole(int):
    """A small whole number: a paint seed or index."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The number that the text says."""
        if not _WHOLE.fullmatch(text):
            raise ValueError("must be a whole number from 0 to 999999999, without leading zeros")
        return cls(text)


class Float(str):
    """A wear value, kept as its text until it is compared."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The text of a number that is not negative."""
        if not _FLOAT.fullmatch(text):
            raise ValueError("must be a decimal number such as 0.07")
        return cls(text)


class FloatSpan(str):
    """One wear value, or two with a hyphen between them: from the first to the second."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The text of one number or two, none of them negative."""
        if not _FLOAT_SPAN.fullmatch(text):
            raise ValueError("must be a decimal number such as 0.07, or two of them such as 0.07-0.15")
        return cls(text)

    @property
    def ends(self) -> tuple[str, str]:
        """The least and the greatest value that is meant."""
        parts = _HYPHEN.split(self)
        return parts[0], parts[-1]


class Limit(int):
    """How many rows a page may have; the call clamps it to what it can give."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The number that the text says, at least one; one too long to be counted is merely very many."""
        if not _LIMIT.fullmatch(text):
            raise ValueError("must be a whole number above zero")
        return cls(text if len(text) <= LIMIT_DIGITS_MAX else 10**LIMIT_DIGITS_MAX)


class Offset(int):
    """How many rows lie before the page."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The number that the text says."""
        if not _OFFSET.fullmatch(text):
            raise ValueError(f"must be a whole number, zero or above, of at most {LIMIT_DIGITS_MAX} digits")
        return cls(text)


class Flag(int):
    """Yes or no: 1, 0, true, false."""

    @classmethod
    def read(cls, text: str) -> Self:
        """One for yes, zero for no."""
        if text not in {"1", "0", "true", "false"}:
            raise ValueError("must be 1, 0, true or false")
        return cls(text in {"1", "true"})


class Since(datetime):
    """The first moment that is meant."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The beginning of the second or the day."""
        start, _ = _moment(text)
        return cls.combine(start.date(), start.time(), UTC)


class Until(datetime):
    """The last moment that is meant: the whole of the day or second that was named lies before it."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The end of the second or the day."""
        start, length = _moment(text)
        end = start + (length - TICK)
        return cls.combine(end.date(), end.time(), UTC)


def _cents(text: str, clause: str) -> int:
    """The cents of a price's text; raises ValueError with the clause for a text that is no price at all."""
    cents = read_cents(text)
    if cents is None:
        raise ValueError(f"must be at most {write_cents(CENTS_MAX)}" if _TOO_DEAR.fullmatch(text) else clause)
    return cents


def _check_id(text: str, clause: str) -> None:
    if not _ID.fullmatch(text):
        raise ValueError(f"must have at most {ID_DIGITS_MAX} digits" if _LONG_ID.fullmatch(text) else clause)


def _moment(text: str) -> tuple[datetime, timedelta]:
    """The moment that a text names in UTC, and how long the unit is that it names."""
    if _UNIX.fullmatch(text):
        return datetime.fromtimestamp(int(text), UTC), SECOND
    parts = _MOMENT.fullmatch(text)
    try:
        if parts is None:
            raise ValueError
        year, month, day, hour, minute, second = (int(part) for part in parts.groups(default="0"))
        start = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise ValueError("must be Unix seconds, YYYY-MM-DD or YYYY-MM-DD HH:MM:SS (UTC)") from None
    return start, DAY if parts[4] is None else SECOND
