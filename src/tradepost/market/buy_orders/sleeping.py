"""Orders that cannot buy now: put to sleep, so that they keep nobody waiting, and woken when it may go better."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tradepost.db import Tx
from tradepost.market import bans
from tradepost.market.buy_orders.news import tell_asleep, tell_awake
from tradepost.market.buy_orders.rows import COLUMNS, Asleep, BuyOrder, note_due

AGAIN = timedelta(minutes=5)  # until it is looked whether an owner can buy again

_WHY: dict[str, Asleep] = {"buyer_banned": "banned", "buyer_on_hold": "on_hold", "trade_url": "trade_url"}


# What an order slept for is over before it is time to try again. Of what was refused for another reason nobody knows that,
# but for an account that was thawed since.
_OVER = """CASE b.asleep
    WHEN 'trade_url' THEN a.trade_token IS NOT NULL
    WHEN 'on_hold' THEN a.hold_until IS NULL OR a.hold_until <= $2
    WHEN 'banned' THEN NOT EXISTS (SELECT FROM ban x WHERE x.steamid = a.steamid AND x.side = 'buyer'
                                      AND x.lifted_at IS NULL AND x.from_at <= $2 AND x.until_at > $2)
    ELSE a.frozen_at IS NULL AND EXISTS (SELECT FROM freezing f WHERE f.account_id = a.id AND f.thawed_at >= b.changed_at)
    END"""


async def sleep_without_money(tx: Tx, short: Sequence[tuple[BuyOrder, int]], now: datetime) -> None:
    """Let orders sleep for prices from so many cents on, as their owners' wallets cannot pay it.

    The owners' wallets are locked: who adds to one afterwards sees his orders asleep, and has them woken.
    """
    rows = await tx.fetch(
        "UPDATE buy_order b SET asleep = 'money', asleep_until = NULL, reach_cents = s.cents - 1, changed_at = $3"
        " FROM unnest($1::bigint[], $2::bigint[]) AS s (id, cents)"
        " WHERE b.id = s.id AND b.state = 'live' AND b.reach_cents >= s.cents RETURNING b.id",
        [order.id for order, _ in short],
        [cents for _, cents in short],
        now,
    )
    slept = {row["id"] for row in rows}
    for order, _ in short:
        if order.id in slept:
            await tell_asleep(tx, order, "money", now)


async def sleep_for(tx: Tx, order: BuyOrder, steamid: str, code: str, now: datetime) -> None:
    """Let an order sleep whose owner cannot buy, whatever the price; after a while it is tried again."""
    again_at = now + AGAIN
    if code == "buyer_banned" and (ban := await bans.current(tx, steamid, "buyer", now)):
        again_at = min(again_at, ban.until_at)
    why = _WHY.get(code, "refused")
    await tx.execute(
        "UPDATE buy_order SET asleep = $2, asleep_until = $3, reach_cents = 0, changed_at = $4 WHERE id = $1",
        order.id,
        why,
        again_at,
        now,
    )
    await tell_asleep(tx, order, why, now)
    await note_due(tx, order.steam_item_id, again_at)


async def wake(tx: Tx, steam_item_id: int, now: datetime) -> None:
    """Wake those orders of a name whose wallet can pay now what it could not, or whose time has come to be tried again."""
    found = await tx.rows(
        BuyOrder,
        f"SELECT {', '.join(f'b.{name}' for name in COLUMNS.split(', '))}"
        " FROM buy_order b JOIN account a ON a.id = b.account_id LEFT JOIN wallet w ON w.account_id = b.account_id"
        " WHERE b.steam_item_id = $1 AND b.state = 'live' AND b.asleep IS NOT NULL"
        f" AND CASE b.asleep WHEN 'money' THEN w.deposit_cents + w.balance_cents > b.reach_cents"
        f" ELSE b.asleep_until <= $2 OR {_OVER} END"
        " ORDER BY b.id FOR NO KEY UPDATE OF b",
        steam_item_id,
        now,
    )
    if found:
        await tx.execute(
            "UPDATE buy_order SET asleep = NULL, asleep_until = NULL, reach_cents = price_cents, changed_at = $2"
            " WHERE id = ANY ($1)",
            [order.id for order in found],
            now,
        )
    for order in found:
        if await _is_over(tx, order, now):
            await tell_awake(tx, order, now)


async def _is_over(tx: Tx, order: BuyOrder, now: datetime) -> bool:
    """Say whether what an order slept for is known to be over; where it is not, it is only tried."""
    if order.asleep in ("money", "refused", None):
        return order.asleep == "money"
    owner = (
        await tx.fetch("SELECT steamid, trade_token, hold_until FROM account WHERE id = $1", order.account_id)
    )[0]
    if order.asleep == "trade_url":
        return owner["trade_token"] is not None
    if order.asleep == "on_hold":
        return owner["hold_until"] is None or bool(owner["hold_until"] <= now)
    return await bans.current(tx, owner["steamid"], "buyer", now) is None
