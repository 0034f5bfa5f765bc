"""A whole town for the agent: a simulated Steam, a market that answers /agent/v1 over HTTP, and homes of agents."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.selling import an_app
from steam.sim import Sim, simulator
from stock import Stock, purchase, wish
from tradepost.agent.credentials import keep_session, read_session
from tradepost.agent.home import Home, Pairing, Place
from tradepost.agent.running import run
from tradepost.agent.settings import AgentSettings
from tradepost.app import App
from tradepost.db import Db
from tradepost.dialects.agent_api import routes
from tradepost.market import agents, feed, trades
from tradepost.market.trade_view import TradeView
from tradepost.market.wakeup import wake
from tradepost.rules.trade import Deadline, Event
from tradepost.steam.simulator.program import serving

BUYER_TOKEN = "zPvo-jv3"
PACES: dict[str, Any] = {
    "heartbeat_seconds_max": 0.3, "poll_seconds_min": 0.1, "poll_seconds_max": 0.2, "look_again_seconds": 0.1,
    "absent_seconds": 0.4, "steam_timeout_seconds": 2, "market_timeout_seconds": 5, "cooldown_seconds_min": 30, "silent_seconds": 0.2,
}  # fmt: skip


@dataclass
class Recorder:
    """Passes requests on and keeps what was said in them."""

    app: ASGIApp
    bodies: list[tuple[str, bytes]] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)  # paths whose answers are lost on the way back

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        chunks: list[bytes] = []

        async def hear() -> Message:
            message = await receive()
            chunks.append(message.get("body", b""))
            return message

        async def lose(message: Message) -> None:
            changes: dict[str, dict[str, Any]] = {
                "http.response.start": {"status": 502, "headers": []},
                "http.response.body": {"body": b""},
            }
            await send({**message, **changes.get(message["type"], {})})

        await self.app(scope, hear, lose if scope.get("path") in self.refuse else send)
        self.bodies.append((scope.get("path", ""), b"".join(chunks)))


@dataclass
class Town:
    """What a test of a running agent needs at hand."""

    sim: Sim
    app: App
    stock: Stock
    market_url: str
    recorder: Recorder
    home: Home
    seller_id: int
    merchant_id: int
    buyer_id: int
    settings: AgentSettings
    seller_steamid: str = ""
    buyer_steamid: str = ""

    async def user(self, steamid: str, **settings: Any) -> None:
        """Make a Steam account or change one."""
        await self.sim.control("POST", "/_sim/users", {"steamid": steamid, **settings})

    async def pair(self, account_id: int, device_id: str = "desk", *, session: bool = True) -> Place:
        """Pair a home's device with an account, and sign it in."""
        async with self.app.db.transaction() as tx:
            code = await agents.make_code(tx, account_id, self.app.real_now(), 10)
            token, agent = await agents.pair(
                tx, code, device_id, "", "", now=self.app.now(), real_now=self.app.real_now()
            )
        place = self.home.place(agent.steamid)
        place.keep_pairing(Pairing(self.market_url, token, agent.steamid, device_id))
        if session:
            await self.sign_in(place)
        return place

    async def sign_in(self, place: Place) -> None:
        """Give an account's home a fresh Steam session."""
        raw = await self.sim.login(place.steamid)
        keep_session(place.session_path, read_session(json.dumps(raw).encode()))

    async def item(self, steamid: str, name: str = "P250 | Valence (Field-Tested)") -> str:
        """Put an item into a Steam inventory; returns its asset id."""
        made = await self.sim.control(
            "POST", f"/_sim/users/{steamid}/items",
            {"appid": 730, "market_hash_name": name, "float": 0.25, "paintseed": 7, "paintindex": 426},
        )  # fmt: skip
        return str(made["items"][0]["assetid"])

    async def sell(self, price_cents: int = 100, *, receiver: str | None = None) -> TradeView:
        """An item of the seller is listed by the merchant and bought for the buyer."""
        assetid = await self.item(self.seller_steamid)
        offer = await self.stock.offer(self.seller_id, price_cents, payee_id=self.merchant_id)
        await self.app.db.execute(
            "UPDATE offer SET assetid = $2, certificate = 'ab', float_text = '0.1', created_at = $3 WHERE id = $1",
            offer, assetid, self.app.now(),
        )  # fmt: skip
        await self.stock.online(self.seller_id)
        return await purchase(
            self.app, wish(self.buyer_id, offer, receiver or self.buyer_steamid, trade_token=BUYER_TOKEN)
        )

    @asynccontextmanager
    async def agent(self, place: Place, **changes: Any) -> AsyncIterator["asyncio.Task[None]"]:
        """Run an account's agent for as long as the block lasts."""
        settings = AgentSettings(
            **PACES | {"community_url": self.sim.base_url, "api_url": self.sim.base_url} | changes
        )
        stop = asyncio.Event()
        task = asyncio.create_task(run(place, settings, stop))
        try:
            yield task
        finally:
            stop.set()
            if not task.done():
                await asyncio.wait_for(task, 12)

    async def read(self, view: TradeView) -> TradeView:
        """The trade as it is now."""
        found = await trades.read(self.app.db, view.trade.id)
        assert found is not None
        return found

    async def reaches(self, view: TradeView, *states: str, seconds: float = 12) -> TradeView:
        """Wait until the trade is in one of these states."""

        async def there() -> bool:
            return (await self.read(view)).trade.state.value in states

        await until(there, seconds, lambda: f"trade {view.trade.id} is not {states}")
        return await self.read(view)

    async def happened(self, view: TradeView, event: Event) -> None:
        """Let something happen to the trade beside the agent."""
        async with self.app.db.transaction() as tx:
            await trades.happened(
                tx, self.app.settings, view.trade.id, event, witness="test", now=self.app.now()
            )
        await wake(self.app)

    async def overdue(self, view: TradeView) -> None:
        """Let the trade's deadline pass."""
        await self.happened(view, Deadline())

    async def offers(self) -> list[dict[str, Any]]:
        """All offers there are on Steam."""
        found: list[dict[str, Any]] = (await self.sim.control("GET", "/_sim/offers"))["offers"]
        return found

    async def fault(self, **order: Any) -> None:
        """Break something on Steam."""
        await self.sim.control("POST", "/_sim/faults", order)

    async def sends(self) -> int:
        """How often /tradeoffer/new/send was asked for."""
        requests = await self.sim.control("GET", "/_sim/requests")
        return sum(row["path"] == "/tradeoffer/new/send" for row in requests["last"])


