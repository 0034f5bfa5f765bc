"""Filling buy orders: names that are due are claimed, and their offers sold to who is first in line, one at a time.

One transaction is one fill: it takes the name's turn, reads who waits and what can be bought, lets rules/matching.py
decide, locks the offer and the order, and buys by `buy_batch`, like everybody. The order counts the item in the same
transaction, so neither a crash nor a second worker makes it buy one too many. The row that was due goes in the
transaction that found nothing more to do.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from tradepost import log
from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone, Record, Tx
from tradepost.market import buying, feed, ledger, switches
from tradepost.market.buy_orders.book import as_order, cheapest, first_in_line, lock_offer, lock_orders
from tradepost.market.buy_orders.ends import count_ends
from tradepost.market.buy_orders.news import tell_bought
from tradepost.market.buy_orders.rows import MEET, BuyOrder, ready, take_turn
from tradepost.market.buy_orders.sleeping import sleep_for, sleep_without_money, wake
from tradepost.market.buying import Buy
from tradepost.rules.matching import Fill, Match, again_in, next_fill
from tradepost.rules.refusals import SwitchedOff

MATCHES_CLAIMED_MAX = 100  # due rows taken at once
CLAIM_SECONDS = 60  # a claim holds so long by the market's clock; a worker that died lets go of it then
NAMES_AT_ONCE = 4
STEPS_MAX = 100  # of one name in one turn: then others have theirs

# Refusals that are about the offer or its seller: it stays, and is tried again later. All others are the owner's.
OF_OFFER = frozenset(
    "no_item own_item dearer seller_offline seller_signed_out seller_trade_url not_in_inventory".split()  # noqa: SIM905 - as a list it would be seven lines
)

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Due:
    """A name that is to be looked at, claimed by this worker."""

    id: int
    steam_item_id: int
    trade_id: int | None
    tries: int


@dataclass(slots=True)
class Turn:
    """One worker's turn at a name: the rows that it is for, and the offers that were refused in it."""

    steam_item_id: int
    due: Sequence[Due]
    aside: set[int] = field(default_factory=set)


async def fill_buy_orders(app: App) -> int:
    """Fill buy orders from offers that meet them; return how many names' rows were due."""
    try:
        await switches.refuse_if_off(app, "buying")
    except SwitchedOff:
        return 0
    claimed = await _claim(app)
    names: defaultdict[int, list[Due]] = defaultdict(list)
    for due in claimed:
        names[due.steam_item_id].append(due)
    gate = asyncio.Semaphore(NAMES_AT_ONCE)

    async def one(turn: Turn) -> None:
        async with gate:
            try:
                await _attend(app, turn)
            except (DatabaseGone, DatabaseBusy):
                raise
            except Exception:
                # One name must not keep the others waiting; its claim runs out and it is tried again.
                logger.exception("buy_orders_not_filled", steam_item_id=turn.steam_item_id)

    await asyncio.gather(*(one(Turn(name, due)) for name, due in names.items()))
    return len(claimed)


async def _claim(app: App) -> list[Due]:
    now = app.now()
    return await app.db.rows(
        Due,
        "UPDATE buy_order_match SET due_at = $1 WHERE id = ANY (ARRAY(SELECT id FROM buy_order_match WHERE due_at <= $2"
        " ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)) RETURNING id, steam_item_id, trade_id, tries",
        now + timedelta(seconds=CLAIM_SECONDS),
        now,
        MATCHES_CLAIMED_MAX,
    )


async def _attend(app: App, turn: Turn) -> None:
    async with app.db.transaction() as tx:
        await take_turn(tx, turn.steam_item_id)
        ended = sorted({due.trade_id for due in turn.due if due.trade_id is not None})
        if ended:
            await count_ends(tx, ended, app.now())
        await wake(tx, turn.steam_item_id, app.now())
    for _ in range(STEPS_MAX):
        if await _step(app, turn):
            return
    await app.db.execute(
        "UPDATE buy_order_match SET due_at = 'epoch' WHERE id = ANY ($1)", [due.id for due in turn.due]
    )


async def _step(app: App, turn: Turn) -> bool:
    """Do the next thing that there is to do for a name; True when nothing was."""
    sold = None
    async with app.db.transaction() as tx:
        await take_turn(tx, turn.steam_item_id)
        offers = await cheapest(tx, ready(app, turn.steam_item_id), turn.aside)
        line = await first_in_line(tx, turn.steam_item_id, offers) if offers else []
        match = next_fill([as_order(row) for row in line], offers)
        if match.fill is None and not match.poor:
            await _conclude(app, tx, turn)
            return True
        sold = await _do(app, tx, turn, match, {row["id"]: row for row in line})
    if sold is not None:
        await feed.tell(app, [sold.offer_id])
        logger.info("buy_order_filled", order_id=sold.order_id, offer_id=sold.offer_id)
    return False


