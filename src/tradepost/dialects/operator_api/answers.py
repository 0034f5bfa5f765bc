"""What calls of the operator API answer where no noun of the market says it: the `data` of their answers."""

from datetime import datetime

import msgspec

from tradepost.market.cases import Evidence
from tradepost.market.payouts import PayoutEvent
from tradepost.rules.payout import State as PayoutState
from tradepost.rules.trade import Side, State


class DepositShown(msgspec.Struct):
    """Money that came from outside, whose it is, and whether it was taken back."""

    reference: str
    account_id: int
    steamid: str
    amount_cents: int
    note: str
    at: datetime
    reversed_at: datetime | None
    reversed_note: str | None


class Recorded(msgspec.Struct):
    """A deposit, and whether it was recorded now or before."""

    recorded: bool
    deposit: DepositShown


class WithdrawalShown(msgspec.Struct):
    """Fees that were taken out."""

    reference: str
    amount_cents: int
    note: str
    at: datetime


class FeesLeft(msgspec.Struct):
    """What the market earned and still has, and what was taken out."""

    left_cents: int
    withdrawn: list[WithdrawalShown]


class FeesWithdrawn(msgspec.Struct):
    """Whether fees were taken out now, or under this reference before."""

    withdrawn: bool


class PayoutRow(msgspec.Struct):
    """Earned money on its way out, and whose it is."""

    id: int
    account_id: int
    steamid: str
    amount_cents: int
    method: str
    address: str
    needed: int  # so many admins have to approve it
    state: PayoutState
    reference: str | None
    reason: str
    asked_at: datetime
    changed_at: datetime
    ended_at: datetime | None


class PayoutShown(msgspec.Struct):
    """A payout and its time line."""

    payout: PayoutRow
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
