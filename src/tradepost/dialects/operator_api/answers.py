"""What calls of the operator API answer where no noun of the market says it: the `data` of their answers."""

from datetime import datetime

import msgspec

from tradepost.market.cases import Evidence
from tradepost.market.deposits import Deposit
from tradepost.market.fees import Withdrawal
from tradepost.market.payouts import Payout, PayoutEvent
from tradepost.rules.trade import Side, State


class Recorded(msgspec.Struct):
    """A deposit, and whether it was recorded now or before."""

    recorded: bool
    deposit: Deposit | None


class FeesLeft(msgspec.Struct):
    """What the market earned and still has, and what was taken out."""

    left_cents: int
    withdrawn: list[Withdrawal]


class FeesWithdrawn(msgspec.Struct):
    """Whether fees were taken out now, or under this reference before."""

    withdrawn: bool


class PayoutShown(msgspec.Struct):
    """A payout and its time line."""

    payout: Payout
    events: list[PayoutEvent]


class Lifted(msgspec.Struct):
    """How many bans were lifted."""

    lifted: int


class Frozen(msgspec.Struct):
    """That an account is frozen, and the offers that ended by it."""

    frozen: bool
    offers_ended: list[int]


class Thawed(msgspec.Struct):
    """That an account is frozen no more."""

    frozen: bool


class SignedOut(msgspec.Struct):
    """How many sessions and JWTs were ended."""

    sessions: int
    jwts: int


class FactorReset(msgspec.Struct):
    """That a user has no second factor any more."""

    has_factor: bool


class Deleted(msgspec.Struct):
    """That a user's data are gone."""

    deleted: bool


class Sent(msgspec.Struct):
    """The number of a message."""

    id: int


class Granted(msgspec.Struct):
    """Whether somebody became an admin now, or was one."""

    granted: bool


class Revoked(msgspec.Struct):
    """Whether somebody was an admin until now."""

    revoked: bool


class TradedItem(msgspec.Struct):
    """The item of a trade."""

    project: str
    assetid: str
    new_assetid: str | None
    market_hash_name: str
    certificate: str | None


class TradeShown(msgspec.Struct):
    """A trade with its item and people, and what there is to decide it by."""

    id: int
    state: State
    explanation: str
    item: TradedItem
    offer_id: int
    seller_steamid: str
    buyer_steamid: str
    price_cents: int
    fee_cents: int
    causer: Side | None
    steam_offer_state: int | None
    steam_tradeofferid: str | None
    steam_tradeid: str | None
    offer_maybe_live: bool
    created_at: datetime
    accepted_at: datetime | None
    protected_until: datetime | None
    ended_at: datetime | None
    due_at: datetime | None
    case_at: datetime | None
    evidence: Evidence


class Decision(msgspec.Struct):
    """How a trade stands after a ruling."""

    state: State
    explanation: str


class CaseClosed(msgspec.Struct):
    """That a case is closed."""

    closed: bool
