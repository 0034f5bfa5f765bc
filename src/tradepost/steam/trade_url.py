"""Trade URLs: the address at which a person can be sent a trade offer, and the token that allows it.

Pure text: whether Steam honours the token, and would hold the trade, only `SteamClient.hold` can say.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from tradepost.steam.ids import ACCOUNT_MAX, account_id, steamid_of

URL_CHARS_MAX = 512
PARAMETERS_MAX = 8

_URL = re.compile(
    r"https?://(?:www\.)?steamcommunity\.com/tradeoffer/new/?\?([!-~]+)", re.ASCII | re.IGNORECASE
)
_PARTNER = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{6,16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TradeUrl:
    """A partner's account number and the token that goes with it."""

    partner: int
    token: str

    @property
    def steamid(self) -> str:
        """The SteamID64 of whom an offer to this URL goes to."""
        return steamid_of(self.partner)

    def belongs_to(self, steamid: str) -> bool:
        """Whether the partner's number is this person's: a URL of somebody else would send him the items."""
        return self.partner == account_id(steamid)

    def __str__(self) -> str:
        return f"https://steamcommunity.com/tradeoffer/new/?partner={self.partner}&token={self.token}"


def read_trade_url(text: str) -> TradeUrl | None:
    """The trade URL in a text as a person pastes it; None if it is none, or names two partners or tokens."""
    text = text.strip(" ")
    if len(text) > URL_CHARS_MAX or not (url := _URL.fullmatch(text)):
        return None
    try:
        pairs = parse_qsl(url[1].partition("#")[0], keep_blank_values=True, max_num_fields=PARAMETERS_MAX)
    except ValueError:  # more parameters than any trade URL has
        return None
    values = dict(pairs)
    if len(values) != len(pairs):
        return None
    partner, token = values.get("partner", ""), values.get("token", "")
    if not _PARTNER.fullmatch(partner) or int(partner) > ACCOUNT_MAX or not is_trade_token(token):
        return None
    return TradeUrl(int(partner), token)


def is_trade_token(text: str) -> bool:
    """Whether a text has the form of a trade token."""
    return _TOKEN.fullmatch(text) is not None
