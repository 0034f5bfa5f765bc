"""Every way in, on one screen; each dialect says itself what lies below its prefix."""

from starlette.routing import BaseRoute

from tradepost.app import App
from tradepost.dialects import agent_api, health, operator_api, pay, sandbox, user_api, web
from tradepost.dialects.openapi import papers
from tradepost.dialects.pace import Paces
from tradepost.dialects.shadowpay import v1, v2
from tradepost.dialects.web import admin


def routes(app: App, pace: Paces | None = None) -> list[BaseRoute]:
    """Every way into this server; the pace is one for all, as it is the token that calls, in v1 and v2 alike."""
    pace = pace or Paces(app.settings)
    return [
        *papers.routes(app),  #        /docs        and each API's openapi.json, before the API itself
        *v1.routes(app, pace),  #      /api/v1      merchants
        *v2.routes(app, pace),  #      /api/v2
        *agent_api.routes(app),  #     /agent/v1    sellers' programs
        *user_api.routes(app, pace),  # /user /item  users, in their browsers and by their programs
        *operator_api.routes(app, pace),  # /operator  admins, in their browsers
        *sandbox.routes(app),  #       /sandbox     the clock, where it may be moved
        *web.routes(app),  #           / /merchant  pages, for people who sign in through Steam
        *admin.routes(app),  #         /admin       the operator's pages, which speak the operator API
        *pay.routes(app, pace),  #     /en/pay/...  links of merchants; pages below /en/pay go before it
        *health.routes(app),  #        /healthz /readyz /metrics
    ]
