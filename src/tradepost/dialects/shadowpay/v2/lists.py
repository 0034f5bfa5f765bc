"""v2's calls that only look: balance, inventory, items on sale, the catalogue, own offers, operations."""

from functools import partial
from typing import Annotated, Literal
from weakref import WeakKeyDictionary

import msgspec

from tradepost.dialects.edge import Answer, encode
from tradepost.dialects.fields import (
    CustomId,
    Flag,
    Float,
    Id,
    Limit,
    Name,
    Offset,
    PriceBound,
    Search,
    Since,
    SteamId,
    Until,
    Whole,
)
from tradepost.dialects.representation import in_pieces
from tradepost.dialects.shadowpay import paging
from tradepost.dialects.shadowpay.calls import Call, Content, Nothing
from tradepost.dialects.shadowpay.paging import CSGO, DUMP_ROWS_MIN, FIRST, ITEMS_MAX, OPERATIONS_MAX, Game
from tradepost.dialects.shadowpay.rows import inventory_row, operation, own_row
from tradepost.dialects.shadowpay.v2.stream import place
from tradepost.dialects.shapes import BLANKS, COMMAS, FILLED, Also
from tradepost.market import inventories, ledger, on_sale, presence, steam_items
from tradepost.market.on_sale import OwnQuery
from tradepost.market.operations import OperationsQuery
from tradepost.market.operations import operations as trades_of
from tradepost.market.shelf import Query, Shelves
from tradepost.market.steam_items import Catalogue, SteamItem
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import NotFound
from tradepost.turns import in_turns

PAGE = Limit(100)
CATALOGUE_DUMPS_MAX = 16  # of one game

Direction = Annotated[Literal["asc", "desc"], Also("sort")]


# Account -----------------------------------------------------------------------------------------------------


async def balance(call: Call, asked: Nothing) -> Content:
    """What the account has earned, and what it has for buying."""
    wallet = await ledger.wallet(call.app.db, call.caller.account_id)
    data = {
        "currency": "USD",
        "deposit_balance": write_cents(wallet.deposit_cents),
        "balance": write_cents(wallet.balance_cents),
    }
    return {"data": data}


class InventoryAsked(msgspec.Struct):
    """Whose inventory, of which game."""

    steamid: SteamId
    project: Game


async def inventory(call: Call, asked: InventoryAsked) -> Content:
    """What a user has on Steam, and what the market would take for it."""
    rows = await inventories.of(call.app, call.caller.account_id, str(asked.steamid), str(asked.project))
    data = [inventory_row(row, call.app.settings.fee_bps) for row in rows]
    return {"data": data, "metadata": {"total": len(data)}}


# Items on sale -----------------------------------------------------------------------------------------------


class ItemsAsked(msgspec.Struct):
    """Which items on sale, in what order, and which page of them."""

    project: Game = CSGO
    steam_market_hash_name: list[Name] = []
    search: Search | None = None
    price_from: PriceBound | None = None
    price_to: PriceBound | None = None
    date_from: Since | None = None
    date_to: Until | None = None
    float_from: Float | None = None
    float_to: Float | None = None
    paintseed: Whole | None = None
    paintindex: Whole | None = None
    exteriors: list[Name] = []
    rarities: list[Name] = []
    types: list[Name] = []
    is_stattrak: Flag | None = None
    sort_column: Literal["price_market", "price", "time_created", "floatvalue"] = "time_created"
    sort_dir: Direction = "desc"
    limit: Limit = PAGE
    offset: Offset = FIRST
    group_by: Literal["steam_market_hash_name"] | None = None

    def query(self) -> Query:
        """The same in the shelf's terms; an empty list filters nothing."""
        return Query(
            str(self.project),
            names=tuple(self.steam_market_hash_name) or None,
            search=self.search or None,
            price_from_cents=self.price_from,
            price_to_cents=self.price_to,
            time_from=self.date_from,
            time_to=self.date_to,
            float_from=self.float_from,
            float_to=self.float_to,
            paintseed=self.paintseed,
            paintindex=self.paintindex,
            exteriors=tuple(self.exteriors) or None,
            rarities=tuple(self.rarities) or None,
            types=tuple(self.types) or None,
            is_stattrak=None if self.is_stattrak is None else bool(self.is_stattrak),
            sort="price" if self.sort_column == "price_market" else self.sort_column,
            descending=self.sort_dir == "desc",
            limit=min(int(self.limit), ITEMS_MAX),
            offset=int(self.offset),
        )


async def items(call: Call, asked: ItemsAsked) -> Content:
    """Items on sale; grouped, the cheapest of each name."""
    call.headers.append(place(call.app))
    return items_now(call.app.shelves, asked.query(), asked.group_by is not None)


def items_now(shelves: Shelves, query: Query, is_grouped: bool) -> Answer:
    """The same, for the fast path as well, which waits for nothing."""
    if is_grouped:
        found = shelves.groups(query)
        names = map(msgspec.json.encode, found.names)
        rows = [b"%b:%b" % pair for pair in zip(names, found.rows, strict=True)]
        return paging.page([b",".join(rows)], found.total, query.limit, query.offset, b"{}")
    return paging.on_sale(shelves, query)


ITEM = b'{"status":"success","data":{"item":%b,"is_seller_online":%b}}'