async def until(
    is_so: Callable[[], Awaitable[bool]],
    seconds: float = 12,
    else_say: Callable[[], str] = lambda: "it never was",
) -> None:
    """Wait until something is so; fail with a sentence when it takes too long."""
    end = asyncio.get_running_loop().time() + seconds
    while not await is_so():
        if asyncio.get_running_loop().time() > end:
            raise AssertionError(else_say())
        await asyncio.sleep(0.02)


@asynccontextmanager
async def town(db: Db, path: Path) -> AsyncIterator[Town]:
    """A seller and a buyer on Steam and on the market, and a market that speaks with agents."""
    async with simulator() as sim, an_app(db, sim.base_url) as app:
        recorder = Recorder(Starlette(routes=routes(app)))
        stock = Stock(db, assets=90_000_000_000)  # apart from the simulator's own
        seller, merchant = await stock.person(), await stock.person()
        buyer = await stock.person(deposit_cents=100_000)
        follower = asyncio.create_task(feed.follow(app))
        try:
            async with serving(recorder, "127.0.0.1", 0) as url:
                settings = AgentSettings(**PACES | {"community_url": sim.base_url, "api_url": sim.base_url})
                made = Town(sim, app, stock, url, recorder, Home(path), seller, merchant, buyer, settings)
                made.seller_steamid = await stock.steamid_of(seller)
                made.buyer_steamid = await stock.steamid_of(buyer)
                await made.user(made.seller_steamid, name="Seller", confirmation="none")
                await made.user(made.buyer_steamid, name="Buyer", trade_token=BUYER_TOKEN)
                yield made
        finally:
            follower.cancel()
            with suppress(asyncio.CancelledError):
                await follower
