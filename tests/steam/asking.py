"""What tests of the client share: a client with a clock to move, and short words for the simulated world."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from steam.raw_server import RawServer
from steam.sim import Sim
from tradepost.rules.games import GAMES
from tradepost.steam.answers import (
    Inventory,
)
from tradepost.steam.client import SteamClient
from tradepost.steam.pacing import Limits

CSGO, TF2 = GAMES["csgo"], GAMES["tf2"]
ALICE, BOB = "76561198000000001", "76561198000000002"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HASTY = Limits(total_seconds=1.5, connect_seconds=1.5, body_bytes_max=100_000, questions_per_second=1_000)


class Clock:
    """A clock that a test moves: the market's time and the monotonic one together."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


@asynccontextmanager
async def steam_at(
    server: Sim | RawServer, limits: Limits | None = None, clock: Clock | None = None, **settings: Any
) -> AsyncIterator[SteamClient]:
    clock = clock or Clock()
    async with SteamClient(
        now=clock.now,
        monotonic=clock.monotonic,
        community_url=server.base_url,
        api_url=server.base_url,
        limits=limits or Limits(questions_per_second=1_000),
        **settings,
    ) as client:
        yield client


async def put(sim: Sim, steamid: str, *items: dict[str, Any], **settings: Any) -> list[str]:
    """Give an account settings and items; the ids of the items, in the order given."""
    await sim.control("POST", f"/_sim/users/{steamid}", settings)
    if not items:
        return []
    made = await sim.control("POST", f"/_sim/users/{steamid}/items", list(items))
    return [item["assetid"] for item in made["items"]]


def weapon(name: str = "AK-47 | Slate (Field-Tested)", **more: Any) -> dict[str, Any]:
    return {"appid": 730, "market_hash_name": name, **more}


async def login(sim: Sim) -> dict[str, Any]:
    """The operator's own credentials for Steam's Web API."""
    await put(sim, "76561198000000004", name="Operator")
    return await sim.login("76561198000000004")


async def break_once(sim: Sim, mode: str, path_prefix: str) -> None:
    """Let one question go wrong; aiohttp by itself asks again when a connection dies under a GET."""
    fault = {"mode": mode, "path_prefix": path_prefix, "times": 2 if mode == "drop" else 1}
    await sim.control("POST", "/_sim/faults", fault | ({"code": 500} if mode == "status" else {}))


async def read(client: SteamClient, steamid: str, project: str = "csgo") -> Inventory:
    answer = await client.inventory(steamid, GAMES[project])
    assert isinstance(answer, Inventory), answer
    return answer
