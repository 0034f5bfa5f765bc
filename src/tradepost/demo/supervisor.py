"""The supervisor: starts every process of the demo, fills what is empty, watches over all of it and stops it again.

The demo runs a Postgres of its own and never the one of DATABASE_URL: it would fill a stranger's database with
made-up people. Its processes are programs like anybody's: they share settings, and reach each other over HTTP.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from typing import Any

import msgspec

from tradepost import embedded
from tradepost.app import App, Clock, open_app
from tradepost.config import Settings
from tradepost.db import DatabaseBusy, DatabaseGone, Db, migrate
from tradepost.demo import addresses, filling, ground, homes, lock, papers, readiness, settling, site, welcome
from tradepost.demo.errors import DemoRefused
from tradepost.demo.papers import AGENTS, DEMO, LOGS, ROBOTS, SETTINGS, SHOP, STEAM, TOWN, Site, Town
from tradepost.demo.processes import Family, Pids
from tradepost.demo.robots import Config as RobotsConfig
from tradepost.demo.stock import STAPLES
from tradepost.demo.world import OFFERS

START_SECONDS = 120.0  # after which a start has failed; a slow machine needs a sixth of it
SHOP_SECONDS = 15.0  # for the shop to answer; the market is there without it
ONLINE_SECONDS = 15.0  # for sellers to come online; one who was signed out or unpaired never does
WATCH_SECONDS = 0.2
TRIM_SECONDS, QUOTE_SECONDS = 60.0, 6 * 3600.0  # how often logs are cut, and rates set anew


class Supervisor:
    """A demo on one data directory: opened, watched, closed; closing is right at any point."""

    def __init__(self, settings: Settings, *, fresh: bool) -> None:
        self._settings, self._fresh = settings, fresh
        self._dir = settings.data_dir.expanduser().resolve()
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()
        self._stack = AsyncExitStack()
        self._family = Family(self._dir / LOGS, self._say)
        self._town = Town()
        self._shop_url = ""
        self._server: embedded.Server | None = None
        self._pids: Pids = {}

    async def open(self) -> None:
        """Start everything, and fill what is empty; when this returns the market can be used."""
        self._say(f"starting the demo in {self._settings.data_dir}")
        if self._settings.database_url:
            self._say("the database that is named is left alone: the demo has one of its own")
        self._dir.mkdir(parents=True, exist_ok=True)
        self._family.lock = await lock.take(self._dir)
        self._stack.callback(os.close, self._family.lock)
        self._settings = addresses.chosen(self._settings, papers.last_steam_port(self._dir))
        was_there = (self._dir / TOWN).exists()
        last_shop_port = papers.last_shop_port(self._dir)
        self._town = await asyncio.to_thread(ground.prepare, self._dir, fresh=self._fresh)
        if was_there and not self._town.is_filled and not self._fresh:
            self._say("what is here was made by another version, or never whole: it is made anew")
        self._shop_url = addresses.shop_url(self._settings, last_shop_port)
        papers.write_settings(self._dir, self._settings)
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._open()
        except TimeoutError:
            raise DemoRefused(
                f"the demo is not up after {START_SECONDS:.0f} seconds; what happened is in {self._dir / LOGS}"
            ) from None
        self._publish()
        self._say("up")

    async def _open(self) -> None:
        if self._town.is_filled:
            await _together(self._start_steam(), self._start_market())
            since = await self._start_sellers()
            await self._tell_market(site.direct)
            papers.write_town(self._dir, self._town)
            await self._start_shop()
        else:
            arriving = settling.arrive(self._steam_url, self._dir / AGENTS, self._start_steam())
            arrived, _ = await _together(arriving, self._start_market())
            self._town = await settling.register(self._db, arrived)
            self._say("the people are there")
            since = await self._start_sellers()
            await self._tell_market(site.open_gateway)
            await self._start_shop()
            offers = await settling.offer(self._db, arrived, self._steam_url, self._settings.fee_bps)
            papers.write_town(self._dir, self._town)
            await readiness.shows(self._market_url, self._town, self._db)
            self._say(f"{offers:,} offers are on sale")
        await self._quote()
        await readiness.answers(f"{self._market_url}/readyz")
        self._say("the market answers")
        heard = await readiness.online(self._db, self._town.online, since, ONLINE_SECONDS)
        self._say(f"{heard} of {len(self._town.online)} sellers are online")
        await self._find_shop()
        # Last, as nobody waits for these two: a purchase made before the worker is up is attended to when it is.
        await self._start("worker", "tradepost", "worker", *self._where)
        await self._start_robots()

    async def _start_steam(self) -> None:
        where = ("--host", self._settings.host, "--port", str(addresses.port_of(self._steam_url)))
        await self._start("simulator", "tradepost", "steam-sim", *where, "--data-dir", str(self._dir / STEAM))
        await readiness.answers(f"{self._steam_url}/_sim")
        self._say("the simulated Steam runs")

    async def _start_market(self) -> None:
        self._server = await self._stack.enter_async_context(embedded.server(self._dir, say=self._say))
        await migrate(self._server.dsn)
        self._db = await Db.open(self._server.dsn, min_size=1, max_size=2, name="tradepost demo")
        self._stack.push_async_callback(self._db.close)
        self._say("the database runs")
        await self._start("web", "tradepost", "serve", *self._where)

    async def _start_sellers(self) -> datetime:
        """Start the sellers' programs; return since when each will have been heard of."""
        # Not before the market listens: who knocks in vain waits longer than it takes.
        await readiness.listens(self._market_url)
        agents_dir, since = self._dir / AGENTS, Clock.real_now()
        await asyncio.to_thread(homes.direct, agents_dir, self._market_url, self._steam_url)
        for number, home in enumerate(homes.folders(agents_dir)):
            await self._start(f"agents-{number}", "tradepost", "agent", "run", "--home", str(home))
        return since

    async def _tell_market(self, tell: Callable[[App, Site, str], Awaitable[Site]]) -> None:
        """Have the market know where the game site is at this start."""
        async with open_app(self._settings, self._dsn) as app:
            told = await tell(app, self._town.site, self._shop_url)
        self._town = msgspec.structs.replace(self._town, site=told)

    async def _start_shop(self) -> None:
        """Start the example shop, where there is one; it is a site like anybody's, with its own few settings."""
        if not site.PROGRAM.exists():
            self._say("there is no example shop here: it comes with the repository, in examples/shop")
            return
        folder = self._dir / SHOP
        folder.mkdir(exist_ok=True)
        command = site.command(self._town.site, self._market_url, folder)
        await self._family.add("shop", command, papers.bare_environ() | site.environ(self._town.site))

    async def _find_shop(self) -> None:
        """Wait until the shop answers; not for ever, as all else is there without it."""
        if not self._has_shop:
            return
        try:
            async with asyncio.timeout(SHOP_SECONDS):
                await readiness.answers(self._shop_url)
        except TimeoutError:
            self._say(f"the example shop does not answer; see {self._dir / LOGS / 'shop.log'}")
        else:
            self._say("the example shop is open")

    async def _start_robots(self) -> None:
        town, config_file = self._town, self._dir / ROBOTS
        people = (town.shops, town.self_sellers, town.customers, town.buyer)
        config = RobotsConfig(
            self._market_url,
            self._steam_url,
            *people,
            spared=STAPLES,
            first_offers=OFFERS,
            phones=tuple(one.steamid for one in town.site.players),
        )
        papers.write(config_file, msgspec.json.encode(config))
        await self._start("robots", "tradepost.demo.robots", "--config", str(config_file))

    async def welcome(self) -> str:
        """Return what a person is told when the demo is up."""
        bargain = await welcome.find_bargain(self._db, self._town)
        return welcome.welcome(
            self._town, self._settings, bargain, self._shop_url if self._has_shop else None
        )

    async def watch(self) -> None:
        """Keep demo.json true, logs short and rates young, until cancelled."""
        clock = self._clock
        trimmed = quoted = clock()
        while True:
            self._publish()
            if clock() - trimmed > TRIM_SECONDS:
                trimmed = clock()
                await asyncio.to_thread(self._family.trim_logs)
            if clock() - quoted > QUOTE_SECONDS:
                quoted = clock()
                with suppress(DatabaseGone, DatabaseBusy):
                    await self._quote()
            await asyncio.sleep(WATCH_SECONDS)

    async def close(self) -> None:
        """Stop every process, those first who use the others; another demo's are none of ours."""
        if self._family.lock is not None:
            self._say("stopping")
            await self._family.stop()
            (self._dir / DEMO).unlink(missing_ok=True)
        await self._stack.aclose()

    def hurry(self) -> None:
        """End the processes at once: somebody has asked a second time."""
        self._family.kill()

    # Small parts ---------------------------------------------------------------------------------------------

    @property
    def _market_url(self) -> str:
        return addresses.local_url(self._settings)

    @property
    def _where(self) -> tuple[str, ...]:
        return ("--config", str(self._dir / SETTINGS), "--data-dir", str(self._dir))

    @property
    def _dsn(self) -> str:
        if self._server is None:
            raise RuntimeError("the database does not run yet")
        return self._server.dsn

    @property
    def _has_shop(self) -> bool:
        return "shop" in self._family.pids()

    @property
    def _steam_url(self) -> str:
        return self._settings.steam_control_url

    async def _start(self, name: str, *command: str) -> None:
        """Start a process with the settings' file and the database as its only links to us."""
        dsn = self._server.dsn if self._server else None
        await self._family.add(name, command, papers.environ(self._settings, dsn))

    async def _quote(self) -> None:
        async with self._db.transaction() as tx:
            await filling.quote(tx, Clock.real_now())

    def _publish(self) -> None:
        """Write demo.json when a process has a new number; between an end and the next start nothing is true."""
        if self._server is None:
            return
        pids = {**self._family.pids(), "postgres": self._server.pid}
        flat = [pid for one in pids.values() for pid in (one if isinstance(one, list) else [one])]
        if pids == self._pids or None in flat:
            return
        self._pids = pids
        shop_url = self._shop_url if self._has_shop else None
        papers.write_card(self._dir, self._town, self._settings, shop_url, self._server, pids)

    def _say(self, sentence: str) -> None:
        # Also from the thread in which the database is started.
        tell(f"{self._clock() - self._began:7.1f} s  {sentence}\n")


def tell(text: str) -> None:
    """Write to whoever started the demo; that he has gone is no reason to stumble, least of all while stopping."""
    with suppress(OSError):
        sys.stdout.write(text)
        sys.stdout.flush()


async def _together(*parts: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run several parts at once and return what they return; where one fails the others are cancelled."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(part) for part in parts]
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
    return [task.result() for task in tasks]
