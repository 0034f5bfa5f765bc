"""The pages, for people in browsers: signing in through Steam, and what one does signed in."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from tradepost.app import App
from tradepost.dialects.edge import note
from tradepost.dialects.hosts import is_allowed
from tradepost.dialects.sheets import misdirected
from tradepost.dialects.web import (
    account,
    account_page,
    home,
    item_page,
    mailbox,
    market_live,
    market_page,
    merchant,
    merchant_doctor,
    merchant_notices,
    merchant_payments,
    merchant_sandbox,
    merchant_subsellers,
    offer_page,
    offers,
    orders_page,
    pay_page,
    sell,
    seller_page,
    sign_in,
    trades,
    wallet,
)
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.visits import Page, nowhere
from tradepost.market.onlookers import Onlookers


async def _file(app: App, desk: Desk, request: Request) -> Response:
    note(request.scope).route = desk.static.path
    if not is_allowed(request.scope, app.settings.allowed_hosts):
        return misdirected()
    return desk.static.respond(request, desk.policy)


def nothing_there(app: App) -> ASGIApp:
    """What a browser is shown on an address that nobody has."""
    return nowhere(app, Desk(app.settings))


def routes(app: App) -> list[BaseRoute]:
    """The ways to all pages and their files."""
    desk = Desk(app.settings)
    onlookers = Onlookers(app)  # one bound for all open pages of a session
    pages: list[Page] = [
        *sign_in.pages(app, desk),
        *account.pages(app, desk),
        *market_page.pages(app, desk),
        *seller_page.pages(app, desk),
        *orders_page.pages(app, desk),
        *offer_page.pages(app, desk),
        *item_page.pages(app, desk),
        *home.pages(app, desk),
        *market_live.pages(app, desk),
        *sell.pages(app, desk),
        *offers.pages(app, desk),
        *trades.pages(app, desk, onlookers),
        *pay_page.pages(app, desk, onlookers),
        *merchant.pages(app, desk),
        *merchant_payments.pages(app, desk),
        *merchant_notices.pages(app, desk, onlookers),
        *merchant_doctor.pages(app, desk),
        *merchant_subsellers.pages(app, desk),
        *merchant_sandbox.pages(app, desk, onlookers),
        *wallet.pages(app, desk),
        *account_page.pages(app, desk, onlookers),
        *mailbox.pages(app, desk),
    ]
    file = Route(desk.static.path, partial(_file, app, desk), methods=["GET"])
    return [file, *(Route(page.route, page) for page in pages)]
