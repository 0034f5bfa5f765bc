"""Stocking: new shelves with everything on sale, read and entered in portions, while the process answers others."""

import asyncio
from collections.abc import Iterable

from tradepost.app import App
from tradepost.db import Tx
from tradepost.market import changes
from tradepost.market.shelf import Filling, Item, Shelves

PORTION_ROWS = 2_000  # some milliseconds, after which others have their turn
PORTION_SECONDS = 60  # where millions of ended offers lie between two that are on sale

# In the order of `filling.Fields`. The planner may go along the key, or sort the few that are left among the ended.
_STOCKED = """
    SELECT id, version, project, steam_item_id, price_cents,
           CASE WHEN isfinite(created_at) THEN floor(date_part('epoch', created_at))::bigint END,
           float_text, paintindex, paintseed, seller_steamid, account_id, assetid
      FROM offer WHERE state = 'on_sale' ORDER BY id
"""
_ITEMS = (
    "SELECT id, market_hash_name, exterior, rarity, type, is_stattrak FROM steam_item WHERE id = ANY ($1)"
)


async def stocked(app: App) -> Shelves:
    """Return shelves with everything that is on sale at this moment, sorted."""
    filling, left = Filling(), list[int]()
    async with app.db.transaction() as tx:
        # Of one moment, or an item might be missing that an offer in a later portion is of. No change waits for it: a
        # transaction that writes nothing has no number, and holds no horizon back.
        await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        await tx.execute(f"SET LOCAL statement_timeout = '{PORTION_SECONDS}s'")
        async for offers in tx.portions(_STOCKED, rows=PORTION_ROWS, seconds=PORTION_SECONDS):
            if unknown := filling.unknown(offers):
                filling.learn(await _items(tx, unknown))
            left += filling.enter(offers)
    shelves = filling.shelves
    if left:
        shelves.apply([one.offer for one in (await changes.offers(app, left)).values() if one.is_on_sale], [])
    # What takes seconds of millions of offers is numpy's sorting, which leaves the process to others meanwhile.
    await asyncio.to_thread(shelves.settle)
    return shelves


async def _items(tx: Tx, ids: Iterable[int]) -> dict[int, Item]:
    return {number: Item(*rest) for number, *rest in await tx.fetch(_ITEMS, list(ids))}
