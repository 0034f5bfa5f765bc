"""A seller's own page: who he is, as far as he shows it, and what he has on sale."""

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import Limit, Project
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.market_query import SORTS, TILES, Sort
from tradepost.dialects.web.tiles import tiles
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import presence, profiles
from tradepost.market.shelf import Query
from tradepost.rules.games import GAMES
from tradepost.rules.refusals import NotFound

PATH = "/u/{short}"


class SellerAsked(msgspec.Struct):
    """Which game's offers, in what order, and which page of them."""

    game: Project | None = None
    sort: Sort = "newest"
    page: Limit = Limit(1)


async def show(visit: Visit) -> Response:
    """A seller and his offers; whoever gave his page no short name has none."""
    app, asked, short = visit.app, visit.query(SellerAsked), visit.params["short"]
    account_id = await profiles.by_short_name(app.db, short)
    seller = None if account_id is None else await profiles.seller(app.db, account_id)
    if seller is None:
        raise NotFound("Nobody's page has this address. Perhaps its owner gave it another name.")
    counts = {
        project: app.shelves.page(Query(project, seller_steamid=seller.steamid, limit=0)).total
        for project in GAMES
    }
    most = max(counts, key=counts.__getitem__)
    project = str(asked.game) if asked.game else most
    _, column, descending = SORTS[asked.sort]
    number = min(int(asked.page), 10_000)
    found = app.shelves.page(
        Query(
            project,
            seller_steamid=seller.steamid,
            sort=column,
            descending=descending,
            limit=TILES,
            offset=(number - 1) * TILES,
        )
    )
    return visit.page(
        "seller.html",
        seller=seller,
        is_online=await presence.is_online(app, seller.account_id),
        counts=[(one, GAMES[one].name, count) for one, count in counts.items() if count],
        project=project,
        asked=asked,
        number=number,
        last=max(-(-found.total // TILES), 1),
        total=found.total,
        sorts={word: said for word, (said, _, _) in SORTS.items()},
        tiles=await tiles(app, project, found),
    )


def pages(app: App, desk: Desk) -> list[Page]:
    """The pages of sellers."""
    return [Page(app, desk, PATH, get=show)]
