"""Advances: what a merchant is credited with at the acceptance of a payment's skin, before Steam's protection is over.

Only for a gateway with `ipn_on=accepted`, and never for more in all than the merchant has locked in his reserve: a skin
that is taken back is paid for out of it, so the market lends nobody a cent. The other side of what is credited early is
a book of the market's, `advances`: the settled trade's proceeds go there, or the reserve does.
"""

from datetime import datetime

from tradepost.db import Reader, Tx
from tradepost.market import ledger
from tradepost.market.ledger import Posting
from tradepost.rules.trade import Trade


async def outstanding_cents(tx: Reader, account_id: int) -> int:
    """Return how much of what an account was credited with early may still be reversed; its wallet is locked by now."""
    cents: int = await tx.value(
        "SELECT coalesce(sum(cents), 0)::bigint FROM advance WHERE account_id = $1 AND ended_at IS NULL",
        account_id,
    )
    return cents


async def free_reserve_cents(tx: Reader, account_id: int) -> int:
    """Return how much an account may still be credited with early: its reserve less what is outstanding."""
    purse = await ledger.wallet(tx, account_id)
    return purse.reserve_cents - await outstanding_cents(tx, account_id)


async def of_trade(tx: Reader, trade_id: int) -> int:
    """Return what is outstanding of one trade, whose row is locked: 0 where nothing was credited early."""
    cents: int | None = await tx.value(
        "SELECT cents FROM advance WHERE trade_id = $1 AND ended_at IS NULL", trade_id
    )
    return cents or 0


async def make(tx: Tx, trade: Trade, now: datetime) -> bool:
    """Credit the payee of an accepted trade at once, if his reserve bears it; False if he has to wait for settlement."""
    cents = trade.price_cents - trade.fee_cents
    if trade.buyer_id == trade.payee_id:
        return False  # his own money, whose buckets only the settlement can sort out (rules.md 10)
    purse = (await ledger.lock_wallets(tx, [trade.payee_id]))[trade.payee_id]
    if await outstanding_cents(tx, trade.payee_id) + cents > purse.reserve_cents:
        return False
    await tx.execute(
        "INSERT INTO advance (trade_id, account_id, cents, at) VALUES ($1, $2, $3, $4)",
        trade.id, trade.payee_id, cents, now,
    )  # fmt: skip
    legs = (Posting(trade.payee_id, "balance", cents), Posting(None, "advances", -cents))
    await ledger.post(tx, f"trade:{trade.id}:advanced", "advanced", legs, now, trade_id=trade.id)
    return True


def repaid_by_reserve(trade: Trade, cents: int) -> tuple[Posting, ...]:
    """The legs by which a reversed trade's advance is taken back; none where nothing is outstanding."""
    if not cents:
        return ()
    return Posting(trade.payee_id, "reserve", -cents), Posting(None, "advances", cents)


async def ended(tx: Tx, trade_id: int, outcome: str, now: datetime) -> None:
    """Note how a trade's advance ended, in the transaction that moved the money."""
    await tx.execute(
        "UPDATE advance SET ended_at = $2, outcome = $3 WHERE trade_id = $1 AND ended_at IS NULL",
        trade_id, now, outcome,
    )  # fmt: skip
