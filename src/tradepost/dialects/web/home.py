"""The first page: what this market is for whom, what is on sale now, and figures that are true."""

from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.tiles import of_offers
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import storefront
from tradepost.market.shelf import Query, ShelfOffer
from tradepost.rules.games import GAMES

HOME = "/"
SHOWN = 12


async def show(visit: Visit) -> Response:
    """The first page, made of the shelf and of figures some seconds old."""
    app = visit.app
    counts = {project: app.shelves.count(project) for project in GAMES}
    most = max(counts, key=counts.__getitem__)
    # The newest of each name: a seller who lists fifty cases at once does not fill the page with them.
    newest: dict[str, ShelfOffer] = {}
    for id_ in app.shelves.page(Query(most, limit=10 * SHOWN)).ids:
        offer = app.shelves.offer(id_)
        if offer is not None and len(newest) < SHOWN:
            newest.setdefault(offer.market_hash_name, offer)
    return visit.page(
        "home.html",
        tiles=await of_offers(app, most, list(newest.values())),
        games=[(project, game.name, counts[project]) for project, game in GAMES.items()],
        on_sale=sum(counts.values()),
        figures=await storefront.figures(app),
        fee_bps=app.settings.fee_bps,
    )


def pages(app: App, desk: Desk) -> list[Page]:
    """The first page."""
    return [Page(app, desk, HOME, get=show)]
