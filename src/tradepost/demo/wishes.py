"""Wishes: what the demo's customers have ordered from the first minute, and under which names sellers have pages.

Each order lies below what its item costs on this market, so that a demo that just began stands still until somebody
sells for less.
"""

from collections.abc import Iterator, Sequence

from tradepost.db import Db, Record, Tx
from tradepost.demo.dice import Dice
from tradepost.demo.world import Role, World
from tradepost.market import profiles, users

ORDERED_MAX = 120  # names, those with the most offers first
BELOW_PERCENT, STEP_PERCENT = (
    95,
    4,
)  # of the cheapest offer: the best order, and how much less each further one is
AMOUNT_MAX = 6
BUYERS_MAX = 6
SEED = 7
SHORT_NAMES = ("otter", "comet", "anvil", "rook", "ember", "heron")


async def order(db: Db, world: World) -> int:
    """Place buy orders of customers who have money, and answer the offers that they get; return how many there are."""
    able = [
        one.steamid
        for one in world.with_role(Role.CUSTOMER)
        if one.deposit_cents and not one.is_private and not one.hold_days
    ]
    buyers = await db.fetch(
        "SELECT id FROM account WHERE steamid = ANY ($1) AND trade_token IS NOT NULL ORDER BY id",
        able[:BUYERS_MAX],
    )
    items = await db.fetch(
        "SELECT steam_item_id AS id, min(price_cents) AS cheapest_cents FROM offer WHERE state = 'on_sale'"
        " GROUP BY 1 HAVING min(price_cents) > 20 ORDER BY count(*) DESC, 1 LIMIT $1",
        ORDERED_MAX,
    )
    rows = list(_orders([buyer["id"] for buyer in buyers], items, Dice(SEED)))
    await db.copy(
        "buy_order",
        ("account_id", "steam_item_id", "price_cents", "amount", "reach_cents", "created_at", "changed_at"),
        [(*row, row[2], world.now, world.now) for row in rows],
    )
    return len(rows)


def _orders(
    buyers: Sequence[int], items: Sequence[Record], dice: Dice
) -> Iterator[tuple[int, int, int, int]]:
    for item in items:
        percent = BELOW_PERCENT
        for buyer in buyers:
            if dice.roll(3):
                percent -= 1 + dice.roll(STEP_PERCENT)
                cents = max(item["cheapest_cents"] * percent // 100, 2)
                yield buyer, item["id"], cents, 1 + dice.roll(AMOUNT_MAX)


async def name_pages(tx: Tx, world: World) -> None:
    """Give the first sellers pages with short names."""
    for seller, name in zip(world.with_role(Role.SELLER), SHORT_NAMES, strict=False):
        account = await users.by_steamid(tx, seller.steamid)
        if account is not None:
            await profiles.set_short_name(tx, account.id, name)
