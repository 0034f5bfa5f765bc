"""Putting items on sale: all that a request names, or nothing of it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tradepost.app import App
from tradepost.db import Reader, Tx
from tradepost.market import bans, feed, freezing, idempotency, merchants, scans, steam_items
from tradepost.market.idempotency import Claim
from tradepost.market.merchants import Seller
from tradepost.market.offers.rows import Wanted, check, known, price_fault, price_terms, quote
from tradepost.market.steam_items import SteamItem
from tradepost.market.users import Account
from tradepost.rules.money import to_usd_cents
from tradepost.rules.offer import CLAUSES, Item, skip_reason
from tradepost.rules.refusals import (
    Conflicting,
    Forbidden,
    Malformed,
    NotFound,
    Refusal,
    SteamUnavailable,
)
from tradepost.steam.answers import Inventory, InventoryItem
from tradepost.steam.ids import is_assetid

# The asset's live offer is the one row that the partial index "one live offer an asset" allows: of two who list an
# asset at once the second finds no place for his row, and is told so.
_INSERT = """
    INSERT INTO offer (account_id, seller_id, seller_steamid, state, created_at,
                       project, appid, contextid, assetid, classid, instanceid,
                       steam_item_id, price_cents, float_text, paintseed, paintindex, certificate, link)
    SELECT $1, $2, $3, 'on_sale', $4, *
      FROM unnest($5::text[], $6::int[], $7::bigint[], $8::text[], $9::text[], $10::text[],
                  $11::bigint[], $12::bigint[], $13::text[], $14::bigint[], $15::bigint[], $16::text[], $17::text[])
        ON CONFLICT (appid, contextid, assetid) WHERE state IN ('on_sale', 'reserved') DO NOTHING
    RETURNING id, project, assetid
