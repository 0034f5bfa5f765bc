"""v1's calls that only look: balance, inventory, items on sale in five shapes, Steam prices, purchases."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

import msgspec

from tradepost.dialects.edge import Answer, encode
from tradepost.dialects.fields import (
    CustomId,
    Flag,
    FloatSpan,
    Id,
    Limit,
    Name,
    Offset,
    PriceBound,
    Project,
    Search,
    Since,
    SteamId,
    Until,
)
from tradepost.dialects.representation import in_pieces
from tradepost.dialects.shadowpay import paging
from tradepost.dialects.shadowpay.calls import Call, Content, Nothing
from tradepost.dialects.shadowpay.paging import CSGO, FIRST, ITEMS_MAX, OPERATIONS_MAX, Game
from tradepost.dialects.shadowpay.rows import inventory_row, operation, own_row
from tradepost.dialects.shadowpay.words import number
from tradepost.dialects.shapes import BLANKS, COMMAS, FILLED, Also
from tradepost.market import inventories, ledger, presence, steam_items
from tradepost.market import on_sale as own_offers
from tradepost.market.on_sale import OwnQuery, OwnRow
from tradepost.market.operations import Operation, OperationsQuery, operations
from tradepost.market.shelf import Listed, Query
from tradepost.market.steam_items import SteamItem
from tradepost.market.telling import moment
from tradepost.rules.money import write_shortest
from tradepost.rules.offer import Skip
from tradepost.rules.refusals import NotFound
from tradepost.turns import in_turns

SEARCH_MAX = 2_000
PRICES_MAX = 30_000


# Account -----------------------------------------------------------------------------------------------------


async def balance(call: Call, asked: Nothing) -> Content:
    """What the account has earned, and what it has for buying."""
    wallet = await ledger.wallet(call.app.db, call.caller.account_id)
    return {
        "currency": "USD",
        "balance": write_shortest(wallet.balance_cents),
        "deposit_balance": write_shortest(wallet.deposit_cents),
    }


class InventoryAsked(msgspec.Struct):
    """Whose inventory, of which game."""

    steamid: SteamId
    game: Annotated[Project, Also("project")]


async def inventory(call: Call, asked: InventoryAsked) -> Content:
    """What a user has on Steam and not on sale here, and what the market would take for it."""
    rows = await inventories.of(call.app, call.caller.account_id, str(asked.steamid), str(asked.game))
    inv = [
        inventory_row(row, call.app.settings.fee_bps)
        for row in rows
        if row.skip_reason is not Skip.ALREADY_ON_SALE
    ]
    return {"total": str(len(inv)), "inv": inv}


# Items on sale -----------------------------------------------------------------------------------------------


class NameAsked(msgspec.Struct):
    """Which name of which game."""

    steam_market_hash_name: Name
    project: Game = CSGO


async def of_name(call: Call, asked: NameAsked) -> Content:
    """What is on sale of one name, the cheapest first."""
    query = Query(
        str(asked.project),
        (str(asked.steam_market_hash_name),),
        sort="price",
        descending=False,
        limit=SEARCH_MAX,
    )
    rows = [_head(row) + b"}" for row in call.app.shelves.page(query).rows]
    return Answer([b'{"data":[', b",".join(rows), b'],"status":"success"}'], is_list=True)


class NamesAsked(msgspec.Struct):
    """Which names of which game, on sale since when and until when."""

    steam_market_hash_name: list[Name] = []
    project: Game = CSGO
    from_: Since | None = msgspec.field(name="from", default=None)
    to: Until | None = None


async def of_names(call: Call, asked: NamesAsked) -> Content:
    """What is on sale of some names, or of all, grouped by name, the newest first."""
    listed = call.app.shelves.by_names(
        str(asked.project),
        [str(name) for name in asked.steam_market_hash_name] or None,
        ITEMS_MAX,
        time_from=asked.from_,
        time_to=asked.to,
    )
    groups = await in_pieces(list(listed.items()), _group)
    return Answer([b'{"data":{', *groups, b'},"status":"success"}'], is_list=True)


def _group(one: tuple[str, list[Listed]]) -> bytes:
    name, found = one
    rows = [b'{"id":"%d","price":"%d.%02d"}' % (id_, *divmod(cents, 100)) for id_, cents in found]
    return b"%b:[%b]" % (encode(name), b",".join(rows))


class PriceAsked(msgspec.Struct):
    """Which range of prices."""

    price_from: PriceBound | None = None
    price_to: PriceBound | None = None
    project: Game = CSGO
    limit: Limit = Limit(SEARCH_MAX)
    offset: Offset = FIRST


async def of_price(call: Call, asked: PriceAsked) -> Content:
    """What is on sale in a range of prices, the newest first."""
    query = Query(
        str(asked.project),
        price_from_cents=asked.price_from,
        price_to_cents=asked.price_to,
        limit=min(int(asked.limit), SEARCH_MAX),
        offset=int(asked.offset),
    )
    found = call.app.shelves.page(query)
    assets = call.app.shelves.assetids(query.project, found.ids)
    rows = [
        b'%b,"steam_asset_id":"%d",%b' % (_head(row), assetid, _time(row))
        for row, assetid in zip(found.rows, assets, strict=True)
    ]
    return paging.page([b",".join(rows)], found.total, query.limit, query.offset)


class OnSaleAsked(msgspec.Struct):
    """Which page of what is on sale of a game."""

    project: Game = CSGO
    limit: Limit = Limit(ITEMS_MAX)
    offset: Offset = FIRST


async def on_sale(call: Call, asked: OnSaleAsked) -> Content:
    """Everything on sale of a game, the newest first."""
    limit, offset = min(int(asked.limit), ITEMS_MAX), int(asked.offset)
    return paging.on_sale(call.app.shelves, Query(str(asked.project), limit=limit, offset=offset))


class MineAsked(msgspec.Struct):
    """Which of the caller's own offers; of all games, unless one is named."""

    steamid: Annotated[SteamId | None, FILLED] = None
    project: Annotated[Project | None, Also("game")] = None
    search: Search | None = None
    price_from: PriceBound | None = None
    price_to: PriceBound | None = None
    floats: FloatSpan | None = msgspec.field(name="float", default=None)
    sort: Annotated[Literal["asc", "desc"], Also("sort_dir")] = "desc"
    sort_column: Literal["price", "time_created", "floatvalue"] = "time_created"
    limit: Limit = Limit(ITEMS_MAX)
    offset: Offset = FIRST