async def _do(app: App, tx: Tx, turn: Turn, match: Match, line: dict[int, Record]) -> Fill | None:
    """Do what was decided on what was read without locks, as far as it still holds; return what was sold."""
    fill, now = match.fill, app.now()
    if fill is not None and not await lock_offer(tx, fill):
        return None
    # Offer, orders, wallets: the order of locks that everybody keeps.
    orders = await lock_orders(tx, [id_ for id_, _ in match.poor] + ([fill.order_id] if fill else []))
    if match.poor:
        purses = await ledger.lock_wallets(tx, {order.account_id for order in orders.values()})
        poor = []
        for id_, cents in match.poor:
            if id_ not in orders:
                continue
            purse = purses[orders[id_].account_id]
            if purse.deposit_cents + purse.balance_cents >= cents:
                return None  # its owner got money a moment ago, and it comes first
            poor.append((orders[id_], cents))
        await sleep_without_money(tx, poor, now)
    if fill is None or fill.order_id not in orders:
        return None
    order, owner = orders[fill.order_id], line[fill.order_id]
    code = "trade_url"
    if owner["trade_token"] is not None:
        code = await _buy(app, tx, order, fill, owner)
    if code == "bought":
        return fill
    if code in OF_OFFER:
        turn.aside.add(fill.offer_id)
    elif code == "too_little_money":
        await sleep_without_money(tx, [(order, fill.price_cents)], now)
    else:
        await sleep_for(tx, order, owner["steamid"], code, now)
    return None


async def _buy(app: App, tx: Tx, order: BuyOrder, fill: Fill, owner: Record) -> str:
    """Buy for an order and count it, or return why not."""
    no = 1 + await tx.value("SELECT count(*) FROM buy_order_fill WHERE order_id = $1", order.id)
    # A space: no header can carry this key, so it cannot meet one that the owner uses himself.
    key = f"own order:{order.id}:{fill.offer_id}:{no}"
    buy = Buy(
        buyer_id=order.account_id,
        offer_id=fill.offer_id,
        steamid=owner["steamid"],
        trade_token=owner["trade_token"],
        ceiling_cents=order.price_cents,
        custom_id=None,
        idempotency_key=key,
        digest=hashlib.sha256(key.encode()).digest(),
    )
    (outcome,) = await buying.ask(tx, app.settings, buying.Now(app.now(), app.real_now()), [buy])
    if outcome.trade_id is None:
        return outcome.code
    await tx.execute(
        "UPDATE buy_order SET amount = amount - 1, bought = bought + 1, changed_at = $2,"
        " state = CASE WHEN amount = 1 THEN 'filled' ELSE state END,"
        " ended_at = CASE WHEN amount = 1 THEN $2::timestamptz END WHERE id = $1",
        order.id,
        app.now(),
    )
    await tx.execute(
        "INSERT INTO buy_order_fill (trade_id, order_id, no, offer_id, limit_cents) VALUES ($1, $2, $3, $4, $5)",
        outcome.trade_id, order.id, no, fill.offer_id, order.price_cents,
    )  # fmt: skip
    await tell_bought(tx, order, no, fill.price_cents, app.now())
    return outcome.code


async def _conclude(app: App, tx: Tx, turn: Turn) -> None:
    """Let a name be that has nothing to fill now; what meets an order and cannot be bought yet is looked at again."""
    meets = await tx.value(
        "SELECT EXISTS (SELECT 1 FROM offer o WHERE o.steam_item_id = $1 AND o.state = 'on_sale'"
        " AND o.price_cents <= (SELECT max(reach_cents) FROM buy_order WHERE steam_item_id = $1 AND state = 'live')"
        f" AND EXISTS (SELECT 1 FROM buy_order b WHERE {MEET}))",
        turn.steam_item_id,
    )
    # One look at a time is enough: whoever else waits to look at the name again need not.
    await tx.execute(
        "DELETE FROM buy_order_match WHERE id = ANY ($1) OR (steam_item_id = $2 AND tries > 0)",
        [due.id for due in turn.due],
        turn.steam_item_id,
    )
    if meets:
        tries = min(due.tries for due in turn.due)
        await tx.execute(
            "INSERT INTO buy_order_match (steam_item_id, due_at, tries) VALUES ($1, $2, $3)",
            turn.steam_item_id,
            app.now() + again_in(tries),
            tries + 1,
        )