"""


class MaySell(Protocol):
    """Whose items may be put on sale, or a refusal; with `hold` it stays so until the transaction has ended."""

    async def __call__(self, tx: Reader, *, hold: bool) -> Seller: ...


Written = Callable[
    [Tx, list[int]], Awaitable[None]
]  # what else is to be written of the offers that were made


@dataclass(frozen=True, slots=True)
class Listing:
    """An item about to be put on sale, its price in USD already."""

    wanted: Wanted
    price_cents: int
    item: InventoryItem

    @property
    def place(self) -> tuple[str, str]:
        """What names the asset among all that are listed."""
        return (self.wanted.project, self.wanted.assetid)


async def make(
    app: App,
    caller_account_id: int,
    steamid: str,
    wanted: Sequence[Wanted],
    claim: Claim[list[int]] | None = None,
) -> list[int]:
    """Put items of a user on sale, all or none, for a caller who may act for them; return the offers' ids in order.

    First, without any lock, Steam is asked and refused what can be refused early; what decides is asked again in
    the transaction that writes. Raises Forbidden, UnknownUser, Malformed, Conflicting, NotFound or
    SteamUnavailable; with a claim also what `idempotency` raises.
    """

    async def may_sell(tx: Reader, *, hold: bool) -> Seller:
        return await merchants.seller_for(tx, caller_account_id, steamid, hold=hold)

    return await make_by(app, caller_account_id, may_sell, wanted, claim=claim)


async def make_by(
    app: App,
    payee_id: int,
    may_sell: MaySell,
    wanted: Sequence[Wanted],
    *,
    claim: Claim[list[int]] | None = None,
    written: Written | None = None,
) -> list[int]:
    """Put items on sale by a consent of the caller's own kind; `written` is done in the same transaction.

    `may_sell` returns whose items they are, or refuses; with `hold` it keeps that as it is until the transaction ends.
    """
    await idempotency.look(app.db, claim)
    check([f"{one.assetid} ({one.project})" for one in wanted])
    if not all(is_assetid(one.assetid) for one in wanted):
        raise Malformed("id", "must be the id of an asset on Steam")
    seller = await _seller(app, app.db, may_sell, hold=False)
    await freezing.refuse_if_frozen(app.db, payee_id, seller.account.id)
    rate = await quote(app, {one.currency for one in wanted})
    prices = [to_usd_cents(one.price_cents, known(rate[one.currency])) for one in wanted]
    items = await _find(app, seller.account, wanted)
    listings = [Listing(*each) for each in zip(wanted, prices, items, strict=True)]
    async with app.db.transaction() as tx:
        await idempotency.take(tx, claim)
        seller = await _seller(app, tx, may_sell, hold=True)
        await freezing.refuse_if_frozen(tx, payee_id, seller.account.id)
        ids = await _write(app, tx, payee_id, seller, listings)
        if written is not None:
            await written(tx, ids)
        await idempotency.keep(tx, claim, ids, app.real_now())
    await feed.tell(app, ids)
    return ids


async def _seller(app: App, tx: Reader, may_sell: MaySell, *, hold: bool) -> Seller:
    seller = await may_sell(tx, hold=hold)
    ban = await bans.current(tx, seller.account.steamid, "seller", app.now())
    if ban is not None:
        raise Forbidden(f"This seller is banned until {ban.until_at:%Y-%m-%d %H:%M:%S} UTC: {ban.reason}")
    return seller


async def _find(app: App, seller: Account, wanted: Sequence[Wanted]) -> list[InventoryItem]:
    """The items that are wanted, as Steam shows them now, in the order asked."""
    found: dict[Wanted, InventoryItem] = {}
    for project in dict.fromkeys(one.project for one in wanted):
        game = steam_items.game_of(project)
        of_game = [one for one in wanted if one.project == project]
        inventory = await scans.look(app, seller, game)
        items = {item.assetid: item for item in inventory.items}
        # What is remembered may be from before the item came, or from before its protection ended.
        if not all(one.assetid in items and items[one.assetid].tradable for one in of_game):
            inventory = await scans.look_again(app, seller, game)
            items = {item.assetid: item for item in inventory.items}
        for one in of_game:
            if one.assetid not in items:
                raise _absent(one, inventory)
            found[one] = items[one.assetid]
    return [found[one] for one in wanted]


def _absent(one: Wanted, inventory: Inventory) -> Refusal:
    if one.assetid in inventory.unread_assetids:
        return Conflicting(f"Steam describes the {one} in a way that we do not understand.")
    if not inventory.complete:
        return SteamUnavailable(
            f"Steam shows a part of this inventory only, and not the {one}; try again later."
        )
    return NotFound(f"The {one} is not in this user's inventory.")


async def _write(
    app: App, tx: Tx, caller_account_id: int, seller: Seller, listings: Sequence[Listing]
) -> list[int]:
    items = await _catalogued(tx, listings)
    terms = price_terms(app.settings)
    for listing in listings:
        steam_price_cents = items[listing.place].price_cents
        _refuse_unfit(listing, steam_price_cents)
        if fault := price_fault(listing.price_cents, steam_price_cents, terms, seller.floor_bps):
            raise Conflicting(f"The price of the {listing.wanted}: {fault}.")
    # One order for everybody: two who list the same assets must not wait for each other in a circle.
    ordered = sorted(listings, key=lambda listing: (listing.item.appid, listing.item.assetid))
    columns = zip(*(_row(listing, items[listing.place].id) for listing in ordered), strict=True)
    account = seller.account
    made = await tx.fetch(_INSERT, caller_account_id, account.id, account.steamid, app.now(), *columns)
    ids = {(row["project"], row["assetid"]): row["id"] for row in made}
    if live := [str(listing.wanted) for listing in listings if listing.place not in ids]:
        raise Conflicting(f"Nothing was put on sale, because this is already on sale: {', '.join(live)}.")
    return [ids[listing.place] for listing in listings]


async def _catalogued(tx: Tx, listings: Sequence[Listing]) -> dict[tuple[str, str], SteamItem]:
    """The catalogue's row for each asset; the look at the inventory has made those that were missing."""
    found: dict[tuple[str, str], SteamItem] = {}
    for project in {listing.wanted.project for listing in listings}:
        of_game = [listing for listing in listings if listing.wanted.project == project]
        names = await steam_items.by_name(tx, project, {each.item.market_hash_name for each in of_game})
        found |= {each.place: names[each.item.market_hash_name] for each in of_game}
    return found


def _refuse_unfit(listing: Listing, steam_price_cents: int | None) -> None:
    item = listing.item
    # Whether it is on sale already, only the index can say, when the row is written.
    facts = Item(item.amount, item.tradable, item.sealed, steam_price_cents, on_sale=False)
    if reason := skip_reason(facts):
        raise Conflicting(f"The {listing.wanted} {CLAUSES[reason]}.")


def _row(listing: Listing, steam_item_id: int) -> tuple[object, ...]:
    item = listing.item
    return (
        item.project,
        item.appid,
        item.contextid,
        item.assetid,
        item.classid,
        item.instanceid,
        steam_item_id,
        listing.price_cents,
        item.float_text,
        item.paint_seed,
        item.paint_index,
        item.certificate,
        item.inspect_link,
    )