class FilteredAsked(MineAsked):
    """Which items on sale: the caller's own if he names himself or one of his users, else everybody's."""

    mine: Flag | None = None


async def filtered(call: Call, asked: FilteredAsked) -> Content:
    """Items on sale by what they are, everybody's or the caller's own."""
    if asked.steamid is not None or asked.mine:
        return await mine(call, asked)
    least, most = (None, None) if asked.floats is None else asked.floats.ends
    query = Query(
        str(asked.project or CSGO),
        search=asked.search or None,
        price_from_cents=asked.price_from,
        price_to_cents=asked.price_to,
        float_from=least,
        float_to=most,
        sort=asked.sort_column,
        descending=asked.sort == "desc",
        limit=min(int(asked.limit), ITEMS_MAX),
        offset=int(asked.offset),
    )
    return paging.on_sale(call.app.shelves, query)


async def mine(call: Call, asked: MineAsked) -> Content:
    """What the caller has on sale for one or all of his users."""
    limit = min(int(asked.limit), ITEMS_MAX)
    least, most = (None, None) if asked.floats is None else asked.floats.ends
    query = OwnQuery(
        asked.steamid,
        asked.sort_column,
        asked.sort == "desc",
        limit,
        int(asked.offset),
        project=asked.project,
        search=asked.search,
        price_from_cents=asked.price_from,
        price_to_cents=asked.price_to,
        float_from=least,
        float_to=most,
    )
    found, total = await own_offers.page(call.app, call.caller.account_id, query)
    return paging.page(await in_pieces(found, _own_row), total, limit, query.offset)


