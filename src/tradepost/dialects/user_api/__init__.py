"""The user API: users see and manage what is theirs, in cents and in an envelope of its own.

Its calls are in one module a subject; here all of them come together.
"""

from starlette.routing import BaseRoute

from tradepost.app import App
from tradepost.dialects.pace import Paces
from tradepost.dialects.user_api import (
    access,
    affiliates,
    contact,
    exports,
    factor,
    histories,
    inbox,
    leaving,
    money,
    orders,
    profile,
    sales,
    sign_in,
)
from tradepost.dialects.user_api.calls import Calls
from tradepost.dialects.user_api.ways import routes_of

PREFIXES = ("/user", "/item", "/csrf")

CALLS: Calls = {
    **sign_in.CALLS,
    **access.CALLS,
    **profile.CALLS,
    **contact.CALLS,
    **factor.CALLS,
    **inbox.CALLS,
    **orders.CALLS,
    **sales.CALLS,
    **histories.CALLS,
    **exports.CALLS,
    **affiliates.CALLS,
    **leaving.CALLS,
    **money.CALLS,
}


def routes(app: App, pace: Paces) -> list[BaseRoute]:
    """The ways into the user API."""
    return routes_of(app, pace, CALLS, PREFIXES)
