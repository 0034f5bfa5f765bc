"""A name's book: the cheapest offers that can be bought now and who is first in line for them, read and locked."""

from collections.abc import Collection, Sequence

from tradepost.db import Record, Tx
from tradepost.market.buy_orders.rows import COLUMNS, READY, BuyOrder
from tradepost.rules.matching import Fill, Offer, Order

READ_MAX = 100  # offers, and orders, that one decision looks at


async def cheapest(tx: Tx, now: tuple[object, ...], aside: Collection[int]) -> list[Offer]:
    """Return the cheapest offers that some order reaches, without those that were set aside; `now` is of `ready`."""
    return await tx.rows(
        Offer,
        f"SELECT o.id, o.price_cents, o.account_id AS payee_id, o.seller_id {READY}"
        " AND o.price_cents <= (SELECT max(reach_cents) FROM buy_order WHERE steam_item_id = $1 AND state = 'live')"
        " AND o.id <> ALL ($5) ORDER BY o.price_cents, o.id LIMIT $6",
        *now,
        list(aside),
        READ_MAX,
    )


async def first_in_line(tx: Tx, steam_item_id: int, offers: Sequence[Offer]) -> list[Record]:
    """Return the first of those who reach the cheapest of these offers, with what buying has to know of them."""
    return await tx.fetch(
        "SELECT b.id, b.account_id, b.price_cents, b.reach_cents, b.place, b.amount, a.steamid, a.trade_token,"
        " coalesce(w.deposit_cents + w.balance_cents, 0) AS purse_cents,"
        " ARRAY(SELECT f.offer_id FROM buy_order_fill f WHERE f.order_id = b.id AND f.offer_id = ANY ($3)) AS took"
        " FROM buy_order b JOIN account a ON a.id = b.account_id LEFT JOIN wallet w ON w.account_id = b.account_id"
        " WHERE b.steam_item_id = $1 AND b.state = 'live' AND b.reach_cents >= $2"
        " ORDER BY b.price_cents DESC, b.place LIMIT $4",
        steam_item_id,
        min(offer.price_cents for offer in offers),
        [offer.id for offer in offers],
        READ_MAX,
    )


def as_order(row: Record) -> Order:
    """Return the order of a row of `first_in_line`, as the rule wants it."""
    return Order(
        id=row["id"],
        account_id=row["account_id"],
        price_cents=row["price_cents"],
        reach_cents=row["reach_cents"],
        place=row["place"],
        amount=row["amount"],
        purse_cents=row["purse_cents"],
        took=frozenset(row["took"]),
    )


async def lock_offer(tx: Tx, fill: Fill) -> bool:
    """Lock an offer and say whether it is still on sale at the price that was decided on."""
    price_cents = await tx.value(
        "SELECT price_cents FROM offer WHERE id = $1 AND state = 'on_sale' FOR NO KEY UPDATE", fill.offer_id
    )
    return bool(price_cents == fill.price_cents)


async def lock_orders(tx: Tx, ids: Sequence[int]) -> dict[int, BuyOrder]:
    """Lock orders and return those that still are live, as they are now."""
    rows = await tx.rows(
        BuyOrder,
        f"SELECT {COLUMNS} FROM buy_order WHERE id = ANY ($1) AND state = 'live' ORDER BY id FOR NO KEY UPDATE",
        list(ids),
    )
    return {row.id: row for row in rows}
