"""A market in a box: a fresh database, a simulated Steam over HTTP, and the App between them, in one event loop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from steam.sim import Sim, simulator
from stock import Stock
from tradepost.app import SIMULATOR_LIMITS, App, Clock
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.steam.client import SteamClient


@dataclass
class Box:
    """What a test of the whole market has at hand."""

    app: App
    sim: Sim
    stock: Stock

    async def world(self, *users: dict[str, Any]) -> None:
        """Make people and their items known to the simulated Steam."""
        await self.sim.control("POST", "/_sim/world", {"users": list(users), "prices": []})


@asynccontextmanager
async def market(db: Db, **settings: Any) -> AsyncIterator[Box]:
    """Put a market together on a database; settings as of the sandbox, changed by name."""
    async with simulator() as sim:
        chosen = Settings(
            **{
                "mode": "sandbox",
                "steam_community_url": sim.base_url,
                "steam_api_url": sim.base_url,
                "steam_control_url": sim.base_url,
                "steam_image_url": sim.base_url,
                **settings,
            }
        )
        clock = Clock()
        async with SteamClient(
            now=clock.now, community_url=sim.base_url, api_url=sim.base_url, limits=SIMULATOR_LIMITS
        ) as steam:
            yield Box(App(chosen, db, steam, clock), sim, Stock(db))
