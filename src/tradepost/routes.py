"""Every way in, on one screen; each dialect says itself what lies below its prefix."""

from starlette.routing import BaseRoute

from tradepost.app import App
from tradepost.dialects import agent_api, health, sandbox
from tradepost.dialects.edge import Pace
from tradepost.dialects.shadowpay import v2


def routes(app: App) -> list[BaseRoute]:
    """Every way into this server."""
    pace = Pace(app.settings.requests_per_minute)  # one for both versions: it is the token that calls
    return [
        *v2.routes(app, pace),  #      /api/v2      merchants
        *agent_api.routes(app),  #     /agent/v1    sellers' programs
        *sandbox.routes(app),  #       /sandbox     the clock, where it may be moved
        *health.routes(app),  #        /healthz /readyz /metrics
    ]
