"""Placing buy orders, changing and removing them: an owner's own deeds."""

from datetime import datetime

from tradepost.app import App
from tradepost.db import Tx
from tradepost.market import freezing, idempotency, users
from tradepost.market.buy_orders import reading
from tradepost.market.buy_orders.reading import NO_ORDER, BuyOrderView
from tradepost.market.buy_orders.rows import (
    COLUMNS,
    ID_MAX,
    MEET,
    READY,
    BuyOrder,
    note_due,
    ready,
    take_turn,
)
from tradepost.market.idempotency import Claim
from tradepost.market.wakeup import wake
from tradepost.rules.matching import AMOUNT_MAX, keeps_place
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import Conflicting, Malformed, NotFound

ORDERS_MAX = 1_000  # live orders of one account


async def place(
    app: App,
    account_id: int,
    steam_item_id: int,
    price_cents: int,
    amount: int,
    claim: Claim[BuyOrderView] | None = None,
) -> BuyOrderView:
    """Place an order for so many items of a name, each for at most this price; nothing is reserved for it.

    Raises NotFound for an item that the catalogue lacks, Malformed for a price or an amount out of bounds, Conflicting
    where the owner has no trade URL, has an order for it already, has too many, or could buy at that price at once;
    with a claim what `idempotency` raises.
    """
    _check(app, price_cents, amount)
    async with app.db.transaction() as tx:
        await idempotency.take(tx, claim)
        await freezing.refuse_if_frozen(tx, account_id)
        name = await _hold(tx, steam_item_id)
        await _refuse_who_cannot(tx, account_id, steam_item_id)
        await _refuse_what_can_be_bought(app, tx, account_id, steam_item_id, name, price_cents)
        order_id: int = await tx.value(
            "INSERT INTO buy_order (account_id, steam_item_id, price_cents, amount, reach_cents, created_at, changed_at)"
            " VALUES ($1, $2, $3, $4, $3, $5, $5) RETURNING id",
            account_id, steam_item_id, price_cents, amount, app.now(),
        )  # fmt: skip
        is_due = await _look_again(tx, order_id, app.now())
        placed = await reading.view(tx, order_id)
        await idempotency.keep(tx, claim, placed, app.real_now())
    if is_due:
        await wake(app)
    return placed


async def change(
    app: App,
    account_id: int,
    steam_item_id: int,
    claim: Claim[BuyOrderView] | None = None,
    *,
    price_cents: int | None,
    amount: int | None,
) -> BuyOrderView:
    """Change the price of one's order, how many are still wanted, or both.

    At another price, or wanting more, it goes to the end of the line at its price. Raises what `place` does, NotFound
    where there is no order to change.
    """
    async with app.db.transaction() as tx:
        await idempotency.take(tx, claim)
        await freezing.refuse_if_frozen(tx, account_id)
        name = await _hold(tx, steam_item_id)
        order = await tx.row(
            BuyOrder,
            f"SELECT {COLUMNS} FROM buy_order WHERE account_id = $1 AND steam_item_id = $2 AND state = 'live'"
            " FOR NO KEY UPDATE",
            account_id,
            steam_item_id,
        )
        if order is None:
            raise NotFound(NO_ORDER)
        before = (order.price_cents, order.amount)
        after = (
            order.price_cents if price_cents is None else price_cents,
            order.amount if amount is None else amount,
        )
        _check(app, *after)
        if after[0] != before[0]:
            await _refuse_what_can_be_bought(app, tx, account_id, steam_item_id, name, after[0])
        await tx.execute(
            "UPDATE buy_order SET price_cents = $2, amount = $3, changed_at = $4,"
            " place = CASE WHEN $5 THEN place ELSE nextval('buy_order_place') END,"
            # At another price it is another question whether it can be paid.
            " reach_cents = CASE WHEN price_cents = $2 THEN reach_cents ELSE $2 END,"
            " asleep = CASE WHEN price_cents = $2 THEN asleep END,"
            " asleep_until = CASE WHEN price_cents = $2 THEN asleep_until END,"
            " told = CASE WHEN price_cents = $2 THEN told END WHERE id = $1",
            order.id, *after, app.now(), keeps_place(before, after),
        )  # fmt: skip
        is_due = await _look_again(tx, order.id, app.now())
        changed = await reading.view(tx, order.id)
        await idempotency.keep(tx, claim, changed, app.real_now())
    if is_due:
        await wake(app)
    return changed


