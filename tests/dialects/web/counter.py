"""A counter: a game site's links, people who come with them in their browsers, and the market where their skins sell."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any

from dialects.web.site import Browser, Seen, Site, site_on
from market.paying import OWN, Till, open_till
from tradepost.app import App
from tradepost.db import Db
from tradepost.market import feed, steam_items
from tradepost.market.payments import Payment

SLATE, VALENCE, ASIIMOV = (
    "AK-47 | Slate (Field-Tested)",
    "P250 | Valence (Field-Tested)",
    "AWP | Asiimov (Battle-Scarred)",
)
PRICES = {SLATE: 412, VALENCE: 37, ASIIMOV: 8_900}
SHOP = "Lantern Arcade"


@dataclass
class Payer:
    """Somebody with a link, and the browser in which he is signed in."""

    id: int
    steamid: str
    payment: Payment
    browser: Browser
    assets: dict[str, str]  # of his items on Steam, by name

    def path(self, lang: str = "en", more: str = "") -> str:
        return f"/{lang}/pay?token={self.payment.token}{more}"

    async def look(self, lang: str = "en", more: str = "") -> Seen:
        return await self.browser.get(self.path(lang, more))

    async def do(self, deed: str, lang: str = "en", more: str = "", **fields: Any) -> Seen:
        """Send a form of the page, as its button does."""
        form = {"csrf": (await self.browser.get("/sessions")).csrf, "do": deed, **fields}
        return await self.browser.post(self.path(lang, more), form)

    def skins(self, *prices: str, game: str = "csgo") -> dict[str, str]:
        """The fields of the first of his items, each with a price."""
        fields = dict[str, str]()
        for number, (asset, price) in enumerate(zip(self.assets.values(), prices, strict=False)):
            fields |= {
                f"skins[{number}][id]": asset,
                f"skins[{number}][game]": game,
                f"skins[{number}][price]": price,
            }
        return fields


@dataclass
class Counter:
    """A site whose merchant is a game site."""

    site: Site
    till: Till

    @property
    def app(self) -> App:
        return self.site.app

    @property
    def db(self) -> Db:
        return self.site.db

    async def payer(
        self,
        *names: str,
        name: str = "Ann",
        amount: str = "",
        has_url: bool = True,
        is_online: bool = True,
        signed_in: bool = True,
        **more: Any,
    ) -> Payer:
        """Somebody with items of these names, and a link of his own."""
        till = self.till
        made = await till.payer()
        steamid = till.payers[made]
        await self.site.box.sim.control("POST", f"/_sim/users/{steamid}", {"name": name or "Nobody"})
        await self.db.execute("UPDATE account SET name = $2 WHERE id = $1", made, name)
        if not has_url:
            await self.db.execute("UPDATE account SET trade_token = NULL WHERE id = $1", made)
        if not is_online:
            await self.db.execute("DELETE FROM presence WHERE account_id = $1", made)
        payment = await till.link(made, amount=amount, **more)
        browser = self.site.browser()
        if signed_in:
            await browser.sign_in(steamid)
        assets = await self.give(steamid, *names) if names else {}
        return Payer(made, steamid, payment, browser, assets)

    async def give(self, steamid: str, *names: str, appid: int = 730, **facts: Any) -> dict[str, str]:
        """Items in somebody's inventory on Steam; their asset ids by name."""
        order = [{"appid": appid, "market_hash_name": name, **facts} for name in names]
        made = await self.site.box.sim.control("POST", f"/_sim/users/{steamid}/items", order)
        return {name: item["assetid"] for name, item in zip(names, made["items"], strict=True)}

    async def change(self, steamid: str, assetid: str, **facts: Any) -> None:
        """An item is listed on Steam's own market, or cools down."""
        await self.site.box.sim.control("POST", f"/_sim/users/{steamid}/items/{assetid}", facts)

    async def others_sell(self, name: str, cents: int) -> None:
        """Somebody else has one of these on sale."""
        price = PRICES.get(name, 100)
        offer = await self.site.box.stock.offer(await self.site.box.stock.person(), cents, name=name)
        async with self.db.transaction() as tx:
            await steam_items.set_prices(tx, "csgo", {name: price}, self.app.real_now())
        await feed.put(self.app, [offer])

    async def offers(self) -> list[dict[str, Any]]:
        """What is or was on sale for payments, the oldest first."""
        rows = await self.db.fetch(
            "SELECT o.id, o.state, o.price_cents, o.assetid, o.account_id, i.payment_id, i.ip FROM offer o"
            " JOIN payment_item i ON i.offer_id = o.id ORDER BY o.id"
        )
        return [dict(row) for row in rows]


@asynccontextmanager
async def counter_on(db: Db, **settings: Any) -> AsyncIterator[Counter]:
    async with site_on(db, **{"callback_networks": OWN, **settings}) as site:
        site.box.stock.assets += 10**10  # the simulated Steam counts from the same number
        till = await open_till(site.box)
        await db.execute("UPDATE account SET name = $2 WHERE id = $1", till.merchant, SHOP)
        async with db.transaction() as tx:
            await steam_items.set_prices(tx, "csgo", PRICES, site.app.real_now())
        yield Counter(site, till)


def parts(seen: Seen, pattern: str) -> list[str]:
    """What stands in every place of a page that fits a pattern, as a person reads it."""
    found = re.findall(pattern, seen.text, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]*>", " ", one)).split()) for one in found]


def pieces(seen: Seen) -> list[str]:
    """The items that can be chosen."""
    return parts(seen, r'<li class="piece".*?</li>')


def picks(seen: Seen) -> list[str]:
    """The items that were chosen."""
    return parts(seen, r'<li class="pick[^"]*" data-game.*?</li>')


def fates(seen: Seen) -> list[str]:
    """What has become of each skin."""
    return parts(seen, r'<li class="fate".*?</li>')
