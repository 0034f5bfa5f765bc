"""v2's calls about prices: the price list of a game, what a name was sold for, and the exchange rates in force."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tradepost.dialects.edge import Answer, encode
from tradepost.dialects.fields import Limit, Name, Offset, Search, Since, Until
from tradepost.dialects.representation import in_pieces
from tradepost.dialects.shadowpay.answers import Count, HashName, Metadata, Moment, Money, Shown, Success
from tradepost.dialects.shadowpay.calls import Call, Content, Nothing
from tradepost.dialects.shadowpay.paging import CSGO, FIRST, Game, page
from tradepost.dialects.shadowpay.v2 import price_list
from tradepost.market import rates, sales, steam_items
from tradepost.market.sales import Figures, SalesQuery
from tradepost.market.telling import moment
from tradepost.rules.money import write_cents, write_rate

PRICES_MAX = 30_000
DAYS_SHOWN = 90  # of the history, unless another time is asked for
SPANS = {
    "last_24_hours": timedelta(days=1),
    "last_7_days": timedelta(days=7),
    "last_30_days": timedelta(days=30),
    "last_90_days": timedelta(days=90),
}


Date = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="A day in UTC.")]

# The price list ----------------------------------------------------------------------------------------------


class PriceRow(Shown):
    """A name on sale."""

    steam_market_hash_name: HashName
    price: Annotated[Money, Meta(description="The cheapest offer, in USD.")]
    count: Annotated[int, Meta(ge=1, description="How many offers there are.")]
    steam_price: Annotated[Money | None, Meta(description="The Steam price, in USD; null if it is unknown.")]


class Prices(Success):
    """The names on sale."""

    data: list[PriceRow]
    metadata: Metadata


class PricesAsked(msgspec.Struct):
    """Which names on sale, of which game."""

    project: Game = CSGO
    steam_market_hash_name: list[Name] = []
    search: Search | None = None
    limit: Limit = Limit(PRICES_MAX)
    offset: Offset = FIRST


async def prices(call: Call, asked: PricesAsked) -> Content:
    """Every name on sale with its cheapest price, how many are on sale, and its Steam price, by name."""
    project, limit, offset = str(asked.project), min(int(asked.limit), PRICES_MAX), int(asked.offset)
    catalogue, shelves = await steam_items.priced(call.app, project), call.app.shelves
    names, search = asked.steam_market_hash_name, asked.search
    lists = price_list.of(shelves)
    found = lists.present(project, shelves, catalogue)
    if not names and not search and not offset and limit >= len(found):
        return page(await lists.written(project, found), len(found), limit, offset)
    columns = found.columns
    if names or search:
        columns = price_list.priced(shelves.price_columns(project, names or None, search), catalogue)
    rows = list(zip(*(column[offset : offset + limit] for column in columns), strict=True))
    return page(await in_pieces(rows, price_list.write), len(columns[0]), limit, offset)


# What was sold -----------------------------------------------------------------------------------------------


class SoldFor(Shown):
    """What some sales were sold for, in USD; null where there were none."""

    count: Count
    price_min: Money | None
    price_max: Money | None
    price_avg: Annotated[Money | None, Meta(description="Rounded down to a cent.")]
    price_median: Annotated[Money | None, Meta(description="The lower one of two in the middle.")]


class SoldRow(Shown):
    """The sales of one day; with `group_by=sale` one sale, which has the last two fields alone."""

    date: Date | UnsetType = UNSET
    count: Count | UnsetType = UNSET
    price_min: Money | UnsetType = UNSET
    price_max: Money | UnsetType = UNSET
    price_avg: Money | UnsetType = UNSET
    price_median: Money | UnsetType = UNSET
    time_finished: (
        Annotated[Moment, Meta(description="When it could not be reversed any more, in UTC.")] | UnsetType
    ) = UNSET
    price: Money | UnsetType = UNSET


class SoldLately(Shown):
    """What was sold up to now."""

    last_24_hours: SoldFor
    last_7_days: SoldFor
    last_30_days: SoldFor
    last_90_days: SoldFor


class SalesHistory(Success):
    """What a name was sold for, the newest first: by day, or sale by sale."""

    data: list[SoldRow]
    summary: SoldLately


class SalesAsked(msgspec.Struct):
    """Which name's sales, of which time."""

    steam_market_hash_name: Name
    project: Game = CSGO
    date_from: Since | None = None
    date_to: Until | None = None
    group_by: Literal["day", "sale"] = "day"
    limit: Limit = Limit(sales.LATEST_MAX)


async def sales_history(call: Call, asked: SalesAsked) -> Content:
    """What a name was sold for, by day or sale by sale, the newest first; and in sum over the last weeks."""
    project, name = str(asked.project), str(asked.steam_market_hash_name)
    since = asked.date_from or call.app.now() - timedelta(days=DAYS_SHOWN)
    query = SalesQuery(project, name, since, asked.date_to or datetime.max.replace(tzinfo=UTC))
    if asked.group_by == "day":
        data = [{"date": day.day.isoformat(), **_figures(day)} for day in await sales.days(call.app, query)]
    else:
        data = [
            {"time_finished": moment(sale.at), "price": write_cents(sale.price_cents)}
            for sale in await sales.latest(call.app, query, int(asked.limit))
        ]
    lately = await sales.lately(call.app, project, name, list(SPANS.values()))
    summary = {word: _figures(figures) for word, figures in zip(SPANS, lately, strict=True)}
    return Answer([encode({"data": data, "summary": summary, "status": "success"})], is_list=True)


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "count": figures.count,
        "price_min": _price(figures.least_cents),
        "price_max": _price(figures.most_cents),
        "price_avg": _price(figures.average_cents),
        "price_median": _price(figures.median_cents),
    }


def _price(cents: int | None) -> str | None:
    return None if cents is None else write_cents(cents)


# Exchange rates ----------------------------------------------------------------------------------------------


class RateRow(Shown):
    """What one USD costs."""

    currency: Annotated[str, Meta(extra_json_schema={"enum": list(rates.QUOTED)})]
    rate: Annotated[float, Meta(gt=0, description="Units of the currency for one USD.")]
    source: Annotated[str, Meta(description="Who says so.")]
    updated_at: Annotated[Moment, Meta(description="Since when, in UTC.")]
    is_usable: Annotated[bool, Meta(description="False: too old, and prices in it are refused.")]


class Rates(Success):
    """The exchange rates in force."""

    data: list[RateRow]


async def exchange_rates(call: Call, asked: Nothing) -> Content:
    """What one USD costs in each currency that prices may be named in, where it is known."""
    app = call.app
    known = await rates.known(app.db, app.real_now(), app.settings.rate_max_age_hours)
    data = [
        {
            "currency": rate.currency,
            "rate": msgspec.Raw(write_rate(rate.millionths).encode()),
            "source": rate.source,
            "updated_at": moment(rate.at),
            "is_usable": rate.is_usable,
        }
        for rate in known
    ]
    return {"data": data}
