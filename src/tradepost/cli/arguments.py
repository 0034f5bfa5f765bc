"""What a person may write on the command line: each kind of argument is read here, or refused in a sentence."""

from argparse import ArgumentTypeError
from collections.abc import Callable

from tradepost.market.merchants import FLOOR_BPS_MAX
from tradepost.rules.client_address import read_network
from tradepost.rules.money import read_cents, read_rate
from tradepost.steam.ids import is_steamid
from tradepost.steam.trade_url import is_trade_token

ID_MAX = 2**63 - 1
BAN_DAYS_MAX = 3_650
TEXT_CHARS_MAX = 200


def steamid(text: str) -> str:
    """A SteamID64."""
    if not is_steamid(text):
        raise ArgumentTypeError("a steamid has 17 digits and begins with 7656119")
    return text


def cents(text: str) -> int:
    """An amount in dollars, as cents."""
    found = read_cents(text)
    if not found:
        raise ArgumentTypeError(
            "an amount looks like 12.34, is above zero and has at most seven digits before the point"
        )
    return found


def rate(text: str) -> int:
    """What one USD costs in another currency, in millionths."""
    found = read_rate(text)
    if found is None:
        raise ArgumentTypeError("a rate looks like 0.9215: units of the currency for one USD")
    return found


def trade_token(text: str) -> str:
    """The token of a trade URL."""
    if not is_trade_token(text):
        raise ArgumentTypeError("a trade token is the 6 to 16 characters after token= in a trade URL")
    return text


def network(text: str) -> str:
    """An address, or a network of addresses."""
    if read_network(text) is None:
        raise ArgumentTypeError(
            "an address looks like 203.0.113.7, a network like 10.0.0.0/8 or 2001:db8::/32"
        )
    return text


def address(text: str) -> str:
    """An address on the web, which the market judges: here only what a terminal would obey is refused."""
    if not text.isprintable():
        raise ArgumentTypeError("an address looks like https://shop.example/ipn")
    return text


def phrase(text: str) -> str:
    """A name, a reason, a reference: short, and with nothing in it that a terminal would obey."""
    if len(text) > TEXT_CHARS_MAX or not text.isprintable():
        raise ArgumentTypeError(f"a text has at most {TEXT_CHARS_MAX} characters, none of control")
    return text


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return the reader of a whole number within bounds."""

    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most:
            return int(text)
        raise ArgumentTypeError(f"should be a whole number from {least} to {most}")

    return read


number = whole(1, ID_MAX)
days = whole(1, BAN_DAYS_MAX)
percent = whole(0, FLOOR_BPS_MAX // 100)
port = whole(0, 65_535)
