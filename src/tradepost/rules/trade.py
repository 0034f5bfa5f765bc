"""A trade: what it is, the states it goes through, what can happen to it; rules/machine.py decides what follows.

    created -> sending -> needs_confirmation -> sent -> accepted -> protected -> finished
       |          |              |               |          |           |
       +----------+--------------+---------------+----> cancelled   reversed

Two laws shape it. *An offer that may be alive is never refunded* (rules.md 3): once an agent was told to create the
Steam offer, a deadline only asks for a cancel, and the money comes back on proof that the offer is dead. *A witness
who is not the payee* (rules.md 2): the seller's word that it was accepted is a claim; `Delivered` and `Settled`
carry the word of somebody else.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

Side = Literal["seller", "buyer"]


class State(StrEnum):
    """Where a trade stands."""

    CREATED = "created"  # -> sending, cancelled: bought and paid into escrow, no agent was told yet
    SENDING = "sending"  # -> needs_confirmation, sent, created, cancelled: an agent has the order to send
    NEEDS_CONFIRMATION = (
        "needs_confirmation"  # -> sent, accepted, cancelled: the seller's phone has to confirm
    )
    SENT = "sent"  # -> accepted, cancelled, reversed: the buyer can accept
    ACCEPTED = "accepted"  # -> protected, finished, reversed: the buyer has the item
    PROTECTED = "protected"  # -> finished, reversed: Steam would still let either side take it back
    FINISHED = "finished"  # the seller is paid
    CANCELLED = (
        "cancelled"  # -> accepted: the buyer has his money back; an acceptance seen afterwards re-opens
    )
    REVERSED = "reversed"  # the item went back, and so did the money


PUBLIC: dict[State, str] = {
    State.CREATED: "active",
    State.SENDING: "active",
    State.NEEDS_CONFIRMATION: "active",
    State.SENT: "active",
    State.ACCEPTED: "active",
    State.PROTECTED: "active",
    State.FINISHED: "finished",
    State.CANCELLED: "cancelled",
    State.REVERSED: "cancelled",
}
WAITING_FOR_STEAM = (State.SENDING, State.NEEDS_CONFIRMATION, State.SENT)
UNDELIVERED = (State.CREATED, *WAITING_FOR_STEAM)
DELIVERED = (State.ACCEPTED, State.PROTECTED)


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade as it stands: the row of the table `trade`, field for column."""

    id: int
    offer_id: int
    buyer_id: int
    payee_id: int
    seller_id: int
    buyer_steamid: str
    trade_token: str
    price_cents: int
    fee_cents: int
    paid_deposit_cents: int
    paid_balance_cents: int
    seller_sold_count: int
    custom_id: str | None
    idempotency_key: str | None
    digest: bytes
    state: State
    causer: Side | None
    offer_maybe_live: bool
    cancel_causer: Side | None
    cancel_reason: str | None
    steam_offer_state: int | None
    steam_tradeofferid: str | None
    steam_tradeid: str | None
    buyer_had: tuple[str, ...] | None
    new_assetid: str | None
    claimed_at: datetime | None
    accepted_at: datetime | None
    protected_until: datetime | None
    ended_at: datetime | None
    due_at: datetime | None
    tries: int
    case_at: datetime | None
    explanation: str
    created_at: datetime
    changed_at: datetime
    disputed_at: datetime | None = None  # since then it waits for an operator's ruling


@dataclass(frozen=True, slots=True)
class Terms:
    """How long each step may take, and how long Steam protects this game's trades."""

    protection: timedelta  # of the game; zero settles after one re-read
    send: timedelta = timedelta(minutes=15)
    confirm: timedelta = timedelta(minutes=15)
    accept: timedelta = timedelta(minutes=30)
    fallback: timedelta = timedelta(days=8)  # protection when Steam never told its end
    settlement_report: timedelta = timedelta(minutes=10)  # how long the agent may take to report the end
    proof: timedelta = timedelta(hours=1)  # after that an operator is asked
    report_lag: timedelta = timedelta(minutes=30)  # Steam counts from the acceptance, we from hearing of it
    settlement_max: timedelta = timedelta(days=30)  # a later end than this is not believed
    hurry: timedelta = timedelta(days=1)  # so long after a claim a witness is looked for every ten minutes
    looks_max: timedelta = timedelta(
        days=30
    )  # after that nobody looks any more: an operator was asked long ago


# What can happen ---------------------------------------------------------------------------------------------


