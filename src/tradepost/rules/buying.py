"""Whether a buy is possible, decided in Python: the twin of `buy_batch` in SQL, which a test holds against this.

The market itself asks the SQL, because a batch must be decided where its locks are. This is where the order of the
answers can be read: keys first (a retry must hear its own answer), then the item, the people, the price, the seller's
side, and money last.
"""

from dataclasses import dataclass
from datetime import datetime

from tradepost.rules.money import fee_cents


@dataclass(frozen=True, slots=True)
class Wish:
    """What a buyer asks for, as far as it matters here."""

    steamid: str
    ceiling_cents: int | None
    digest: bytes


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known at the moment of deciding."""

    now: datetime  # the market's clock
    online_after: datetime  # real time
    scanned_after: datetime  # real time
    used_by: tuple[
        tuple[int, bytes], ...
    ]  # trade and digest of those that carry this buyer's custom id or key
    offer_state: str | None  # None: there is no such offer
    price_cents: int
    seller_steamid: str
    seller_banned: bool
    seller_frozen: bool  # the one who is paid, or whose item it is
    seller_away: bool  # likewise: on holiday
    buyer_frozen: bool
    buyer_is_payee_or_seller: bool
    may_trade_with_self: bool
    receiver_known: bool
    receiver_banned: bool
    receiver_hold_until: datetime | None
    heartbeat_at: datetime | None
    session_ok: bool
    seller_trade_token: str | None
    seller_token_refused: bool
    missing: bool
    scanned_at: datetime | None
    deposit_cents: int
    balance_cents: int


@dataclass(frozen=True, slots=True)
class Bought:
    """How a buy is paid."""

    from_deposit_cents: int
    from_balance_cents: int
    fee_cents: int


def decide_buy(wish: Wish, facts: Facts, fee_bps: int) -> Bought | int | str:
    """Return how the buy is paid, the id of the trade it already is, or the word of why not."""
    if facts.used_by:
        same = {trade_id for trade_id, digest in facts.used_by if digest == wish.digest}
        return (
            same.pop()
            if len(same) == 1 and len(facts.used_by) == sum(d == wish.digest for _, d in facts.used_by)
            else "key_used"
        )
    if facts.offer_state != "on_sale" or facts.seller_banned or facts.seller_frozen:
        return "no_item"
    if facts.buyer_frozen:
        return "frozen"
    if not facts.receiver_known:
        return "unknown_user"
    if facts.receiver_banned:
        return "buyer_banned"
    if wish.steamid == facts.seller_steamid or (
        facts.buyer_is_payee_or_seller and not facts.may_trade_with_self
    ):
        return "own_item"
    if wish.ceiling_cents is not None and facts.price_cents > wish.ceiling_cents:
        return "dearer"
    if facts.receiver_hold_until is not None and facts.receiver_hold_until > facts.now:
        return "buyer_on_hold"
    if facts.seller_away or facts.heartbeat_at is None or facts.heartbeat_at <= facts.online_after:
        return "seller_offline"
    if not facts.session_ok:
        return "seller_signed_out"
    if facts.seller_trade_token is None or facts.seller_token_refused:
        return "seller_trade_url"
    if facts.missing or facts.scanned_at is None or facts.scanned_at <= facts.scanned_after:
        return "not_in_inventory"
    if facts.deposit_cents + facts.balance_cents < facts.price_cents:
        return "too_little_money"
    from_deposit = min(facts.deposit_cents, facts.price_cents)
    return Bought(from_deposit, facts.price_cents - from_deposit, fee_cents(facts.price_cents, fee_bps))
