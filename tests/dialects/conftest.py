"""What tests of dialects share: a shop, which is a market with a web server and a merchant."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from dialects.shop import BUYER, TOKEN, Shop, shop_on
from market.floor import SLATE, HandClock
from market.paying import Till
from market.sold import history
from stock import NAME
from tradepost.db import Db
from tradepost.market import gateways, payments, rates, sending, settling, steam_items, users
from tradepost.market.settling import Outcome

CALLBACK = "https://shop.example/ipn"
IVORY, DESERT = "P2000 | Ivory (Well-Worn)", "Desert Eagle | Light Rail (Field-Tested)"


@pytest.fixture
async def shop(db: Db) -> AsyncIterator[Shop]:
    async with shop_on(db) as made:
        yield made


@pytest.fixture
async def story(db: Db) -> AsyncIterator[Shop]:
    """The market of the pages of examples: two items are on sale, two were sold, and a seller has three more.

    And somebody has paid the merchant with a skin, who was told of it.
    """
    async with shop_on(db) as made:
        made.app.clock = HandClock(real=datetime.now(UTC).replace(microsecond=0))
        names = {NAME: 14, IVORY: 9, DESERT: 131}
        async with db.transaction() as tx:
            await rates.set_rate(tx, "EUR", 920_000, "operator", made.app.real_now())
        items = [{"appid": 730, "market_hash_name": name} for name in names]
        await made.box.world({"steamid": made.seller_steamid, "items": items})
        await paid(made)
        await made.foreign(13)
        await made.foreign(7, IVORY)
        async with db.transaction() as tx:
            await steam_items.set_prices(tx, "csgo", names, made.app.now())
        now = made.app.now()
        await history(db, (NAME, now - timedelta(hours=1), 15), (NAME, now - timedelta(days=40), 12))
        yield made


async def paid(shop: Shop) -> None:
    """A payment whose skin was bought, delivered, settled and told of; its numbers are far from those of the story."""
    app, db, box = shop.app, shop.db, shop.box
    for table in ("offer", "trade"):
        await db.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 1000)")
    till = Till(
        box,
        shop.merchant,
        await gateways.open_gateway(app, shop.merchant, CALLBACK),
        await box.stock.person(deposit_cents=10_000),
    )
    payer = await users.by_steamid(db, BUYER)
    assert payer is not None
    till.payers[payer.id] = BUYER
    await box.stock.online(payer.id)
    await box.sim.control("POST", f"/_sim/users/{BUYER}", {})
    given = await box.sim.control(
        "POST", f"/_sim/users/{BUYER}/items", [{"appid": 730, "market_hash_name": SLATE}]
    )
    async with db.transaction() as tx:
        await steam_items.set_prices(tx, "csgo", {SLATE: 731}, app.now())
    link = await till.link(payer.id, "order-1000", account="2048", amount="6.50", trade_token=TOKEN)
    await till.sell(*await till.on_sale(link, 702, assets=[given["items"][0]["assetid"]]))
    (claimed,) = await sending.claim(app)
    await settling.settle(app, [(claimed, Outcome(200, "ok", None, 41))])
    await payments.close_quiet(app)
    for table in ("offer", "trade"):
        await db.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 1, false)")
