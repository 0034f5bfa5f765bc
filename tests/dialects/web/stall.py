"""A stall: a small market with offers of several kinds, their sellers, and somebody who buys."""

from dataclasses import dataclass
from typing import Any

from dialects.web.site import USER, Browser, Site
from tradepost.market import feed, ledger, users
from tradepost.steam.simulator.items import CS2, icon_of

KINDS: dict[str, dict[str, Any]] = {
    "AK-47 | Slate (Field-Tested)": {"type": "Rifle", "rarity": "Restricted", "exterior": "Field-Tested"},
    "AK-47 | Slate (Factory New)": {"type": "Rifle", "rarity": "Restricted", "exterior": "Factory New"},
    "StatTrak™ AK-47 | Slate (Field-Tested)": {
        "type": "Rifle",
        "rarity": "Restricted",
        "exterior": "Field-Tested",
        "is_stattrak": True,
    },
    "P250 | Valence (Field-Tested)": {"type": "Pistol", "rarity": "Mil-Spec", "exterior": "Field-Tested"},
    "Fracture Case": {"type": "Container", "rarity": "Base Grade", "exterior": None},
    "Sticker | Lucaozy | Paris 2023": {"type": "Sticker", "rarity": "High Grade", "exterior": None},
}
SLATE, NEW_SLATE, ST_SLATE, VALENCE, CASE, STICKER = KINDS
STEAM_CENTS = {SLATE: 500, NEW_SLATE: 2_000, ST_SLATE: 1_500, VALENCE: 40, CASE: 100}


@dataclass
class Stall:
    """A site with people who sell, whose programs are online."""

    site: Site
    seller: int
    away: int

    async def offer(
        self, name: str, cents: int, *, seller: int | None = None, project: str = "csgo", **facts: Any
    ) -> int:
        """Put something on sale, on the shelf too; its facts are columns of the offer."""
        db, stock = self.site.db, self.site.box.stock
        kind = KINDS.get(name, {"type": "Rifle", "rarity": "Covert", "exterior": None})
        made = await stock.offer(seller or self.seller, cents, name=name, project=project)
        if name in STEAM_CENTS:
            await db.execute(
                "UPDATE steam_item SET price_cents = $2 WHERE market_hash_name = $1", name, STEAM_CENTS[name]
            )
        await db.execute(
            "UPDATE steam_item SET type = $2, rarity = $3, exterior = $4, is_stattrak = $5, icon = $6 WHERE market_hash_name = $1",
            name, kind["type"], kind["rarity"], kind["exterior"], kind.get("is_stattrak", False), icon_of(CS2, name),
        )  # fmt: skip
        for column, value in facts.items():
            await db.execute(f"UPDATE offer SET {column} = $2 WHERE id = $1", made, value)
        await feed.put(self.site.app, [made])
        return made

    async def item(self, name: str) -> int:
        """The id of an item of the catalogue."""
        found: int = await self.site.db.value("SELECT id FROM steam_item WHERE market_hash_name = $1", name)
        return found

    async def gone(self, offer_id: int) -> None:
        """An offer is taken off sale."""
        await self.site.db.execute(
            "UPDATE offer SET state = 'ended', ended_reason = 'cancelled', version = version + 1 WHERE id = $1",
            offer_id,
        )
        await feed.put(self.site.app, [offer_id])

    async def reprice(self, offer_id: int, cents: int) -> None:
        """An offer costs something else from now on."""
        await self.site.db.execute(
            "UPDATE offer SET price_cents = $2, version = version + 1 WHERE id = $1", offer_id, cents
        )
        await feed.put(self.site.app, [offer_id])

    async def buyer(self, cents: int = 100_000, steamid: str = USER) -> tuple[int, Browser]:
        """Somebody who is signed in, with a trade URL and money."""
        browser = await self.site.signed_in(steamid)
        account = await users.by_steamid(self.site.db, steamid)
        assert account is not None
        async with self.site.db.transaction() as tx:
            await users.set_trade_token(tx, account.id, "tokenabc")
            if cents:
                await ledger.deposit(tx, account.id, cents, f"purse-{steamid}", self.site.app.now())
        return account.id, browser


async def open_stall(site: Site) -> Stall:
    """A stall with two sellers, of whom one is away."""
    stock = site.box.stock
    seller, away = await stock.person(), await stock.person()
    await stock.online(seller)
    return Stall(site, seller, away)
