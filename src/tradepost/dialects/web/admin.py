"""The operator's pages, /admin: what the operator API answers and does, for admins in their browsers."""

from starlette.routing import BaseRoute, Route

from tradepost.app import App
from tradepost.dialects.web import (
    admin_cases,
    admin_money,
    admin_overview,
    admin_payouts,
    admin_people,
    admin_running,
)
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.visits import Page


def routes(app: App) -> list[BaseRoute]:
    """The ways to all pages of the operator's desk.

    They are not among those of `web`: they speak the operator API, which itself needs to know who visits.
    """
    desk = Desk(app.settings)
    pages: list[Page] = [
        *admin_overview.pages(app, desk),
        *admin_people.pages(app, desk),
        *admin_payouts.pages(app, desk),
        *admin_cases.pages(app, desk),
        *admin_money.pages(app, desk),
        *admin_running.pages(app, desk),
    ]
    return [Route(page.route, page) for page in pages]
