"""IPNs: what becomes of a payment's skin, told to the merchant in the transaction in which it happens.

The one notice that credits a user is written with the money that it tells of: when the trade settles, or at its
acceptance where the merchant's reserve bears that. Beside it a webhook hears of each step, if it asked to.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from tradepost import log
from tradepost.config import Settings
from tradepost.db import Reader, Record, Tx
from tradepost.market import advances, gateways
from tradepost.market.seals import SealBroken
from tradepost.market.telling import moment
from tradepost.market.trade_view import TradeView
from tradepost.rules import notice, payment
from tradepost.rules.money import write_cents
from tradepost.rules.payment import Ipn
from tradepost.rules.trade import State

# What a payment's webhook is told a trade's new state as.
_TOLD = {
    State.ACCEPTED: notice.PAYMENT_ACCEPTED,
    State.CANCELLED: notice.PAYMENT_CANCELLED,
    State.REVERSED: notice.PAYMENT_REVERSED,
}
_encode = msgspec.json.Encoder().encode
logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Sold:
    """A payment's skin that was bought, as far as its merchant is told of it."""

    offer_id: int
    payment_id: int
    account_id: int
    ipn_on: gateways.IpnOn
    token: str
    transaction_id: str
    order_id: str
    account: str
    ipn_trade_id: str
    payer_steamid: str
    told_at: datetime | None


_SOLD = (
    "SELECT i.offer_id, p.id AS payment_id, p.account_id, g.ipn_on, p.token, p.transaction_id, p.order_id, p.account,"
    " i.ipn_trade_id, a.steamid AS payer_steamid, i.told_at FROM payment_item i JOIN payment p ON p.id = i.payment_id"
    " JOIN gateway g ON g.account_id = p.account_id JOIN account a ON a.id = p.payer_id WHERE i.offer_id = $1"
)


async def follow(
    tx: Tx, view: TradeView, before: State, no: int, now: datetime, *, may_advance: bool
) -> None:
    """Tell the merchant what has just become of a trade, if its item was put on sale for a payment.

    `may_advance` is False where a wallet is locked already, so that no other may be locked after it (rules.md 15).
    """
    trade = view.trade
    if trade.state is before or trade.state not in (*_TOLD, State.FINISHED):
        return
    sold = await tx.row(Sold, _SOLD, trade.offer_id)
    if sold is None:
        return
    is_credited = sold.told_at is not None
    if trade.state is State.ACCEPTED:
        await tx.execute(
            "UPDATE payment_item SET trade_id = $2 WHERE offer_id = $1", trade.offer_id, trade.id
        )
        is_credited = may_advance and sold.ipn_on == "accepted" and await advances.make(tx, trade, now)
    if told := _TOLD.get(trade.state):
        await _tell_webhook(tx, sold, told, view, no, now, is_credited=is_credited)
    if sold.told_at is None and (is_credited or trade.state is State.FINISHED):
        await _tell(tx, sold, view, no, now)
        await _tell_webhook(tx, sold, notice.PAYMENT_CREDITED, view, no, now, is_credited=True)


async def _tell(tx: Tx, sold: Sold, view: TradeView, no: int, now: datetime) -> None:
    """Write the IPN; its bytes are made at the first attempt, with the secret that the site has by then."""
    trade = view.trade
    await tx.execute(
        "UPDATE payment_item SET told_at = $2, told_cents = $3 WHERE offer_id = $1",
        sold.offer_id, now, trade.price_cents - trade.fee_cents,
    )  # fmt: skip
    await tx.execute(
        "INSERT INTO notice (account_id, kind, type, payment_id, trade_id, event_no, made_at, due_at, attempts_most)"
        " VALUES ($1, 'ipn', $2, $3, $4, $5, $6, $6, $7)",
        sold.account_id, notice.PAYMENT, sold.payment_id, trade.id, no, now, notice.ATTEMPTS_MAX,
    )  # fmt: skip


async def _tell_webhook(
    tx: Tx, sold: Sold, type_: str, view: TradeView, no: int, now: datetime, *, is_credited: bool
) -> None:
    payload = {
        "type": type_,
        "timestamp": now.replace(microsecond=0),
        "data": _row(sold, view, type_, is_credited=is_credited),
    }
    await tx.execute(
        "INSERT INTO notice (account_id, kind, type, payment_id, trade_id, event_no, payload, made_at, due_at, attempts_most)"
        " SELECT account_id, kind, $2, $3, $4, $5, $6, $7, $7, $8 FROM receiver"
        " WHERE account_id = $1 AND kind = 'webhook' AND $2 = ANY (types)",
        sold.account_id, type_, sold.payment_id, view.trade.id, no, _encode(payload), now, notice.ATTEMPTS_MAX,
    )  # fmt: skip


def _row(sold: Sold, view: TradeView, type_: str, *, is_credited: bool) -> dict[str, Any]:
    trade = view.trade
    return {
        "order_id": sold.order_id,
        "account": sold.account,
        "token": sold.token,
        "transaction_id": sold.transaction_id,
        "trade_id": sold.ipn_trade_id,
        "state": type_.partition(".")[2],
        "credited": is_credited,
        "amount": write_cents(trade.price_cents - trade.fee_cents),
        "price": write_cents(trade.price_cents),
        "fee": write_cents(trade.fee_cents),
        "currency": payment.CURRENCY,
        "steamid": sold.payer_steamid,
        "project": view.project,
        "steam_market_hash_name": view.market_hash_name,
        "steam_asset_id": view.assetid,
        "operation_id": str(trade.id),
        "protected_until": None if trade.protected_until is None else moment(trade.protected_until),
        "explanation": trade.explanation,
    }


# The bytes ---------------------------------------------------------------------------------------------------


async def queries(
    tx: Reader, settings: Settings, trade_ids: list[int], real_now: datetime
) -> dict[int, bytes]:
    """Return the query that tells of each of these sold skins, by its trade; left out where our keys open no secret.

    The hash is made with the secret that the merchant's site uses by now (`gateways.hashing_secret`).
    """
    rows = await tx.fetch(
        f"SELECT i.trade_id AS of_trade, i.told_cents, i.ipn_trade_id, i.ip, p.token, p.account, p.order_id,"
        f" p.transaction_id, p.created_at AS paid_at, {', '.join(f'g.{name.strip()}' for name in gateways.SECRETS.split(','))}"
        " FROM payment_item i JOIN payment p ON p.id = i.payment_id JOIN gateway g ON g.account_id = p.account_id"
        " WHERE i.trade_id = ANY ($1)",
        trade_ids,
    )
    found = {}
    for row in rows:
        try:
            found[row["of_trade"]] = _query(settings, row, real_now)
        except SealBroken as broken:  # that merchant's alone
            logger.error("seal_broken", reason=str(broken))
    return found


def _query(settings: Settings, row: Record, real_now: datetime) -> bytes:
    ipn = Ipn(
        amount_cents=row["told_cents"],
        token=row["token"],
        account=row["account"],
        order_id=row["order_id"],
        trade_id=row["ipn_trade_id"],
        transaction_id=row["transaction_id"],
        created_at=row["paid_at"],
        ip=row["ip"],
    )
    return payment.ipn_query(ipn, gateways.hashing_secret(settings, row, real_now)).encode()