async def remove(
    app: App, account_id: int, steam_item_id: int, claim: Claim[BuyOrder] | None = None
) -> BuyOrder:
    """Remove one's order: once this is answered it buys nothing more; what it bought stays bought.

    Raises NotFound where there is none, as when the last item was bought meanwhile; with a claim what `idempotency`
    raises.
    """
    async with app.db.transaction() as tx:
        await idempotency.take(tx, claim)
        # Who fills it holds the row: he is done by then, and what he left of it is what is removed.
        removed = await tx.row(
            BuyOrder,
            "UPDATE buy_order SET state = 'removed', ended_at = $3, changed_at = $3"
            f" WHERE account_id = $1 AND steam_item_id = $2 AND state = 'live' RETURNING {COLUMNS}",
            account_id,
            min(steam_item_id, ID_MAX),
            app.now(),
        )
        if removed is None:
            raise NotFound(NO_ORDER)
        await idempotency.keep(tx, claim, removed, app.real_now())
    return removed


async def end_all(tx: Tx, account_id: int, now: datetime) -> int:
    """Remove all orders of an account that is leaving; return how many there were."""
    found = await tx.fetch(
        "SELECT id FROM buy_order WHERE account_id = $1 AND state = 'live' ORDER BY id FOR NO KEY UPDATE",
        account_id,
    )
    return await tx.execute(
        "UPDATE buy_order SET state = 'removed', ended_at = $2, changed_at = $2 WHERE id = ANY ($1)",
        [row["id"] for row in found],
        now,
    )


def _check(app: App, price_cents: int, amount: int) -> None:
    least, most = app.settings.price_least_cents, app.settings.price_max_cents
    if not least <= price_cents <= most:
        raise Malformed("value", f"must be a whole number of cents from {least} to {most}")
    if not 1 <= amount <= AMOUNT_MAX:
        raise Malformed("amount", f"must be a whole number from 1 to {AMOUNT_MAX}")


async def _hold(tx: Tx, steam_item_id: int) -> str:
    """Take the name's turn and have its row alone, so that no offer of it comes unseen; return the name."""
    if steam_item_id > ID_MAX:
        raise NotFound("There is no such item in the catalogue.")
    await take_turn(tx, steam_item_id)
    name = await tx.value("SELECT market_hash_name FROM steam_item WHERE id = $1 FOR UPDATE", steam_item_id)
    if name is None:
        raise NotFound("There is no such item in the catalogue.")
    return str(name)


async def _refuse_who_cannot(tx: Tx, account_id: int, steam_item_id: int) -> None:
    account = await users.by_id(tx, account_id)
    if account.trade_token is None:
        raise Conflicting("Set your trade URL first: what a buy order buys is sent there.")
    rows = await tx.fetch(
        "SELECT count(*) AS orders, bool_or(steam_item_id = $2) AS has_one FROM buy_order"
        " WHERE account_id = $1 AND state = 'live'",
        account_id,
        steam_item_id,
    )
    if rows[0]["has_one"]:
        raise Conflicting("You have a buy order for this item already: update that one, or remove it first.")
    if rows[0]["orders"] >= ORDERS_MAX:
        raise Conflicting(f"You have {ORDERS_MAX} buy orders, and more are not possible: remove one first.")


async def _refuse_what_can_be_bought(
    app: App, tx: Tx, account_id: int, steam_item_id: int, name: str, price_cents: int
) -> None:
    """Raise Conflicting where somebody else's offer at this price or less can be bought now.

    An offer whose seller is away can be bought by nobody, so it keeps nobody from waiting; it meets the order later.
    """
    cheapest = await tx.value(
        f"SELECT o.price_cents {READY} AND $5 NOT IN (o.account_id, o.seller_id) ORDER BY o.price_cents, o.id LIMIT 1",
        *ready(app, steam_item_id),
        account_id,
    )
    if cheapest is not None and price_cents >= cheapest:
        raise Conflicting(
            f"{name} is on sale for {write_cents(cheapest)} USD: buy that instead of ordering it for {write_cents(price_cents)} USD."
        )


async def _look_again(tx: Tx, order_id: int, now: datetime) -> bool:
    """Have the name looked at where the order meets an offer that cannot be bought yet; say whether it does."""
    found = await tx.value(
        f"SELECT b.steam_item_id FROM buy_order b JOIN offer o ON o.state = 'on_sale' AND {MEET} WHERE b.id = $1 LIMIT 1",
        order_id,
    )
    if found is not None:
        await note_due(tx, found, now)
    return found is not None
