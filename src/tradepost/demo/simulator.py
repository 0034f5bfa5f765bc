"""The demo's Steam from outside: whoever fills the demo tells it the world and reads back what it shows.

Everything goes over HTTP, by the control API or by the market's own client, so that an offer of the demo carries
the class, float and certificate that Steam shows of its item, as if the market had listed it.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import aiohttp
import msgspec

from tradepost.app import SIMULATOR_LIMITS
from tradepost.demo.errors import DemoRefused
from tradepost.demo.people import User
from tradepost.rules.games import GAMES
from tradepost.steam.answers import Inventory, InventoryItem
from tradepost.steam.client import SteamClient

ANSWER_SECONDS = 60.0  # for a whole world to be taken in on a slow machine
SESSION_SECONDS = 365 * 86_400  # a demo is left running longer than the day of a real session
READERS = 4  # inventories read at once

# Seven days to the second: advanced by 604,800 seconds, a trade that was accepted before is settled. Steam's own
# rounding up to its midnight would make the tour of the demo depend on the hour at which it is taken.
SETTLEMENT = "exact"

Stock = Mapping[str, InventoryItem]  # by asset id


class SimulatorError(DemoRefused):
    """The demo's Steam did not do what it was asked."""


async def tell(url: str, payload: Mapping[str, Any]) -> None:
    """Tell the simulated Steam a world: its users with their items, and all prices."""
    body = await asyncio.to_thread(msgspec.json.encode, {**payload, "settlement": SETTLEMENT})
    await _control(url, "/_sim/world", body)


async def read(url: str, owners: Iterable[User], now: Callable[[], datetime]) -> Stock:
    """Return what the simulated Steam shows in the inventories of these people, by asset id."""
    stock: dict[str, InventoryItem] = {}
    waiting = [(owner.steamid, game) for owner in owners for game in GAMES.values()]
    async with SteamClient(now=now, community_url=url, api_url=url, limits=SIMULATOR_LIMITS) as steam:

        async def read_some() -> None:
            while waiting:
                steamid, game = waiting.pop()
                answer = await steam.inventory(steamid, game)
                if not isinstance(answer, Inventory) or not answer.complete:
                    raise SimulatorError(
                        f"the simulated Steam does not show the inventory of {steamid}: {answer}"
                    )
                stock.update({item.assetid: item for item in answer.items})

        await asyncio.gather(*(read_some() for _ in range(READERS)))
    return stock


async def sign_in(url: str, steamids: Iterable[str]) -> dict[str, bytes]:
    """Return a Steam session of each account, as its owner could copy it out of his browser."""
    body = msgspec.json.encode({"ttl_seconds": SESSION_SECONDS})
    return {steamid: await _control(url, f"/_sim/users/{steamid}/login", body) for steamid in steamids}


async def _control(url: str, path: str, body: bytes) -> bytes:
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as http, http.post(url + path, data=body) as answer:
        if not answer.ok:
            raise SimulatorError(f"the simulated Steam refused {path}: {(await answer.text())[:500]}")
        return await answer.read()
