"""Skins of payments in town: put on sale and withdrawn by sellers, told of to merchants, early or late, and their laws."""

import hashlib
from typing import Any

from simulation.deeds import Deed, Plan
from simulation.town import PROJECTS, Town
from tradepost.app import App
from tradepost.market import gateways, payment_items, payments
from tradepost.market.payments import Asked, Payment

CALLBACK = "https://shop.example/ipn"


async def open_gateways(town: Town) -> None:
    """Let merchants accept skins, one of them with a reserve for credit at the acceptance."""
    for merchant in town.merchants:
        town.gateways[merchant.id] = await gateways.open_gateway(town.apps[0], merchant.id, CALLBACK)
    early = max(town.merchants, key=lambda one: one.balance_cents)
    await gateways.change(town.apps[0], early.id, ipn_on="accepted")
    if early.balance_cents > 1:
        await gateways.fund_reserve(town.apps[0], early.id, early.balance_cents // 2, "first")


async def _payment(town: Town, app: App, merchant: int, payer: str, order_id: str) -> Payment:
    opened = town.gateways[merchant]
    signature = hashlib.sha256(f"{order_id}USD{opened.secret}".encode()).hexdigest()
    asked = Asked(order_id, "7", payer, "USD", "", None, signature, None)
    return await payments.make(app, opened.gateway.public_hash, asked, {}, payer.encode())


def put_on_sale(town: Town) -> Deed | None:
    """A seller pays at a merchant's site with an item of his; Steam is out of reach, so it is put there by hand."""
    draw, app = town.draw, town.app()
    seller, merchant = draw.choice(town.sellers), draw.choice(town.merchants)
    project, price = draw.choice(PROJECTS), draw.choice([2, 3, 19, 20, 21, 60, 100, 333])
    order_id = f"{seller.id}-{draw.randint(1, 9)}"

    async def act() -> None:
        paid = await _payment(town, app, merchant.id, seller.steamid, order_id)
        if paid.state == "closed":
            return
        offer = await town.stock.offer(seller.id, price, payee_id=merchant.id, project=project)
        async with town.db.transaction() as tx:
            await tx.execute(
                "INSERT INTO payment_item (offer_id, payment_id, ipn_trade_id, ip, listed_at) VALUES ($1, $2, $3, '0.0.0.0', $4)",
                offer, paid.id, f"{offer:016x}", app.now(),
            )  # fmt: skip
            await tx.execute("UPDATE payment SET state = 'active', quiet_from = NULL WHERE id = $1", paid.id)

    return Deed(f"{seller.id} pays {merchant.id}'s order {order_id} with a {project} item for {price}", act)


def withdraw(town: Town) -> Deed | None:
    """A payer takes a skin off sale, or somebody else's."""
    draw, app = town.draw, town.app()
    seller, merchant = draw.choice(town.sellers), draw.choice(town.merchants)
    offers = [row["id"] for row in town.offers if row["state"] in ("on_sale", "reserved")]
    if not offers:
        return None
    chosen, order_id = draw.choice(offers), f"{seller.id}-{draw.randint(1, 9)}"

    async def act() -> None:
        paid = await _payment(town, app, merchant.id, seller.steamid, order_id)
        await payment_items.withdraw(app, paid, [chosen])

    return Deed(f"{seller.id} withdraws offer {chosen} from {merchant.id}'s order {order_id}", act)


def move_reserve(town: Town) -> Deed | None:
    """A merchant locks money, or wants it back, maybe for the second time by the same reference."""
    draw, app, merchant = town.draw, town.app(), town.draw.choice(town.merchants)
    move = draw.choice([gateways.fund_reserve, gateways.release_reserve])
    cents, key = draw.choice([1, 50, 200, 500]), f"r{draw.randint(1, 30)}"
    return Deed(
        f"{merchant.id} asks {move.__name__} for {cents} as {key}",
        lambda: move(app, merchant.id, cents, key),
    )


def change_mind(town: Town) -> Deed | None:
    """A merchant wants to be told early, or late."""
    draw, app, merchant = town.draw, town.app(), town.draw.choice(town.merchants)
    when: Any = draw.choice(["accepted", "accepted", "settled"])
    return Deed(
        f"{merchant.id} is told when it is {when}", lambda: gateways.change(app, merchant.id, ipn_on=when)
    )


def fall_quiet(town: Town) -> Deed | None:
    """The worker's chore that closes links."""
    app = town.app()
    return Deed("links fall quiet", lambda: payments.close_quiet(app))


DEEDS: dict[Plan, int] = {put_on_sale: 10, withdraw: 1, move_reserve: 2, change_mind: 1, fall_quiet: 2}


# Laws ------------------------------------------------------------------------------------------------------


async def broken(town: Town) -> list[str]:
    """Every skin that settled is told of once, with what the wallet got; others only where that was lent."""
    rows = await town.db.fetch(
        "SELECT t.id, t.state, t.price_cents - t.fee_cents AS net, i.told_cents, i.trade_id, a.cents AS lent,"
        " (SELECT count(*) FROM notice n WHERE n.kind = 'ipn' AND n.trade_id = t.id) AS ipns,"
        " (SELECT coalesce(sum(e.amount_cents), 0)::bigint FROM transfer x JOIN entry e ON e.transfer_id = x.id"
        "   WHERE x.trade_id = t.id AND x.kind IN ('advanced', 'finished') AND e.account_id = t.payee_id"
        "   AND e.book IN ('balance', 'deposit')) AS got"
        " FROM trade t JOIN payment_item i ON i.offer_id = t.offer_id LEFT JOIN advance a ON a.trade_id = t.id"
    )
    found = []
    for row in rows:
        said = f"the skin of trade {row['id']} ({row['state']})"
        is_credited = row["state"] == "finished" or row["lent"] is not None
        if row["ipns"] != is_credited:
            found.append(f"{said} is told of {row['ipns']} times")
        if row["got"] != (row["net"] if is_credited else 0):
            found.append(f"{said} brought {row['got']}")
        if is_credited and (row["told_cents"], row["trade_id"]) != (row["got"], row["id"]):
            found.append(f"{said} brought {row['got']}, and {row['told_cents']} was told")
    return found
