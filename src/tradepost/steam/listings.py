"""Steam's own market: what it asks for an item, and the list of all that it knows."""

from tradepost.steam import wire
from tradepost.steam.answers import (
    MarketAnswer,
    MarketItem,
    MarketPage,
    NoPrice,
    PriceAnswer,
    PriceOverview,
    Unavailable,
)
from tradepost.steam.door import OK, Door, Reply
from tradepost.steam.items import icon
from tradepost.steam.prices import count, price_cents

_CENTS_MAX = 10**12
_SERVER_ERROR = 500


async def price_overview(
    door: Door, base_url: str, appid: int, market_hash_name: str, currency: int
) -> PriceAnswer:
    """The lowest and the median price of one item."""
    query = {"appid": str(appid), "currency": str(currency), "market_hash_name": market_hash_name}
    reply = await door.get(base_url, "/market/priceoverview/", query)
    if not isinstance(reply, Reply):
        return reply
    shown = wire.read(wire.PriceShown, reply.body)
    if shown is None or reply.status not in {OK, _SERVER_ERROR}:
        return Unavailable(f"Steam's market answered HTTP {reply.status}")
    if not wire.flag(shown.success):  # with 200 or 500: for an item that it does not know
        return NoPrice()
    lowest_cents = price_cents(shown.lowest_price or "")
    median_cents = price_cents(shown.median_price or "")
    if lowest_cents is None and median_cents is None:
        return NoPrice()
    return PriceOverview(lowest_cents, median_cents, count(shown.volume))


async def market_search(door: Door, base_url: str, appid: int, start: int, size: int) -> MarketAnswer:
    """One page of all the items of a game, by name."""
    query = {
        "norender": "1",
        "appid": str(appid),
        "start": str(start),
        "count": str(size),
        "sort_column": "name",
        "sort_dir": "asc",
    }
    reply = await door.get(base_url, "/market/search/render/", query)
    if not isinstance(reply, Reply):
        return reply
    page = wire.read(wire.SearchPage, reply.body)
    if reply.status != OK or page is None or not wire.flag(page.success) or wire.rows(page.results) is None:
        return Unavailable(f"Steam's market answered HTTP {reply.status}")
    items = [_item(appid, result) for result in wire.entries(wire.SearchResult, page.results)]
    good = tuple(item for item in items if item is not None)
    return MarketPage(
        items=good,
        start=wire.whole(page.start) or 0,
        total=wire.whole(page.total_count) or 0,
        skipped=len(items) - len(good),
    )


def _item(appid: int, result: wire.SearchResult | None) -> MarketItem | None:
    if result is None:
        return None
    described = result.asset_description
    name = wire.text(result.hash_name)
    cents, listings = wire.whole(result.sell_price, _CENTS_MAX), wire.whole(result.sell_listings)
    classid = wire.whole(described.classid)
    if name is None or cents is None or listings is None or classid is None:
        return None
    # Steam searches all games when it does not like the one asked for.
    if described.appid is not None and str(described.appid) != str(appid):
        return None
    return MarketItem(
        appid=appid,
        market_hash_name=name,
        name=wire.text(result.name) or name,
        type=wire.text(described.type) or "",
        classid=str(classid),
        sell_price_cents=cents,
        sell_listings=listings,
        tradable=wire.flag(described.tradable),
        commodity=wire.flag(described.commodity),
        icon_url=icon(described.icon_url),
    )