def _own_row(one: OwnRow) -> bytes:
    return own_row(one.row, one.seller_steamid)


class ItemAsked(msgspec.Struct):
    """Which item on sale."""

    id: Id


async def item(call: Call, asked: ItemAsked) -> Content:
    """One item on sale, and whether its seller's program is online."""
    offer = call.app.shelves.offer(asked.id)
    if offer is None:
        raise NotFound
    online = int(offer.seller_steamid) in await presence.everybody(call.app)
    shown = {
        "id": str(offer.id),
        "steam_market_hash_name": offer.market_hash_name,
        "price": number(offer.price_cents),
        "project": offer.project,
        "floatvalue": offer.float_text,
        "paintindex": offer.paintindex,
        "paintseed": offer.paintseed,
        "time_created": moment(offer.time_created),
    }
    return {"item": shown, "is_seller_online": online}


def _head(row: bytes) -> bytes:
    """The beginning of a shelf's row, up to its price.

    What is searched for cannot be in a name: there the quotes have a backslash before them.
    """
    return row[: row.index(b',"project":"')]


def _time(row: bytes) -> bytes:
    """The end of a shelf's row, its moment."""
    return row[row.rindex(b'"time_created":') :]


# The catalogue -----------------------------------------------------------------------------------------------


class PricesAsked(msgspec.Struct):
    """Which page of a game's Steam prices."""

    project: Game
    limit: Limit = Limit(PRICES_MAX)
    offset: Offset = FIRST


async def steam_prices(call: Call, asked: PricesAsked) -> Content:
    """Steam's prices of a game, by name."""
    limit, offset = min(int(asked.limit), PRICES_MAX), int(asked.offset)
    known = await steam_items.priced(call.app, str(asked.project))
    found, total = known.page(limit=limit, offset=offset)
    return paging.page(await in_pieces(found, _price_row), total, limit, offset)


def _price_row(item: SteamItem) -> bytes:
    price = write_shortest(item.price_cents or 0).encode()
    return b'{"steam_market_hash_name":%b,"price":%b}' % (encode(item.market_hash_name), price)


# The caller's purchases --------------------------------------------------------------------------------------


class BoughtAsked(msgspec.Struct):
    """Which purchases, by the caller's own names of them."""

    custom_id: Annotated[list[CustomId], COMMAS, BLANKS]


async def bought(call: Call, asked: BoughtAsked) -> Content:
    """Purchases by their custom ids; a custom id that bought nothing is not in the answer."""
    wanted = tuple(dict.fromkeys(str(one) for one in asked.custom_id))
    query = OperationsQuery(custom_ids=wanted, limit=len(wanted))
    found, _ = await operations(call.app, call.caller.account_id, query)
    data: dict[str, Any] = {}
    for one in found:
        row = _purchase(one, call.app.now())
        del row["id"]
        row["steam_from_steamid"] = one.view.seller_steamid
        data[str(one.view.trade.custom_id)] = row
    return {"data": data}


class HistoryAsked(msgspec.Struct):
    """Which page of the caller's purchases."""

    limit: Limit = Limit(OPERATIONS_MAX)
    offset: Offset = FIRST


async def history(call: Call, asked: HistoryAsked) -> Content:
    """The caller's purchases, the newest first."""
    query = OperationsQuery(limit=min(int(asked.limit), OPERATIONS_MAX), offset=int(asked.offset))
    found, total = await operations(call.app, call.caller.account_id, query)
    metadata = {"limit": query.limit, "offset": query.offset, "total": total}
    return {"data": await in_turns(found, partial(_purchase, now=call.app.now())), "metadata": metadata}


def _purchase(one: Operation, now: datetime) -> dict[str, Any]:
    """A trade as v1 shows it: all are purchases here, so none says that it is one."""
    row = operation(one, now)
    del row["type"]
    return row
