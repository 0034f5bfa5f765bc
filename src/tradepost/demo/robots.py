"""The robots of the demo: a process of its own that keeps trades happening, through the public APIs alone.

    python -m tradepost.demo.robots --config var/demo/robots.json

Robot shops buy for customers, of people who try the demo out before all; customers answer the Steam offers that they
get, and two sellers with programs of their own list and reprice. Nothing here reaches the market's database or knows more than its API tokens.
"""

import argparse
import asyncio
import random
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import aiohttp
import msgspec

from tradepost import log
from tradepost.demo.customers import Customer, Phone
from tradepost.demo.guests import Guests
from tradepost.demo.papers import Account
from tradepost.demo.shops import Shops

FALTER_SECONDS = 3.0  # after something went wrong: mostly a process that is just being started again
REQUEST_SECONDS = 15.0

logger = log.get(__name__)


class Config(msgspec.Struct, frozen=True):
    """Where the robots trade, and as whom."""

    market_url: str
    steam_url: str
    shops: tuple[Account, ...]
    self_sellers: tuple[Account, ...]
    customers: tuple[Account, ...]
    buyer: Account
    spared: tuple[str, ...] = ()  # names that the robots do not buy: a tour of the demo counts on them
    first_offers: int = 0  # how many there were from the beginning
    phones: tuple[str, ...] = ()  # of these players


async def run(config: Config, stop: asyncio.Event) -> None:
    """Let the robots trade until told to stop."""
    dice = random.Random()  # noqa: S311 - robots keep no secrets
    timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http:
        shops = Shops(http, config.market_url, config.steam_url, dice, frozenset(config.spared))
        guests = Guests(shops, dice, config.first_offers)
        customers = [Customer(http, config.steam_url, each.steamid, dice) for each in config.customers]
        buyer = Customer(http, config.steam_url, config.buyer.steamid, dice, is_eager=True)
        phones = [Phone(http, config.steam_url, steamid) for steamid in config.phones]
        deeds: list[tuple[str, Callable[[], Awaitable[float]]]] = [
            *((f"customer {each.steamid}", each.attend) for each in (*customers, buyer)),
            *(("phone", each.attend) for each in phones),
            ("buy", lambda: shops.buy(config.shops, config.customers)),
            ("buy from guests", lambda: guests.buy(config.shops, config.customers, config.self_sellers)),
            ("list", lambda: shops.list_again(config.self_sellers)),
            ("reprice", lambda: shops.reprice(config.self_sellers)),
        ]
        tasks = [asyncio.create_task(_again(what, deed), name=what) for what, deed in deeds]
        await stop.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _again(what: str, deed: Callable[[], Awaitable[float]]) -> None:
    """Do a deed again and again; it says itself after how many seconds."""
    while True:
        try:
            wait_seconds = await deed()
        except (aiohttp.ClientError, TimeoutError) as error:
            logger.info("robot_waits", robot=what, error=str(error) or type(error).__name__)
            wait_seconds = FALTER_SECONDS
        except Exception:
            logger.exception("robot_stumbled", robot=what)
            wait_seconds = FALTER_SECONDS
        await asyncio.sleep(wait_seconds)


async def _until_signal(config: Config) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await run(config, stop)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the robots of a configuration file."""
    parser = argparse.ArgumentParser(
        prog="tradepost.demo.robots", description="Robot shops and customers of the demo."
    )
    parser.add_argument("--config", type=Path, required=True, help="a JSON file: where they trade, as whom")
    options = parser.parse_args(argv)
    log.setup("json")
    try:
        config = msgspec.json.decode(options.config.read_bytes(), type=Config)
    except (OSError, msgspec.MsgspecError) as error:
        sys.stderr.write(f"{options.config}: {error}\n")
        return 1
    asyncio.run(_until_signal(config))
    return 0


if __name__ == "__main__":
    sys.exit(main())
