"""Inventories: what a seller has on Steam, and what the market would take of it at which price."""

from dataclasses import dataclass

from tradepost.app import App
from tradepost.market import merchants, offers, scans, steam_items
from tradepost.rules.offer import Item, Skip, max_price_cents, skip_reason
from tradepost.steam.answers import InventoryItem


@dataclass(frozen=True, slots=True)
class InventoryRow:
    """An item of an inventory as a seller sees it before he lists it."""

    item: InventoryItem
    price_cents: int | None  # suggested: the Steam price
    lowest_cents: int | None  # of the offers of this name on this market
    max_price_cents: int  # 0 without a Steam price
    skip_reason: Skip | None  # why it cannot be listed


async def of(app: App, caller_account_id: int, steamid: str, project: str) -> list[InventoryRow]:
    """Return what a user has of a game, in Steam's order, for a caller who may act for his items.

    Raises Forbidden without a grant or where the inventory is private, UnknownUser where Steam knows nobody with
    this steamid, and SteamUnavailable where Steam fails.
    """
    game = steam_items.game_of(project)
    seller = (await merchants.seller_for(app.db, caller_account_id, steamid)).account
    inventory = await scans.look(app, seller, game)
    known = await steam_items.by_name(app.db, project, {item.market_hash_name for item in inventory.items})
    live = await offers.live_assetids(app.db, seller.id, project)
    terms = offers.price_terms(app.settings)
    rows = []
    for item in inventory.items:
        found = known.get(item.market_hash_name)
        price_cents = found.price_cents if found else None
        facts = Item(item.amount, item.tradable, item.sealed, price_cents, item.assetid in live)
        rows.append(
            InventoryRow(
                item,
                price_cents,
                app.shelves.lowest_cents(project, item.market_hash_name),
                max_price_cents(price_cents, terms),
                skip_reason(facts),
            )
        )
    return rows
