"""What tests of dialects share: a shop, which is a market with a web server and a merchant."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from dialects.shop import Shop, shop_on
from market.sold import history
from stock import NAME
from tradepost.db import Db
from tradepost.market import rates, steam_items

IVORY, DESERT = "P2000 | Ivory (Well-Worn)", "Desert Eagle | Light Rail (Field-Tested)"


@pytest.fixture
async def shop(db: Db) -> AsyncIterator[Shop]:
    async with shop_on(db) as made:
        yield made


@pytest.fixture
async def story(db: Db) -> AsyncIterator[Shop]:
    """The market of the pages of examples: two items are on sale, two were sold, and a seller has three more."""
    async with shop_on(db) as made:
        names = {NAME: 14, IVORY: 9, DESERT: 131}
        async with db.transaction() as tx:
            await rates.set_rate(tx, "EUR", 920_000, "operator", made.app.real_now())
        items = [{"appid": 730, "market_hash_name": name} for name in names]
        await made.box.world({"steamid": made.seller_steamid, "items": items})
        await made.foreign(13)
        await made.foreign(7, IVORY)
        async with db.transaction() as tx:
            await steam_items.set_prices(tx, "csgo", names, made.app.now())
        now = made.app.now()
        await history(db, (NAME, now - timedelta(hours=1), 15), (NAME, now - timedelta(days=40), 12))
        yield made
