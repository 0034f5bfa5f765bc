"""Reading buy orders: an account's own, and what is wanted of a name at each price."""

from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from tradepost.db import Reader, Record
from tradepost.market.buy_orders.rows import COLUMNS, ID_MAX, Asleep, BuyOrder
from tradepost.rules.refusals import NotFound

LATELY_MAX = 200  # trades of a buyer that are looked at for those which his orders made
LEVELS_MAX = 100  # prices that a name's depth is shown of

NO_ORDER = "No buy order found"
WHY_ASLEEP: dict[Asleep, str] = {
    "money": "Your wallet could not pay an offer that this order was next in line for. It goes on by itself when the wallet can.",
    "trade_url": "You have no trade URL on file, so nothing can be sent to you.",
    "banned": "You are banned from buying for now.",
    "on_hold": "Steam holds your trades for now, so nothing is bought for you.",
    "refused": "Your account cannot buy at the moment.",
}
assert set(WHY_ASLEEP) == set(get_args(Asleep))  # noqa: S101 - a reason without its sentence would be shown to nobody


@dataclass(frozen=True, slots=True)
class BuyOrderView:
    """A buy order with what is shown of its item."""

    order: BuyOrder
    market_hash_name: str
    project: str

    @property
    def explanation(self) -> str:
        """What the order waits for, in a sentence."""
        asleep = self.order.asleep
        return "Waiting for an offer at this price or less." if asleep is None else WHY_ASLEEP[asleep]


@dataclass(frozen=True, slots=True)
class BoughtByOrder:
    """A trade that an order made."""

    trade_id: int
    steam_item_id: int
    market_hash_name: str
    price_cents: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Level:
    """What is wanted at one price: how many items, in how many orders."""

    price_cents: int
    amount: int
    orders: int


@dataclass(frozen=True, slots=True)
class Depth:
    """What is wanted of a name, the best price first."""

    steam_item_id: int
    market_hash_name: str
    project: str
    levels: list[Level]


_VIEW = f"SELECT {', '.join(f'b.{name}' for name in COLUMNS.split(', '))}, i.market_hash_name, i.project"
_FROM = "FROM buy_order b JOIN steam_item i ON i.id = b.steam_item_id"
_FIELDS = COLUMNS.split(", ")


def _as_view(row: Record) -> BuyOrderView:
    return BuyOrderView(
        BuyOrder(**{name: row[name] for name in _FIELDS}), row["market_hash_name"], row["project"]
    )


async def view(tx: Reader, order_id: int) -> BuyOrderView:
    """Return an order with its item, by an id that we gave out ourselves."""
    (row,) = await tx.fetch(f"{_VIEW} {_FROM} WHERE b.id = $1", order_id)
    return _as_view(row)


async def own(tx: Reader, account_id: int, steam_item_id: int) -> BuyOrderView:
    """Return an account's live order for an item of the catalogue; raises NotFound where it has none."""
    rows = await tx.fetch(
        f"{_VIEW} {_FROM} WHERE b.account_id = $1 AND b.steam_item_id = $2 AND b.state = 'live'",
        account_id,
        min(steam_item_id, ID_MAX),
    )
    if not rows:
        raise NotFound(NO_ORDER)
    return _as_view(rows[0])


async def page(tx: Reader, account_id: int, *, first: int, count: int) -> tuple[list[BuyOrderView], int]:
    """Return an account's live orders from the first so many-th on, the newest before, and how many it has in all."""
    rows = await tx.fetch(
        f"{_VIEW} {_FROM} WHERE b.account_id = $1 AND b.state = 'live' ORDER BY b.id DESC LIMIT $2 OFFSET $3",
        account_id,
        count,
        first,
    )
    total = await tx.value(
        "SELECT count(*) FROM buy_order WHERE account_id = $1 AND state = 'live'", account_id
    )
    return [_as_view(row) for row in rows], total


async def bought(
    tx: Reader, account_id: int, *, count: int, steam_item_id: int | None = None
) -> list[BoughtByOrder]:
    """Return what an account's orders bought among the last things that it bought, the newest first; of one item, if one is named."""
    return await tx.rows(
        BoughtByOrder,
        "SELECT t.id AS trade_id, i.id AS steam_item_id, i.market_hash_name, t.price_cents, t.created_at FROM"
        " (SELECT id, price_cents, created_at FROM trade WHERE buyer_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2) t"
        " JOIN buy_order_fill f ON f.trade_id = t.id JOIN buy_order b ON b.id = f.order_id"
        " JOIN steam_item i ON i.id = b.steam_item_id WHERE i.id = $3 OR $3::bigint IS NULL"
        " ORDER BY t.created_at DESC, t.id DESC LIMIT $4",
        account_id,
        LATELY_MAX,
        steam_item_id,
        count,
    )


async def depth(tx: Reader, steam_item_id: int) -> Depth:
    """Return what is wanted of an item of the catalogue; orders that are asleep buy nothing at their price, and are left out.

    Raises NotFound where the catalogue has no such item.
    """
    items = await tx.fetch(
        "SELECT id, market_hash_name, project FROM steam_item WHERE id = $1", min(steam_item_id, ID_MAX)
    )
    if not items:
        raise NotFound("There is no such item in the catalogue.")
    levels = await tx.rows(
        Level,
        "SELECT price_cents, sum(amount)::bigint AS amount, count(*) AS orders FROM buy_order"
        " WHERE steam_item_id = $1 AND state = 'live' AND asleep IS NULL"
        " GROUP BY price_cents ORDER BY price_cents DESC LIMIT $2",
        steam_item_id,
        LEVELS_MAX,
    )
    item = items[0]
    return Depth(item["id"], item["market_hash_name"], item["project"], levels)
