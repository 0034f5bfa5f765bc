"""The operator API, /operator: what admins look at and do, all of it in the audit; docs/api/operator.md has it call by call.

It is for browsers' sessions of users with the role admin (`tradepost admin grant`); each act asks for a code of the
second factor, or for a sign-in of the last minutes.
"""

from starlette.routing import BaseRoute

from tradepost.app import App
from tradepost.dialects.operator_api import money, people, running
from tradepost.dialects.operator_api.calls import Calls
from tradepost.dialects.operator_api.ways import routes_of
from tradepost.dialects.pace import Paces

PREFIX = "/operator"

CALLS: Calls = {**running.CALLS, **people.CALLS, **money.CALLS}


def routes(app: App, paces: Paces) -> list[BaseRoute]:
    """The ways into the operator API."""
    return routes_of(app, paces, CALLS, PREFIX)
