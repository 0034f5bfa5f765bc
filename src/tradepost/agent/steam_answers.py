"""What Steam answers about offers and exchanges, as values; and what its complaints mean."""

import re
from dataclasses import dataclass
from datetime import datetime

TEXT_CHARS_MAX = 400

# Steam's ETradeOfferState, as far as the agent acts on it.
ACTIVE, ACCEPTED, NEEDS_CONFIRMATION, IN_ESCROW, REVERTED = 2, 3, 9, 11, 12
LIVE = frozenset({ACTIVE, NEEDS_CONFIRMATION, IN_ESCROW})
CANCELLED = 6


@dataclass(frozen=True, slots=True)
class Asset:
    """An item as an offer or an exchange names it; the new id is where it went."""

    appid: int
    contextid: str
    assetid: str
    amount: int = 1
    new_assetid: str | None = None
    new_contextid: str | None = None

    @property
    def key(self) -> tuple[int, str, str, int]:
        """What makes it the same item in two places."""
        return (self.appid, self.contextid, self.assetid, self.amount)


@dataclass(frozen=True, slots=True)
class SteamOffer:
    """A trade offer as its sender or recipient sees it: `mine` goes away, `theirs` comes."""

    id: str
    partner_steamid: str
    is_ours: bool
    message: str
    state: int
    tradeid: str | None
    mine: tuple[Asset, ...]
    theirs: tuple[Asset, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A row of the trade history: `mine` went away, `theirs` came."""

    tradeid: str
    partner_steamid: str
    status: int
    mine: tuple[Asset, ...]
    theirs: tuple[Asset, ...]
    begun_at: datetime | None
    time_settlement: datetime | None
    time_mod: datetime | None
    rollback_trade: str | None


@dataclass(frozen=True, slots=True)
class Sent:
    """Steam made the offer."""

    offer_id: str
    needs_confirmation: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """Steam surely did not make the offer; `cause` is the market's word for why."""

    cause: str
    text: str
    http_status: int | None = None
    eresult: int | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Steam may have made the offer or not."""

    cause: str
    text: str
    http_status: int | None = None
    eresult: int | None = None


SendOutcome = Sent | Refused | Unknown

# Complaints that are sentences, by what is in them: they surely made no offer.
_SENTENCES = (
    ("too many trade offers", "partner_limit"),
    ("too many outstanding", "partner_limit"),
    ("new device", "new_device"),
    ("trade ban", "trade_ban"),
    ("is not available to trade", "partner_unavailable"),
)
# Complaints that end in Steam's EResult. Whatever is not here may have made an offer all the same: 16 is known to,
# 11 and 20 are said to, and of one never seen before nobody can know. To look again costs little.
_NUMBERS = {15: "bad_token", 25: "account_limit", 26: "items_gone", 50: "partner_unavailable"}
_UNKNOWN_NUMBERS = {20: "service_down"}
_NUMBER = re.compile(r"\(([0-9]{1,3})\)\s*\Z", re.ASCII)


def read_complaint(text: str, http_status: int) -> Refused | Unknown:
    """Return what a strError means."""
    shown = plain(text)
    found = _NUMBER.search(text)
    number = int(found[1]) if found else None
    for part, cause in _SENTENCES:
        if part in text.lower():
            return Refused(cause, shown, http_status, number)
    if number in _NUMBERS:
        return Refused(_NUMBERS[number], shown, http_status, number)
    return Unknown(_UNKNOWN_NUMBERS.get(number or 0, "timeout_unknown"), shown, http_status, number)


def plain(text: str) -> str:
    """Return Steam's text without its markup and without what cannot be shown."""
    bare = re.sub(r"<[^>]*>", " ", text)
    return " ".join("".join(char if char.isprintable() else " " for char in bare).split())[:TEXT_CHARS_MAX]
