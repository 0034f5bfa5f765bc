"""Witnesses: looks at what Steam shows everybody, taken between transactions, as events for the machine."""

from collections.abc import Iterable
from dataclasses import dataclass

from tradepost import log
from tradepost.app import App
from tradepost.market.trade_view import TradeView
from tradepost.market.wakeup import wake
from tradepost.rules.evidence import Asset, Sold, came_back, find_delivered, still_protected, still_there
from tradepost.rules.games import GAMES
from tradepost.rules.trade import Delivered, Event, LookFailed, Settled, Side, TakenBack
from tradepost.steam.answers import Inventory, InventoryItem, Person, Private, RateLimited, Unavailable
from tradepost.steam.inspect_link import fingerprint

WITNESS = "public_inventory"
BASELINE_MAX = 5000  # assets of one name remembered of a buyer before a trade

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class NotSeen:
    """An inventory could not be read; the reason is a clause for a person."""

    reason: str


async def look(app: App, steamid: str, project: str) -> Inventory | NotSeen:
    """Read somebody's public inventory afresh, all contexts of the game."""
    match await app.steam.inventory(steamid, GAMES[project], fresh=True):
        case Inventory() as inventory:
            return inventory
        case Private():
            return NotSeen("the inventory is private")
        case RateLimited():
            return NotSeen("Steam answers no more questions for the moment")
        case Unavailable(reason):
            return NotSeen(f"Steam gives no usable answer ({reason})")


async def delivery(app: App, view: TradeView) -> Event:
    """Look for the sold item in the buyer's inventory."""
    seen = await look(app, view.trade.buyer_steamid, view.project)
    if isinstance(seen, NotSeen):
        return LookFailed(seen.reason)
    claimed = await app.db.value("SELECT detail->>'new_assetid' FROM trade_event WHERE trade_id = $1 AND detail ? 'new_assetid'"
                                 " ORDER BY no DESC LIMIT 1", view.trade.id)  # fmt: skip
    item, there = sold(view), list(assets(seen.items))
    # Of what others brought him only what is looked at here: somebody who buys for years has had a million items.
    others = await app.db.fetch(
        "SELECT new_assetid FROM trade WHERE buyer_steamid = $1 AND new_assetid = ANY ($3) AND id <> $2",
        view.trade.buyer_steamid,
        view.trade.id,
        [*(asset.assetid for asset in there), *([claimed] if claimed is not None else [])],
    )
    found = find_delivered(
        item,
        there,
        new_assetid=claimed,
        had_before=view.trade.buyer_had,
        of_other_trades={row["new_assetid"] for row in others},
    )
    if found is not None:
        doubt = await _still_sellers(app, view) if item.fingerprint is None else None
        return Delivered(found) if doubt is None else LookFailed(doubt)
    if any(row["new_assetid"] == claimed for row in others):
        return LookFailed("the asset that the seller's program names came by another trade")
    return LookFailed(
        "the item is not in the buyer's public inventory"
        if seen.complete
        else "the inventory could not be read to its end"
    )


async def _still_sellers(app: App, view: TradeView) -> str | None:
    """Say in a clause why the seller may have kept what he says is with the buyer; None if it left his inventory.

    Without a fingerprint an asset that is new to the buyer may have come from anybody: the seller names the one that
    he likes. What he sold is at least gone from where it was.
    """
    sellers = await look(app, view.seller_steamid, view.project)
    if isinstance(sellers, NotSeen):
        return f"whether it left the seller is not to be seen: {sellers.reason}"
    if view.assetid in sellers.assetids:
        return "the item is still in the seller's inventory"
    return None if sellers.complete else "the seller's inventory could not be read to its end"


async def settlement(app: App, view: TradeView) -> Event:
    """After the end of protection: is the item still with the buyer, or is it back with the seller?"""
    seen = await look(app, view.trade.buyer_steamid, view.project)
    if isinstance(seen, NotSeen):
        return LookFailed(seen.reason)
    if still_there(sold(view), assets(seen.items), view.trade.new_assetid):
        if still_protected(sold(view), assets(seen.items), view.trade.new_assetid):
            # Whatever the seller's program said of its end: until then he could be paid and take the item back.
            return LookFailed("Steam still protects it")
        return Settled()
    if not seen.complete:
        return LookFailed("the buyer's inventory could not be read to its end")
    sellers = await look(app, view.seller_steamid, view.project)
    if isinstance(sellers, Inventory) and came_back(sold(view), assets(sellers.items)):
        return TakenBack(await initiator(app, view))
    return LookFailed("the item is neither with the buyer nor with the seller")


async def initiator(app: App, view: TradeView) -> Side | None:
    """Say who reversed a trade, where it can be seen: Steam bans who does from trading for thirty days."""
    banned: list[Side] = []
    people: tuple[tuple[Side, str], ...] = (
        ("seller", view.seller_steamid),
        ("buyer", view.trade.buyer_steamid),
    )
    for side, steamid in people:
        person = await app.steam.person(steamid)
        if isinstance(person, Person) and person.is_trade_banned:
            banned.append(side)
    return banned[0] if len(banned) == 1 else None


async def remember_before(app: App, view: TradeView) -> None:
    """Read which assets of the item's name the buyer has already, while no offer was accepted yet.

    Only for items without a fingerprint: without this note the public inventory cannot witness their delivery.
    """
    seen = await look(app, view.trade.buyer_steamid, view.project)
    if isinstance(seen, NotSeen) or not seen.complete:
        logger.info("baseline_not_read", trade_id=view.trade.id)
        return
    had = [item.assetid for item in seen.items if item.market_hash_name == view.market_hash_name]
    if len(had) > BASELINE_MAX:
        # A part of it would make what was left out look new.
        logger.info("baseline_too_long", trade_id=view.trade.id)
        return
    await note_before(app, view.trade.id, had)


async def note_before(app: App, trade_id: int, had: list[str]) -> None:
    """Note what a buyer had before a trade, once, and wake the program that waits for it to be known."""
    noted = await app.db.execute(
        "WITH noted AS (UPDATE trade SET buyer_had = $2 WHERE id = $1 AND buyer_had IS NULL AND claimed_at IS NULL"
        " AND accepted_at IS NULL RETURNING id) INSERT INTO change (kind, ref_id) SELECT 'trade', id FROM noted",
        trade_id,
        had,
    )
    if noted:
        await wake(app)


def sold(view: TradeView) -> Sold:
    """Return what a trade sold, as evidence is matched against it."""
    return Sold(view.assetid, view.market_hash_name, fingerprint(view.certificate))


def assets(items: Iterable[InventoryItem]) -> Iterable[Asset]:
    """Return an inventory's items as evidence."""
    return (
        Asset(
            item.assetid,
            item.market_hash_name,
            fingerprint(item.certificate),
            is_protected=item.sealed and not item.is_listed,
        )
        for item in items
    )
