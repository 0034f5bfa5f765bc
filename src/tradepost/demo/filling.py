"""Filling: the demo's world written into the market's empty database: people, catalogue, offers.

A filling that is cut short is not gone on with: the next start clears the ground and begins anew. People, money,
grants and tokens go in by the market's own verbs; what there are thousands of is copied, with the columns that the
market would have written.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tradepost.db import Db, Tx
from tradepost.demo import catalogue
from tradepost.demo.homes import Paired
from tradepost.demo.past import DAYS
from tradepost.demo.simulator import Stock
from tradepost.demo.world import Offer, Role, World
from tradepost.market import ledger, merchants, rates, roles, users
from tradepost.rules.games import GAMES

# People and their money were there before the first trade.
SETTLED_BEFORE = timedelta(days=DAYS + 1)
RATES_MILLIONTHS = {"EUR": 921_500, "RUB": 81_250_000, "PLN": 3_945_000}  # made up, and about right
OFFER_COLUMNS = (
    "account_id", "seller_id", "seller_steamid", "state", "created_at", "price_cents", "steam_item_id", "project",
    "appid", "contextid", "assetid", "classid", "instanceid", "float_text", "paintseed", "paintindex", "certificate",
    "link",
)  # fmt: skip
ITEM_COLUMNS = (
    "project", "market_hash_name", "type", "rarity", "exterior", "is_stattrak", "icon", "price_cents", "priced_at",
)  # fmt: skip


async def settle(db: Db, world: World, paired: Sequence[Paired], with_token: Iterable[str]) -> dict[str, str]:
    """Make everybody's account in an empty database; return the new API tokens of some, by steamid."""
    async with db.transaction() as tx:
        accounts = await _people(tx, world)
        for grant in world.grants:
            merchant, seller = accounts[grant.merchant_steamid], accounts[grant.seller_steamid]
            await merchants.grant(tx, merchant, seller, "pairing", _before(world), floor_bps=grant.floor_bps)
        for one in world.with_role(Role.OPERATOR):
            await roles.grant(tx, accounts[one.steamid], _before(world), reason="demo")
        await _agents(tx, world, accounts, paired)
        return {
            steamid: await merchants.make_token(
                tx, accounts[steamid], _before(world), test=True, label="demo"
            )
            for steamid in with_token
        }


async def describe(db: Db, world: World) -> None:
    """Make the catalogue with its prices."""
    await db.copy(
        "steam_item",
        ITEM_COLUMNS,
        (
            (item.project, item.market_hash_name, item.type or None, item.rarity or None, item.exterior,
             item.is_stattrak, item.icon, item.price_cents, world.now)
            for item in catalogue.load()
        ),
    )  # fmt: skip


async def offer(db: Db, world: World, stock: Stock) -> None:
    """Put on sale what the world says, each item as Steam shows it."""
    rows = await db.fetch("SELECT id, project, market_hash_name FROM steam_item")
    items = {(row["project"], row["market_hash_name"]): row["id"] for row in rows}
    accounts = {row["steamid"]: row["id"] for row in await db.fetch("SELECT id, steamid FROM account")}

    def columns(offer: Offer) -> tuple[Any, ...]:
        item = stock[offer.asset.assetid]
        return (
            accounts[offer.payee_steamid],
            accounts[offer.seller_steamid],
            offer.seller_steamid,
            "on_sale",
            offer.created_at,
            offer.price_cents,
            items[item.project, item.market_hash_name],
            item.project,
            item.appid,
            item.contextid,
            item.assetid,
            item.classid,
            item.instanceid,
            item.float_text,
            item.paint_seed,
            item.paint_index,
            item.certificate,
            item.inspect_link,
        )

    await db.copy("offer", OFFER_COLUMNS, map(columns, world.offers))
    # Without statistics the first minutes' plans would be made for empty tables.
    await db.execute("ANALYZE")


async def quote(tx: Tx, real_now: datetime) -> None:
    """Set the demo's exchange rates anew: they age by real time, and old ones are refused."""
    for currency, millionths in RATES_MILLIONTHS.items():
        await rates.set_rate(tx, currency, millionths, "demo", real_now)


def _before(world: World) -> datetime:
    return world.now - SETTLED_BEFORE


async def _people(tx: Tx, world: World) -> dict[str, int]:
    """Make everybody's account with his money; the account ids by steamid."""
    accounts: dict[str, int] = {}
    for user in world.users:
        account = await users.know(tx, user.steamid, "operator", _before(world), name=user.name)
        await users.set_trade_token(tx, account.id, user.trade_token)
        if user.deposit_cents:
            key = f"demo:{user.steamid}"
            await ledger.deposit(tx, account.id, user.deposit_cents, key, _before(world), note="demo")
        accounts[user.steamid] = account.id
    return accounts


async def _agents(tx: Tx, world: World, accounts: Mapping[str, int], paired: Sequence[Paired]) -> None:
    """Pair the sellers' programs, and note that the inventories were read: whoever fills has just done it."""
    await tx.copy(
        "agent",
        ("account_id", "device_id", "hash", "paired_at"),
        [
            (
                accounts[each.steamid],
                each.device_id,
                hashlib.sha256(each.token.encode()).digest(),
                _before(world),
            )
            for each in paired
        ],
    )
    await tx.copy(
        "inventory_scan",
        ("account_id", "project", "at", "complete"),
        [(accounts[each.steamid], project, world.now, True) for each in paired for project in GAMES],
    )
