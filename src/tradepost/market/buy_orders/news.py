"""What the owner of a buy order hears of it: that it bought, that it fell asleep and why, that it is awake again."""

from datetime import datetime, timedelta

from tradepost.db import Tx
from tradepost.market import alerts
from tradepost.market.buy_orders.reading import WHY_ASLEEP
from tradepost.market.buy_orders.rows import Asleep, BuyOrder
from tradepost.rules.money import write_cents

BOUGHT = "Your buy order for {name} bought one for {usd} USD; {left}"
LEFT, NONE_LEFT = "it waits for {count} more.", "it has all that it was for."
FELL_ASLEEP = "Your buy order for {name} at {usd} USD sleeps. {why}"
AWAKE = "Your buy order for {name} at {usd} USD is awake: it buys again."


async def tell_bought(tx: Tx, order: BuyOrder, no: int, price_cents: int, now: datetime) -> None:
    """Tell who ordered that his order, as it stood before, bought an item: its fill of that number.

    A mail goes out for the first item and for the last, however many lie between.
    """
    count = order.amount - 1
    left = LEFT.format(count=count) if count else NONE_LEFT
    text = BOUGHT.format(name=await _name(tx, order), usd=write_cents(price_cents), left=left)
    await alerts.tell(
        tx, order.account_id, "alert", text, now, ref=f"buy_order:{order.id}:bought:{no}",
        by_mail=count == 0 or no == 1,
    )  # fmt: skip
    # Whatever kept it from buying is over.
    await tx.execute("UPDATE buy_order SET told = NULL WHERE id = $1 AND told IS NOT NULL", order.id)


async def tell_asleep(tx: Tx, order: BuyOrder, why: Asleep, now: datetime) -> None:
    """Tell who ordered that his order fell asleep, unless that is what he was told last."""
    changed = await tx.execute(
        "UPDATE buy_order SET told = $2 WHERE id = $1 AND told IS DISTINCT FROM $2", order.id, why
    )
    if changed:
        text = FELL_ASLEEP.format(
            name=await _name(tx, order), usd=write_cents(order.price_cents), why=WHY_ASLEEP[why]
        )
        await _tell(tx, order, text, why, now)


async def tell_awake(tx: Tx, order: BuyOrder, now: datetime) -> None:
    """Tell who ordered that his order is awake, if he was told that it sleeps."""
    if await tx.execute("UPDATE buy_order SET told = NULL WHERE id = $1 AND told IS NOT NULL", order.id):
        text = AWAKE.format(name=await _name(tx, order), usd=write_cents(order.price_cents))
        await _tell(tx, order, text, "awake", now)


async def _tell(tx: Tx, order: BuyOrder, text: str, what: str, now: datetime) -> None:
    """Tell it once a day for each order, and by mail once a day for all orders of an account.

    A wallet that goes up and down all day wakes its orders each time, and an account may have a thousand of them.
    """
    ending = f":{what}:{now:%Y-%m-%d}"
    is_first = not await tx.value(
        "SELECT EXISTS (SELECT FROM alert WHERE account_id = $1 AND kind = 'alert' AND at >= $3"
        " AND starts_with(ref, 'buy_order:') AND right(ref, length($2)) = $2)",
        order.account_id, ending, now - timedelta(days=1),
    )  # fmt: skip
    ref = f"buy_order:{order.id}{ending}"
    await alerts.tell(tx, order.account_id, "alert", text, now, ref=ref, by_mail=is_first)


async def _name(tx: Tx, order: BuyOrder) -> str:
    name: str = await tx.value("SELECT market_hash_name FROM steam_item WHERE id = $1", order.steam_item_id)
    return name
