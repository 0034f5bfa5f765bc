"""Orders that cannot buy now: put to sleep, so that they keep nobody waiting, and woken when it may go better."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from tradepost.db import Tx
from tradepost.market import bans
from tradepost.market.buy_orders.rows import Asleep, BuyOrder, note_due

AGAIN = timedelta(minutes=5)  # until it is looked whether an owner can buy again

_WHY: dict[str, Asleep] = {"buyer_banned": "banned", "buyer_on_hold": "on_hold", "trade_url": "trade_url"}


async def sleep_without_money(tx: Tx, short_cents: Mapping[int, int], now: datetime) -> None:
    """Let orders sleep for prices from so much on, as their owners' wallets cannot pay it.

    The owners' wallets are locked: who adds to one afterwards sees his orders asleep, and has them woken.
    """
    await tx.execute(
        "UPDATE buy_order b SET asleep = 'money', asleep_until = NULL, reach_cents = s.cents - 1, changed_at = $3"
        " FROM unnest($1::bigint[], $2::bigint[]) AS s (id, cents)"
        " WHERE b.id = s.id AND b.state = 'live' AND b.reach_cents >= s.cents",
        list(short_cents),
        list(short_cents.values()),
        now,
    )


async def sleep_for(tx: Tx, order: BuyOrder, steamid: str, code: str, now: datetime) -> None:
    """Let an order sleep whose owner cannot buy, whatever the price; after a while it is tried again."""
    again_at = now + AGAIN
    if code == "buyer_banned" and (ban := await bans.current(tx, steamid, "buyer", now)):
        again_at = min(again_at, ban.until_at)
    await tx.execute(
        "UPDATE buy_order SET asleep = $2, asleep_until = $3, reach_cents = 0, changed_at = $4 WHERE id = $1",
        order.id,
        _WHY.get(code, "refused"),
        again_at,
        now,
    )
    await note_due(tx, order.steam_item_id, again_at)


async def wake(tx: Tx, steam_item_id: int, now: datetime) -> None:
    """Wake those orders of a name whose wallet can pay now what it could not, or whose time has come to be tried again."""
    found = await tx.fetch(
        "SELECT b.id FROM buy_order b LEFT JOIN wallet w ON w.account_id = b.account_id"
        " WHERE b.steam_item_id = $1 AND b.state = 'live' AND b.asleep IS NOT NULL"
        " AND CASE b.asleep WHEN 'money' THEN w.deposit_cents + w.balance_cents > b.reach_cents ELSE b.asleep_until <= $2 END"
        " ORDER BY b.id FOR NO KEY UPDATE OF b",
        steam_item_id,
        now,
    )
    if found:
        await tx.execute(
            "UPDATE buy_order SET asleep = NULL, asleep_until = NULL, reach_cents = price_cents, changed_at = $2"
            " WHERE id = ANY ($1)",
            [row["id"] for row in found],
            now,
        )