class ItemAsked(msgspec.Struct):
    """Which item on sale."""

    id: Id


async def item(call: Call, asked: ItemAsked) -> Content:
    """One item on sale, and whether its seller's program is online."""
    answer = item_now(call.app.shelves, asked.id, await presence.everybody(call.app))
    if answer is None:
        raise NotFound
    return answer


def item_now(shelves: Shelves, id_: int, online: presence.Online) -> Answer | None:
    """The same, given who is online; None where it is not on sale."""
    found = shelves.shown(id_)
    if found is None:
        return None
    row, seller = found
    return Answer([ITEM % (row, b"true" if seller in online else b"false")])


# Long pages of everything, written once as long as the catalogue is the same.
_catalogue_dumps: WeakKeyDictionary[Catalogue, dict[tuple[str, bool, int, int], list[bytes]]] = (
    WeakKeyDictionary()
)


class CatalogueAsked(msgspec.Struct):
    """Which names of a game's catalogue."""

    project: Game = CSGO
    steam_market_hash_name: list[Name] = []
    search: Search | None = None
    sort_column: Literal["steam_market_hash_name", "price"] | None = None
    sort_dir: Direction | None = None
    limit: Limit = PAGE
    offset: Offset = FIRST


async def catalogue(call: Call, asked: CatalogueAsked) -> Content:
    """Steam's items of a game with their Steam prices: by name, or downwards by the column that is named."""
    limit, offset = min(int(asked.limit), ITEMS_MAX), int(asked.offset)
    descending = (asked.sort_dir or ("asc" if asked.sort_column is None else "desc")) == "desc"
    sort: steam_items.Sort = "price" if asked.sort_column == "price" else "market_hash_name"
    names, search = asked.steam_market_hash_name, asked.search
    known = await steam_items.priced(call.app, str(asked.project))
    found, total = known.page(
        names=names or None, search=search, sort=sort, descending=descending, limit=limit, offset=offset
    )
    dumps = _catalogue_dumps.setdefault(known, {})
    key = sort, descending, limit, offset
    pieces = None if names or search else dumps.get(key)
    if pieces is None:
        pieces = await in_pieces(found, _catalogue_row)
        if len(found) >= DUMP_ROWS_MIN and not names and not search:
            if len(dumps) >= CATALOGUE_DUMPS_MAX:
                dumps.clear()
            dumps[key] = pieces
    return paging.page(pieces, total, limit, offset)


def _catalogue_row(item: SteamItem) -> bytes:
    name, price = item.market_hash_name, write_cents(item.price_cents or 0)
    return encode({"steam_market_hash_name": name, "icon": item.icon, "price": price})


# The caller's own --------------------------------------------------------------------------------------------


class OffersAsked(msgspec.Struct):
    """Which of the caller's own offers."""

    steamid: Annotated[SteamId | None, FILLED] = None
    sort_column: Literal["id", "price", "time_created"] = "price"
    sort_dir: Direction = "desc"
    limit: Limit = Limit(ITEMS_MAX)
    offset: Offset = FIRST


async def own_offers(call: Call, asked: OffersAsked) -> Content:
    """What the caller has on sale, of all games, for one or all of his users."""
    limit = min(int(asked.limit), ITEMS_MAX)
    query = OwnQuery(asked.steamid, asked.sort_column, asked.sort_dir == "desc", limit, int(asked.offset))
    found, total = await on_sale.page(call.app, call.caller.account_id, query)
    rows = [own_row(one.row, one.seller_steamid) for one in found]
    return paging.page([b",".join(rows)], total, limit, asked.offset)


class OperationsAsked(msgspec.Struct):
    """Which of the caller's trades."""

    type: Literal["buy", "sell"] | None = None
    states: Annotated[list[Literal["active", "cancelled", "finished"]], COMMAS] = []
    custom_ids: Annotated[list[CustomId], COMMAS, BLANKS] = []
    date_from: Since | None = None
    date_to: Until | None = None
    sort_column: Literal["id", "time_created", "price"] = "time_created"
    sort_dir: Direction = "desc"
    limit: Limit = Limit(OPERATIONS_MAX)
    offset: Offset = FIRST
    group_by: Literal["custom_id"] | None = None


async def operations(call: Call, asked: OperationsAsked) -> Content:
    """The caller's trades, bought and sold; grouped, the newest of each custom id."""
    query = OperationsQuery(
        kinds=("buy", "sell") if asked.type is None else (asked.type,),
        states=tuple(asked.states) or None,
        custom_ids=tuple(asked.custom_ids) or None,
        time_from=asked.date_from,
        time_to=asked.date_to,
        sort=asked.sort_column,
        descending=asked.sort_dir == "desc",
        limit=min(int(asked.limit), OPERATIONS_MAX),
        offset=int(asked.offset),
        newest_per_custom_id=asked.group_by is not None,
    )
    call.headers.append(place(call.app))
    found, total = await trades_of(call.app, call.caller.account_id, query)
    rows = await in_turns(found, partial(operation, now=call.app.now()))
    data = {row["custom_id"]: row for row in rows} if asked.group_by is not None else rows
    metadata = {"limit": query.limit, "offset": query.offset, "total": total}
    return {"data": data, "metadata": metadata}
