"""Steam's own market: the price of a kind of item, in a currency's own way of writing, and the search."""

from html import escape
from typing import NamedTuple
from urllib.parse import quote

from starlette.responses import Response
from starlette.routing import Route

from tradepost.rules.games import BY_APPID
from tradepost.steam.simulator.calls import Call, answer, route, whole_number
from tradepost.steam.simulator.descriptions import Json, describe
from tradepost.steam.simulator.entities import Item, Price
from tradepost.steam.simulator.items import complete_item
from tradepost.steam.simulator.world import World

SEARCH_PAGE_MAX = 100
SEARCH_PAGE_DEFAULT = 10
MILLION = 1_000_000


class Currency(NamedTuple):
    """How Steam writes a currency, and what a dollar is worth in it."""

    before: str
    after: str
    point: str
    thousands: str
    millionths_per_usd: int


CURRENCIES = {
    1: Currency("$", "", ".", ",", MILLION),
    2: Currency("£", "", ".", ",", 760_000),
    3: Currency("", "€", ",", " ", 860_000),
    5: Currency("", " pуб.", ",", "", 80_500_000),  # noqa: RUF001 - Steam's p is Latin, the rest not
    6: Currency("", "zł", ",", " ", 3_650_000),
}


def price_overview(call: Call) -> Response:
    """GET /market/priceoverview: texts for people, and only those that there are."""
    appid, name = whole_number(call.argument("appid")), call.argument("market_hash_name")
    currency = CURRENCIES.get(call.number("currency", 1))
    if appid is None or not name or currency is None:
        return answer(None, 400, None)
    price = call.world.prices.get((appid, name))
    if price is None:
        return answer({"success": False}, 500, None)
    body: Json = {"success": True}
    if price.price_cents:
        body["lowest_price"] = money_text(price.price_cents, currency)
    if price.volume:
        body["volume"] = f"{price.volume:,}"
    if price.median_cents:
        body["median_price"] = money_text(price.median_cents, currency)
    return answer(body, eresult=None)


def search(call: Call) -> Response:
    """GET /market/search/render: the catalogue in pages, as data with norender=1 and else as rows of HTML."""
    appid, start = call.number("appid"), call.number("start")
    count = min(call.number("count", SEARCH_PAGE_DEFAULT) or SEARCH_PAGE_DEFAULT, SEARCH_PAGE_MAX)
    words = call.argument("query").lower()
    found = [
        price
        for price in call.world.prices.values()
        if (not appid or price.appid == appid) and words in price.market_hash_name.lower()
    ]
    key = call.argument("sort_column")
    found.sort(key=lambda price: price.market_hash_name)
    if key in {"price", "popular", "quantity"}:
        found.sort(key=lambda price: price.price_cents if key == "price" else price.volume)
    if call.argument("sort_dir") == "desc":
        found.reverse()
    shown = found[start : start + count]
    body: Json = {"success": True, "start": start, "pagesize": count, "total_count": len(found)}
    if call.flag("norender"):
        body["searchdata"] = {
            "query": call.argument("query"),
            "search_descriptions": False,
            "pagesize": count,
        }
        body["results"] = [_result(call.world, price) for price in shown]
    else:
        rows = "".join(_row(price) for price in shown)
        nothing = '<div class="market_listing_table_message">There were no items matching your search.</div>'
        body["results_html"] = rows or nothing
    return answer(body, eresult=None)


def money_text(cents: int, currency: Currency) -> str:
    """A price of so many dollar cents as Steam writes it in a currency, rounded up."""
    amount = -(-cents * currency.millionths_per_usd // MILLION)
    whole, rest = divmod(amount, 100)
    number = f"{whole:,}".replace(",", currency.thousands)
    return f"{currency.before}{number}{currency.point}{rest:02}{currency.after}"


_DESCRIBED = (
    *("appid", "classid", "instanceid", "icon_url", "tradable", "name", "name_color", "type"),
    *("market_name", "market_hash_name", "commodity"),
)


def _sample(world: World, price: Price) -> Item:
    item = Item(0, "", price.appid, 0, price.market_hash_name)
    complete_item(item)
    return world.samples.get((price.appid, item.classid), item)


def _result(world: World, price: Price) -> Json:
    described = describe(_sample(world, price), 0)
    game = BY_APPID.get(price.appid)
    text = money_text(price.price_cents, CURRENCIES[1])
    return {
        "name": price.market_hash_name,
        "hash_name": price.market_hash_name,
        "sell_listings": price.volume,
        "sell_price": price.price_cents,
        "sell_price_text": text,
        "sale_price_text": money_text(max(price.price_cents * 100 // 115, 1), CURRENCIES[1]),
        "app_icon": "",
        "app_name": game.name if game else str(price.appid),
        "asset_description": {name: described[name] for name in _DESCRIBED},
    }


def _row(price: Price) -> str:
    name, text = escape(price.market_hash_name), money_text(price.price_cents, CURRENCIES[1])
    address = (
        f"https://steamcommunity.com/market/listings/{price.appid}/{quote(price.market_hash_name, safe='')}"
    )
    return (
        f'<a class="market_listing_row_link" href="{address}"><div class="market_listing_row">'
        f'<div class="market_listing_their_price"><span class="market_table_value">'
        f'<span class="normal_price">{text} USD</span></span></div>'
        f'<span class="market_listing_num_listings_qty">{price.volume}</span>'
        f'<span class="market_listing_item_name">{name}</span></div></a>'
    )


ROUTES: list[Route] = [
    route("/market/priceoverview", price_overview),
    route("/market/search/render", search),
]
