"""Endings: offers that end because a person's word or the item itself is gone, and not by their owner's wish.

A reserved offer is never ended here: it is in a trade, and what becomes of it is the trade's matter.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from tradepost.db import Tx

GONE = "The item is not in the seller's tradable inventory any more."
NO_GRANT = "The owner of the item does not let this merchant act for it any more."


async def end_all_of_seller(tx: Tx, steamid: str, reason: str) -> list[int]:
    """End all that is on sale of one user's items, whoever listed it; return the offers (rules.md 5)."""
    found = await tx.fetch(
        "SELECT o.id FROM offer o JOIN account a ON a.id = o.seller_id WHERE a.steamid = $1 AND o.state = 'on_sale'",
        steamid,
    )
    ids = [row["id"] for row in found]
    await _lock(tx, ids)
    return await _end(tx, ids, reason)


async def end_all_of_grant(tx: Tx, merchant_id: int, seller_id: int) -> list[int]:
    """End what a merchant has on sale of one user's items; return the offers."""
    found = await tx.fetch(
        "SELECT id FROM offer WHERE account_id = $1 AND seller_id = $2 AND state = 'on_sale'",
        merchant_id,
        seller_id,
    )
    ids = [row["id"] for row in found]
    await _lock(tx, ids)
    return await _end(tx, ids, NO_GRANT)


async def end_missing(
    tx: Tx,
    seller_id: int,
    project: str,
    present_assetids: Collection[str],
    complete: bool,
    asked: Sequence[str] | None,
    real_now: datetime,
    *,
    made_before: datetime | None = None,
) -> list[int]:
    """Hold what is on sale against a look at an inventory; return the offers that changed (rules.md 5).

    Not seen in a complete scan, it ends. Asked for by its id and not seen in another scan, it is not sold until it
    is seen again. `made_before` is the market's time of the look: offers made after it are left alone.
    """
    present, named = set(present_assetids), set(asked or ())
    rows = await tx.fetch(
        "SELECT id, assetid, missing_at FROM offer WHERE seller_id = $1 AND project = $2 AND state = 'on_sale'"
        " AND ($3::timestamptz IS NULL OR created_at < $3)",
        seller_id,
        project,
        made_before,
    )
    there = [row["id"] for row in rows if row["assetid"] in present and row["missing_at"] is not None]
    lost = [
        row["id"]
        for row in rows
        if row["assetid"] not in present
        and (complete or (row["assetid"] in named and row["missing_at"] is None))
    ]
    if not there and not lost:
        return []
    await _lock(tx, [*there, *lost])
    changed = await _note(tx, there, None, real_now)
    changed += await _end(tx, lost, GONE) if complete else await _note(tx, lost, real_now, real_now)
    return sorted(changed)


async def end(tx: Tx, offer_ids: list[int], reason: str) -> list[int]:
    """End those of these offers that are still on sale; return which."""
    await _lock(tx, offer_ids)
    return await _end(tx, offer_ids, reason)


async def _lock(tx: Tx, offer_ids: list[int]) -> None:
    """Lock offers in the order of their ids, all at once (rules.md 15); who waits for one finds it as it is then."""
    if offer_ids:
        await tx.execute("SELECT 1 FROM offer WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE", offer_ids)


async def _end(tx: Tx, offer_ids: list[int], reason: str) -> list[int]:
    """End those of these offers that are still on sale; return which."""
    ended = await tx.fetch(
        "UPDATE offer SET state = 'ended', ended_reason = $2 WHERE id = ANY ($1) AND state = 'on_sale' RETURNING id",
        offer_ids,
        reason,
    )
    return sorted(row["id"] for row in ended)


async def _note(tx: Tx, offer_ids: list[int], missing_at: datetime | None, real_now: datetime) -> list[int]:
    """Note since when an asset is missing, or that it is there, unless a later look said something."""
    noted = await tx.fetch(
        "UPDATE offer SET missing_at = $2 WHERE id = ANY ($1) AND state = 'on_sale'"
        " AND (missing_at IS NULL OR missing_at <= $3) RETURNING id",
        offer_ids,
        missing_at,
        real_now,
    )
    return [row["id"] for row in noted]
