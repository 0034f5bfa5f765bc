"""Changes: the table `change`, read in the order of commits, and what of it is an event for others.

Rows are read whose transaction lies below the oldest one still running, by (xid, id) (rules.md 18); so nothing that
is committed late is ever passed over. A row says what happened and at which price; the rest of an offer never changes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from tradepost.app import App
from tradepost.market.ring import Event, OfferTold, Position, TradeTold, What
from tradepost.market.shelf import ShelfOffer
from tradepost.market.shelf.offer import check, render, to_json
from tradepost.market.shelf.values import float_value

ID_LAST = 10**18 - 1  # no change has it

# What was forgotten on another server, before a backup of it was restored here, says nothing of this one.
_READ = """
    SELECT f.xid::text AS forgotten_xid, f.id AS forgotten_id, f.xid < pg_snapshot_xmin(pg_current_snapshot()) AS is_ours,
           n.xid::text AS xid, n.id, n.kind, n.ref_id, n.what, n.price_cents
      FROM change_forgotten f
      LEFT JOIN LATERAL (
          SELECT c.* FROM change c
           WHERE (c.xid, c.id) > ($1::text::xid8, $2) AND (c.xid, c.id) <= ($3::text::xid8, $4)
             AND c.xid < pg_snapshot_xmin(pg_current_snapshot())
           ORDER BY c.xid, c.id LIMIT $5) n ON true
     ORDER BY n.xid, n.id
"""
_OFFER = """
    SELECT o.id, o.version, o.state, o.project, i.market_hash_name, o.price_cents, o.created_at, o.float_text, o.paintindex,
           o.paintseed, i.exterior, i.rarity, i.type, i.is_stattrak, o.seller_steamid, o.account_id, o.assetid
      FROM offer o JOIN steam_item i ON i.id = o.steam_item_id
"""
END: Position = (10**18 - 1, ID_LAST)


class FellBehind(Exception):
    """Changes were forgotten that were not read yet: only reading everything anew helps."""


class Change(NamedTuple):
    """A row of the table of changes."""

    position: Position
    kind: str
    ref_id: int
    what: What | None
    price_cents: int | None


@dataclass(frozen=True, slots=True)
class OfferNow:
    """An offer as it is in the database now."""

    offer: ShelfOffer
    is_on_sale: bool


async def read(app: App, after: Position, most: int, up_to: Position = END) -> list[Change]:
    """Return the next changes after a position; raises FellBehind where some were forgotten that come after it."""
    rows = await app.db.fetch(_READ, str(after[0]), after[1], str(up_to[0]), up_to[1], most)
    first = rows[0]
    if first["is_ours"] and after < (int(first["forgotten_xid"]), first["forgotten_id"]):
        raise FellBehind
    return [
        Change((int(xid), id_), kind, ref_id, what, price_cents)
        for _, _, _, xid, id_, kind, ref_id, what, price_cents in rows
        if id_ is not None
    ]


async def horizon(app: App) -> int:
    """Return the number below which all transactions are over."""
    return int(await app.db.value("SELECT pg_snapshot_xmin(pg_current_snapshot())::text"))


async def offers(app: App, ids: Iterable[int]) -> dict[int, OfferNow]:
    """Return offers as they are now, by id."""
    wanted = list(set(ids))
    if not wanted:
        return {}
    rows = await app.db.fetch(f"{_OFFER} WHERE o.id = ANY ($1)", wanted)
    return {row["id"]: OfferNow(_shelf_offer(row), row["state"] == "on_sale") for row in rows}


async def events(app: App, changes: Sequence[Change], found: Mapping[int, OfferNow]) -> list[Event]:
    """Return what others are told of changes, given the offers that these are about."""
    trade_ids = list({change.ref_id for change in changes if change.kind == "trade"})
    sides = "SELECT id, buyer_id, payee_id FROM trade WHERE id = ANY ($1)"
    trades = {row["id"]: row for row in await app.db.fetch(sides, trade_ids)} if trade_ids else {}
    told: list[Event] = []
    for change in changes:
        if change.kind == "trade" and change.ref_id in trades:
            trade = trades[change.ref_id]
            told.append(TradeTold(change.position, trade["id"], trade["buyer_id"], trade["payee_id"]))
        elif change.kind == "offer" and change.what is not None and change.ref_id in found:
            told += _offer_told(change, change.what, found[change.ref_id].offer)
    return told


def _offer_told(change: Change, what: What, now: ShelfOffer) -> list[Event]:
    offer = now if change.price_cents is None else replace(now, price_cents=change.price_cents)
    try:
        check(offer)
    except ValueError:
        return []  # no list can show it either, and the log says so
    name = to_json(offer.market_hash_name)
    row = render(offer, name, has_float=float_value(offer.float_text) is not None)
    return [OfferTold(change.position, what, offer.project, offer.market_hash_name, row)]


def _shelf_offer(row: Any) -> ShelfOffer:
    return ShelfOffer(
        id=row["id"],
        version=row["version"],
        project=row["project"],
        market_hash_name=row["market_hash_name"],
        price_cents=row["price_cents"],
        time_created=row["created_at"],
        float_text=row["float_text"],
        paintindex=row["paintindex"],
        paintseed=row["paintseed"],
        exterior=row["exterior"],
        rarity=row["rarity"],
        type=row["type"],
        is_stattrak=row["is_stattrak"],
        seller_steamid=row["seller_steamid"],
        account_id=row["account_id"],
        assetid=row["assetid"],
    )
