"""The first day of a town: its world told to Steam, homes for people's programs, accounts on the market, offers."""

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tradepost.app import Clock
from tradepost.db import Db
from tradepost.demo import filling, homes, past, simulator, wishes
from tradepost.demo import world as worlds
from tradepost.demo.homes import Paired
from tradepost.demo.papers import Account, Player, Site, Town
from tradepost.demo.world import Role, User, World

SEED = 7


@dataclass(frozen=True, slots=True)
class Arrived:
    """A world that Steam knows, and people's programs that have their homes."""

    world: World
    paired: list[Paired]


async def arrive(steam_url: str, agents_dir: Path, steam_is_up: Awaitable[None]) -> Arrived:
    """Tell Steam a new world, sign in those who have programs and make the homes of these."""
    world, _ = await asyncio.gather(asyncio.to_thread(worlds.build, SEED, now=Clock.real_now()), steam_is_up)
    await simulator.tell(steam_url, world.simulator_payload())
    sessions = await simulator.sign_in(steam_url, [one.steamid for one in world.with_program])
    return Arrived(world, await asyncio.to_thread(homes.furnish, agents_dir, world.with_program, sessions))


async def register(db: Db, arrived: Arrived) -> Town:
    """Make the people's accounts on the market; return what later starts need to know of the town."""
    world = arrived.world
    granting = {grant.seller_steamid for grant in world.grants}
    online = [one for one in world.with_role(Role.SELLER) if one.is_online]
    robots, players = world.with_role(Role.ROBOT), world.with_role(Role.PLAYER)
    self_sellers = [one for one in online if one.steamid not in granting]
    with_token = [one.steamid for one in (world.merchant, world.site, *robots, *self_sellers)]
    tokens = await filling.settle(db, world, arrived.paired, with_token)

    def owners(users: Iterable[User]) -> tuple[Account, ...]:
        return tuple(Account(one.steamid, tokens[one.steamid]) for one in users)

    # Who has a private inventory, or trades that Steam holds, is left to whoever wants to see what happens then.
    customers = [one for one in world.with_role(Role.CUSTOMER) if not one.is_private and not one.hold_days]
    return Town(
        is_filled=True,
        merchant=owners([world.merchant])[0],
        buyer=Account(world.buyer.steamid, world.buyer.trade_token),
        sellers=tuple(one.steamid for one in online if one.steamid in granting),
        online=tuple(one.steamid for one in world.with_program),
        shops=owners(robots),
        self_sellers=owners(self_sellers),
        customers=tuple(Account(one.steamid, one.trade_token) for one in customers),
        site=Site(
            world.site.steamid,
            tokens[world.site.steamid],
            players=tuple(Player(one.steamid, one.name) for one in players),
        ),
        operator=world.with_role(Role.OPERATOR)[0].name,
    )


async def offer(db: Db, arrived: Arrived, steam_url: str, fee_bps: int) -> int:
    """Put on sale what the world says, and write what was sold before; return how many offers there are."""
    world = arrived.world
    reading = simulator.read(steam_url, world.with_role(Role.SELLER), Clock.real_now)
    stock, _ = await asyncio.gather(reading, filling.describe(db, world))
    await filling.offer(db, world, stock)
    # After what is on sale, whose ids are the lowest: by that robots know it from what guests put on sale.
    await past.write(db, world, fee_bps)
    await wishes.order(db, world)
    async with db.transaction() as tx:
        await wishes.name_pages(tx, world)
    return len(world.offers)
