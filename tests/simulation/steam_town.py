"""The same town with a Steam beside it: honest and lying sellers really send items, or do not, and Steam knows the truth."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from simulation.town import Hand, Town, settle_in, two_processes
from steam.sim import Sim, simulator
from stock import MARKET_NOW, Stock
from tradepost.db import Db
from tradepost.market import clock
from tradepost.market.directives import message_of
from tradepost.market.trade_view import TradeView
from tradepost.rules.games import GAMES

WEAPON, CASE, HERO = "P250 | Valence (Field-Tested)", "Fracture Case", "Bracers of the Test"
KINDS = (("csgo", WEAPON), ("csgo", WEAPON), ("csgo", CASE), ("dota2", HERO))
LIVE, COMPLETE = (2, 9), 3


@dataclass
class SteamTown(Town):
    """A town that has a Steam; of its sellers the first is honest, and so is what his program says."""

    sim: Sim = field(kw_only=True)
    busy: dict[int, asyncio.Lock] = field(default_factory=dict)  # programs at work, by agent
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)  # while an offer is being made

    def is_honest(self, seller_id: int) -> bool:
        """Whether this seller's program tells the truth."""
        return seller_id == self.sellers[0].id

    async def steam_offers(self) -> dict[str, list[dict[str, Any]]]:
        """All offers on Steam by their message, which names the trade; newest first."""
        found = (await self.sim.control("GET", "/_sim/offers?limit=1000"))["offers"]
        by_message: dict[str, list[dict[str, Any]]] = {}
        for offer in found:
            by_message.setdefault(offer["message"], []).append(offer)
        return by_message

    async def exchanges(self) -> dict[str, dict[str, Any]]:
        """All that changed hands on Steam, by its tradeid."""
        found = (await self.sim.control("GET", "/_sim/trades?limit=1000"))["trades"]
        return {trade["id"]: trade for trade in found}

    async def inventory(self, steamid: str) -> dict[str, dict[str, Any]]:
        """What somebody has on Steam, by asset id, whatever he shows."""
        shown = await self.sim.control("GET", f"/_sim/users/{steamid}")
        return {item["assetid"]: item for items in shown["items"].values() for item in items}

    async def is_delivered(self, view: TradeView) -> bool:
        """Whether the item of a trade went to its buyer by an offer of this trade's, and was not taken back."""
        exchanges = await self.exchanges()
        for offer in (await self.steam_offers()).get(message_of(view.trade.id), []):
            exchange = exchanges.get(offer["tradeid"] or "")
            if exchange is not None and exchange["status"] == COMPLETE:
                return True
        return False

    async def list_item(
        self, seller_id: int, seller_steamid: str, payee_id: int, kind: int, price: int
    ) -> int:
        """A seller gets an item from somewhere, and it is put on sale; the offer's id."""
        project, name = KINDS[kind]
        game = GAMES[project]
        facts = {} if name == WEAPON else {"commodity": True}
        made = await self.sim.control(
            "POST",
            f"/_sim/users/{seller_steamid}/items",
            {"appid": game.appid, "market_hash_name": name, **facts},
        )
        item = made["items"][0]
        item_id = await self.stock.item(name, project=project)
        offer: int = await self.db.value(
            "INSERT INTO offer (account_id, seller_id, seller_steamid, project, appid, contextid, assetid, classid, instanceid,"
            " steam_item_id, price_cents, float_text, certificate, state, created_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, '1', '0', $8, $9, $10, $11, 'on_sale', $12) RETURNING id",
            payee_id, seller_id, seller_steamid, project, game.appid, game.contextid, item["assetid"], item_id, price,
            str(item["float"]) if name == WEAPON else None, item["certificate"], self.apps[0].now(),
        )  # fmt: skip
        return offer

    async def pass_time(self, seconds: int) -> None:
        """Let real time go on, but not while an offer is being made: no request takes longer than a lease's margin."""
        async with self.sending:
            await super().pass_time(seconds)

    async def advance(self, seconds: int) -> None:
        """Move the clock of both processes and of Steam."""
        await clock.advance(self.apps[0], seconds)
        await self.pass_time(1)


@asynccontextmanager
async def a_steam_town(db: Db, seed: int) -> AsyncIterator[SteamTown]:
    """A town whose every chance comes from a seed, with a Steam of its own."""
    draw = random.Random(seed)
    # Steam's own clock goes with the real time, and forward only.
    hand = Hand(max(MARKET_NOW, datetime.now(UTC).replace(microsecond=0)) + timedelta(days=1))
    async with simulator() as sim, two_processes(db, hand, sim.base_url, sim.base_url) as apps:
        town = SteamTown(db, draw, hand, apps, Stock(db), sim=sim)
        await clock.tell_simulator(apps[0], hand.real)
        await settle_in(town)
        settlement = draw.choice(["exact", "hour", "midnight"])
        users = [
            {"steamid": person.steamid, "trade_token": "zPvo-jv3", "confirmation": "none"}
            for person in town.people
        ]
        await sim.control("POST", "/_sim/world", {"users": users, "prices": [], "settlement": settlement})
        yield town
