"""What the simulated Steam remembers, one struct a kind of thing; each is stored as its own JSON."""

from enum import IntEnum

import msgspec

from tradepost.rules.games import BY_APPID


class OfferState(IntEnum):
    """Steam's ETradeOfferState, with the states that each leads to."""

    INVALID = 1  # Steam's word for an offer it cannot read; entered only when told
    ACTIVE = 2  # -> 3, 4, 5, 6, 7, 8, 10, 11
    ACCEPTED = 3  # -> 12
    COUNTERED = 4
    EXPIRED = 5
    CANCELED = 6
    DECLINED = 7
    INVALID_ITEMS = 8
    NEEDS_CONFIRMATION = 9  # -> 2, 5, 6, 8, 10: invisible to the recipient
    CANCELED_BY_SECOND_FACTOR = 10
    IN_ESCROW = 11  # -> 3, 6, 7
    REVERTED = 12


LIVE = frozenset({OfferState.ACTIVE, OfferState.NEEDS_CONFIRMATION})


class TradeStatus(IntEnum):
    """The part of Steam's ETradeStatus that a trade offer can reach."""

    COMPLETE = 3  # -> 12 while it is protected
    IN_ESCROW = 10  # -> 3, 11
    ESCROW_ROLLBACK = 11
    PROTECTION_ROLLBACK = 12


class Lock:
    """Why an item cannot be traded now."""

    NONE = ""
    PROTECTED = "protected"  # came in by a trade that can still be reversed
    LISTED = "listed"  # on sale on Steam's own market
    COOLDOWN = "cooldown"  # untradable until a day that its page names


class User(msgspec.Struct, omit_defaults=True):
    """One Steam account, with the switches that decide how others may trade with it."""

    steamid: str
    name: str
    trade_token: str
    created: int
    private: bool = False  # the inventory, not the profile
    hold_days: int = 0  # how long a trade with it rests in escrow
    banned_until: int = 0  # trade ban; -1 is for ever
    available: bool = True  # False: "is not available to trade"
    new_device: bool = False  # True: signed in from a new device, may not send
    inventory_full: bool = False  # True: offers to it are refused with 15
    confirmation: str = "mobile"  # or "email", or "none": what giving items away needs
    acknowledged: bool = True  # False: mobile confirmations fail until /trade/new/acknowledge
    old_inspect_links: bool = False
    password: str = "password"  # noqa: S105 - everybody's, and no secret: /_sim signs in without it
    session_round: int = 1  # tokens of an earlier round are dead
    loaded: bool = False  # its world was loaded; loading it again adds no item
    pending_tokens: int = 0  # how many trade tokens were made before this one

    @property
    def accountid(self) -> int:
        """The 32 bits that tell this account from others."""
        return int(self.steamid) & 0xFFFFFFFF


class Item(msgspec.Struct, omit_defaults=True):
    """One asset: whose it is, where it lies, and what it is."""

    assetid: int
    owner: str
    appid: int
    contextid: int
    market_hash_name: str
    classid: int = 0
    type: str = ""
    rarity: str = ""
    exterior: str = ""
    stattrak: bool = False
    wear: float | None = None
    paint_seed: int | None = None
    paint_index: int | None = None
    def_index: int | None = None
    icon: str = ""
    tradable: bool = True
    marketable: bool = True
    commodity: bool = False
    lock: str = Lock.NONE
    locked_until: int = 0
    held_by: int = 0  # the trade in whose escrow it rests; then it lies in no inventory

    @property
    def place(self) -> tuple[str, int, int]:
        """The inventory that shows this item."""
        return (self.owner, self.appid, self.contextid)

    @property
    def home_contextid(self) -> int:
        """The context in which this item lies when nothing locks it."""
        game = BY_APPID.get(self.appid)
        return game.contextid if game else self.contextid

    def is_tradable(self, now: int) -> bool:
        """Whether Steam would put this item into an offer at this moment."""
        if not self.tradable or self.held_by or self.lock in {Lock.PROTECTED, Lock.LISTED}:
            return False
        return self.lock != Lock.COOLDOWN or now >= self.locked_until


class Asset(msgspec.Struct, omit_defaults=True):
    """An item as an offer or a trade names it; the new_ fields are where it went."""

    appid: int
    contextid: int
    assetid: int
    classid: int
    instanceid: int
    market_hash_name: str
    new_assetid: int = 0
    new_contextid: int = 0


class Offer(msgspec.Struct, omit_defaults=True):
    """A trade offer; `give` is the sender's side, `receive` the recipient's."""

    id: int
    sender: str
    recipient: str
    give: list[Asset]
    receive: list[Asset]
    message: str
    state: int
    created: int
    updated: int
    expires: int
    tradeid: int = 0
    escrow_end: int = 0
    settlement: int = 0
    awaiting: str = ""  # the steamid whose confirmation it waits for
    awaiting_method: int = 0  # 1 email, 2 mobile
    countered: int = 0
    hidden: bool = False  # left out of GetTradeOffers, as Steam sometimes does

    def assets(self) -> list[Asset]:
        """Both sides together."""
        return self.give + self.receive


class Trade(msgspec.Struct, omit_defaults=True):
    """A row of the trade history; `give` is what the offer's sender gave."""

    id: int
    offerid: int
    sender: str
    recipient: str
    give: list[Asset]
    receive: list[Asset]
    status: int
    time_init: int
    escrow_end: int = 0
    settlement: int = 0
    settled: bool = False
    time_mod: int = 0
    rollback_of: int = 0


class Confirmation(msgspec.Struct, omit_defaults=True):
    """A question on somebody's phone: may this offer go out, or be accepted?"""

    id: int
    nonce: int
    steamid: str
    offerid: int
    created: int
    accepting: bool = False  # the recipient's word on accepting; else the sender's on sending


class Price(msgspec.Struct, omit_defaults=True):
    """What Steam's market asks for one kind of item."""

    appid: int
    market_hash_name: str
    price_cents: int
    volume: int = 0
    median_cents: int = 0


class Meta(msgspec.Struct):
    """The counters every id comes from, the clock's offset and the world's settings."""

    next_assetid: int = 40_000_000_001
    next_offerid: int = 7_000_000_001
    next_tradeid: int = 4_100_000_000_000_000_001
    next_confirmationid: int = 15_000_000_001
    clock_offset_seconds: int = 0
    settlement: str = (
        "midnight"  # when protection ends after its days: at Valve's midnight, the full "hour", or "exact"
    )