class SendCause(StrEnum):
    """Why Steam surely did not create the offer; whose fault it is stands beside each."""

    BAD_TOKEN = "bad_token"  # noqa: S105 - a word of the protocol, no secret; buyer: Steam's answer 15
    TRADE_BAN = "trade_ban"  # buyer
    PARTNER_UNAVAILABLE = "partner_unavailable"  # buyer
    HOLD = "hold"  # buyer: Steam would hold the trade
    ITEMS_GONE = "items_gone"  # seller: Steam's answer 26
    PARTNER_LIMIT = "partner_limit"  # nobody: try again later
    ACCOUNT_LIMIT = "account_limit"  # nobody
    NOT_LOGGED_IN = "not_logged_in"  # nobody yet: the seller has until the deadline to sign in
    NEW_DEVICE = "new_device"  # nobody yet
    ACK_NEEDED = "ack_needed"  # nobody yet
    OTHER = "other"  # nobody: try again later


@dataclass(frozen=True, slots=True)
class Leased:
    """An agent took the order to create the Steam offer: from now on it may exist."""


@dataclass(frozen=True, slots=True)
class SendRefused:
    """Steam refused to create the offer, and surely created none."""

    cause: SendCause


@dataclass(frozen=True, slots=True)
class SendUnknown:
    """Whether the offer was created is not known: a timeout, a broken answer, Steam's error 16."""


@dataclass(frozen=True, slots=True)
class OfferAbsent:
    """The agent read all of its sent offers, and none is this trade's."""


@dataclass(frozen=True, slots=True)
class OfferSeen:
    """An agent saw the Steam offer in a raw state (ETradeOfferState)."""

    code: int
    steam_tradeofferid: str
    steam_tradeid: str | None = None
    hold_side: Side = "buyer"  # with code 11: who has the hold


@dataclass(frozen=True, slots=True)
class Delivered:
    """Somebody other than the payee saw the item in the buyer's hands."""

    new_assetid: str | None
    can_hold_again: bool = (
        False  # after a refund: the offer is free and the buyer's wallet can pay it once more
    )


@dataclass(frozen=True, slots=True)
class SettlementKnown:
    """Steam's own end of protection for this trade, as an agent read it."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Deadline:
    """The time that the present state may take is over."""


@dataclass(frozen=True, slots=True)
class Settled:
    """After the end of protection somebody other than the payee saw the item still with the buyer."""


@dataclass(frozen=True, slots=True)
class LookFailed:
    """A look at Steam told nothing certain; `reason` is a clause for a person."""

    reason: str


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The exchange was reversed and the item is with the seller again; `initiator` where it could be seen."""

    initiator: Side | None = None


@dataclass(frozen=True, slots=True)
class Disputed:
    """The buyer says that something is wrong with what he got: nobody is paid before an operator has ruled."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """An operator decided: refund, deliver, settle or reverse."""

    verdict: Literal["refund", "deliver", "settle", "reverse"]
    causer: Side | None = None


Event = (
    Leased
    | SendRefused
    | SendUnknown
    | OfferAbsent
    | OfferSeen
    | Delivered
    | SettlementKnown
    | Deadline
    | Settled
    | LookFailed
    | TakenBack
    | Disputed
    | Ruled
)


# What follows ------------------------------------------------------------------------------------------------


class Deed(StrEnum):
    """What the market has to do besides writing the trade, in the same transaction."""

    REFUND = "refund"  # the buyer's held price goes back to the buckets it came from
    PAY = "pay"  # the held price becomes the payee's balance, less the fee
    HOLD_AGAIN = "hold_again"  # the price is taken from the buyer once more
    OFFER_BACK = "offer_back"  # on sale again under the same id
    OFFER_ENDS = "offer_ends"
    OFFER_SOLD = "offer_sold"
    OFFER_TAKEN = "offer_taken"  # a late acceptance: the offer is reserved again
    ASK_CANCEL = "ask_cancel"  # the agent is to cancel the Steam offer
    STRIKE_SELLER = "strike_seller"
    STRIKE_BUYER = "strike_buyer"
    BAN_SELLER = "ban_seller"  # a reversal
    BAN_BUYER = "ban_buyer"
    BUYER_HOLD = "buyer_hold"  # remember that Steam holds this buyer's trades
    OPEN_CASE = "open_case"  # an operator has to look


@dataclass(frozen=True, slots=True)
class Decision:
    """What an event does to a trade: the trade after it and the deeds, or why it does not fit."""

    trade: Trade
    deeds: tuple[Deed, ...] = ()
    refused: str | None = None  # the event does not fit: nothing changes, the sentence says why
