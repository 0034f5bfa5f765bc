"""Scans: looks at a seller's inventory on Steam, and what follows from one for the market."""

from datetime import UTC, datetime

from tradepost.app import App
from tradepost.market import endings, feed, presence, steam_items
from tradepost.market.recent import Recent
from tradepost.market.users import Account
from tradepost.rules.games import Game
from tradepost.rules.refusals import Forbidden, SteamUnavailable, UnknownUser
from tradepost.steam.answers import Inventory, Private, RateLimited, Unavailable, UnknownOwner

AGAIN_SECONDS = 2.0  # between two fresh looks at one inventory: each uses up some of Steam's patience with us
AGAIN_KEPT_MAX = 10_000

_looked_again: Recent[tuple[int, str], None] = Recent(AGAIN_SECONDS, AGAIN_KEPT_MAX)


async def look(app: App, seller: Account, game: Game, *, fresh: bool = False) -> Inventory:
    """Return what a seller has on Steam, a minute ago at most, and keep what the market learns from it.

    New names enter the catalogue, and offers whose item is gone end. Raises Forbidden for a private inventory and
    UnknownUser for one of nobody, as Steam answered well and its owner has to act; SteamUnavailable where Steam
    itself fails. It asks Steam, so never inside a transaction.
    """
    inventory = await _read(app, seller.steamid, game, fresh)
    # What follows from a look follows for the time of the look: an offer made since may be of an item that came since.
    market_at = datetime.fromtimestamp(inventory.read_at, UTC)
    real_at = market_at - app.clock.offset
    there = {item.assetid for item in inventory.items if item.contextid == game.contextid and not item.sealed}
    async with app.db.transaction() as tx:
        await steam_items.learn(tx, inventory.items)
        changed = await endings.end_missing(
            tx,
            seller.id,
            game.project,
            there | inventory.unread_assetids,
            inventory.complete,
            None,
            real_at,
            made_before=market_at,
        )
        await presence.scanned(tx, seller.id, game.project, real_at, complete=inventory.complete)
    if changed:
        await feed.tell(app, changed)
    return inventory


async def look_again(app: App, seller: Account, game: Game) -> Inventory:
    """Return what a seller has on Steam now, two seconds ago at most, for who misses something in `look`."""

    async def fresh() -> None:
        await look(app, seller, game, fresh=True)

    await _looked_again.get(app, (seller.id, game.project), fresh)
    return await look(app, seller, game)  # the fresh answer is what the client remembers now


async def _read(app: App, steamid: str, game: Game, fresh: bool) -> Inventory:
    match await app.steam.inventory(steamid, game, fresh=fresh):
        case Inventory() as inventory:
            return inventory
        case Private():
            raise Forbidden(
                "This user's Steam inventory is private: he has to make it public in Steam's privacy settings,"
                " and we look again after a minute."
            )
        case UnknownOwner():
            raise UnknownUser("Steam knows nobody with this steamid.")
        case RateLimited(seconds):
            raise SteamUnavailable(f"Steam limits how often it is asked; try again in {seconds} seconds.")
        case Unavailable(reason):
            raise SteamUnavailable(f"Steam gives no usable answer at the moment ({reason}); try again later.")
