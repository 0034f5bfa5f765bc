"""What a buy order is, the turn that is taken for a name, and which offers could be bought at this moment."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Literal

from tradepost.app import App
from tradepost.db import Tx

Asleep = Literal["money", "trade_url", "banned", "on_hold", "refused"]

ID_MAX = 2**63 - 1  # there are no ids beyond


@dataclass(frozen=True, slots=True)
class BuyOrder:
    """A buy order as it stands: the row of the table `buy_order`, field for column."""

    id: int
    account_id: int
    steam_item_id: int
    price_cents: int
    amount: int
    bought: int
    place: int
    state: Literal["live", "filled", "removed"]
    reach_cents: int
    asleep: Asleep | None
    asleep_until: datetime | None
    created_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    told: Asleep | None  # why it sleeps, as its owner was told


COLUMNS = ", ".join(field.name for field in fields(BuyOrder))

# An offer that buying would not refuse for its own or its seller's sake, as buy_batch has it. What this says is only
# where to look first: buy_batch decides. Its parameters are those of `ready`.
READY = """
    FROM offer o
    JOIN account s ON s.id = o.seller_id
    JOIN account e ON e.id = o.account_id
    JOIN presence p ON p.account_id = o.seller_id
    JOIN inventory_scan i ON i.account_id = o.seller_id AND i.project = o.project
   WHERE o.steam_item_id = $1 AND o.state = 'on_sale' AND o.missing_at IS NULL
     AND p.session_ok AND p.heartbeat_at > $2 AND i.at > $3
     AND NOT is_away(s, $4) AND NOT is_away(e, $4)
     AND s.trade_token IS NOT NULL AND s.trade_token_refused_at IS NULL
     AND NOT EXISTS (SELECT 1 FROM ban x WHERE x.steamid = o.seller_steamid AND x.side = 'seller'
                        AND x.lifted_at IS NULL AND x.from_at <= $4 AND x.until_at > $4)
"""
# An offer and an order that meet, whether or not the offer can be bought now or the order paid for.
MEET = (
    "b.steam_item_id = o.steam_item_id AND b.state = 'live' AND b.reach_cents >= o.price_cents AND b.amount > 0"
    " AND b.account_id NOT IN (o.account_id, o.seller_id)"
    " AND NOT EXISTS (SELECT 1 FROM buy_order_fill f WHERE f.order_id = b.id AND f.offer_id = o.id)"
)


def ready(app: App, steam_item_id: int) -> tuple[int, datetime, datetime, datetime]:
    """Return the parameters of READY: the name, and the times that buying goes by."""
    settings, real_now = app.settings, app.real_now()
    return (
        steam_item_id,
        real_now - timedelta(seconds=2 * settings.heartbeat_ttl_seconds),
        real_now - timedelta(minutes=settings.presence_minutes),
        app.now(),
    )


async def take_turn(tx: Tx, steam_item_id: int) -> None:
    """Have a name's orders alone until the transaction ends: one matches or places at a time, so the first stays first.

    The first thing in its transaction: who waits here has locked nothing that another may wait for.
    """
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"buy orders of {steam_item_id}"
    )


async def note_due(tx: Tx, steam_item_id: int, due_at: datetime) -> None:
    """Have a name looked at when it is time."""
    await tx.execute(
        "INSERT INTO buy_order_match (steam_item_id, due_at) VALUES ($1, $2)", steam_item_id, due_at
    )
