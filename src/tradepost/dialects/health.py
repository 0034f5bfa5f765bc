"""How a server is: alive, ready to be asked, and its figures for Prometheus; for machines that watch over it."""

from functools import partial

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone
from tradepost.dialects.edge import encode, note
from tradepost.dialects.measures import SERVED
from tradepost.market import figures

QUIET = frozenset(
    {"/healthz", "/readyz", "/metrics"}
)  # asked every few seconds: no line in the log while all is well


async def alive(_: App, request: Request) -> Response:
    """The process answers; nothing else is asked, or a slow database would have it killed."""
    note(request.scope).route = "/healthz"
    return Response(b'{"status":"ok"}', media_type="application/json")


async def ready(app: App, request: Request) -> Response:
    """Whether calls can be answered: the database is there and of the present schema, the shelves are filled."""
    note(request.scope).route = "/readyz"
    checks: dict[str, str] = {"shelves": "ok" if app.shelves_ready.is_set() else "being filled"}
    try:
        missing = await figures.missing_migrations(app)
    except (DatabaseGone, DatabaseBusy):
        checks |= {"database": "does not answer", "migrations": "unknown"}
    else:
        checks |= {"database": "ok", "migrations": f"{len(missing)} missing" if missing else "ok"}
    good = all(state == "ok" for state in checks.values())
    content = {"status": "ok" if good else "unavailable", "checks": checks}
    return Response(encode(content), 200 if good else 503, media_type="application/json")


async def metrics(app: App, request: Request) -> Response:
    """What this process has counted, and the market's figures as they are now."""
    note(request.scope).route = "/metrics"
    looked_up = CollectorRegistry()
    up = Gauge("tradepost_database_up", "Whether the database answers this process.", registry=looked_up)
    try:
        await _look_up(app, looked_up)
    except (DatabaseGone, DatabaseBusy):
        up.set(0)
    else:
        up.set(1)
    return Response(generate_latest(SERVED) + generate_latest(looked_up), media_type=CONTENT_TYPE_LATEST)


async def _look_up(app: App, registry: CollectorRegistry) -> None:
    market, shelf = await figures.figures(app), await figures.shelf_figures(app)

    def gauge(name: str, sentence: str, *labels: str) -> Gauge:
        return Gauge(f"tradepost_{name}", sentence, labels, registry=registry)

    trades = gauge("trades", "Trades, by the state that they are in.", "state")
    for state, count in market.trades.items():
        trades.labels(state).set(count)
    gauge("agents_online", "Sellers whose program is online with a Steam session.").set(market.agents_online)
    gauge("oldest_due_seconds", "How long the longest waiting trade has been due.").set(
        market.oldest_due_seconds
    )
    gauge("open_cases", "Trades that wait for an operator.").set(market.open_cases)
    gauge("notices_waiting", "Notices that wait to be sent, or to be tried again.").set(
        market.notices_waiting
    )
    gauge("notices_set_aside", "Notices that were given up, and can be sent again by hand.").set(
        market.notices_set_aside
    )
    gauge("notices_overdue_seconds", "How long the longest waiting notice has been due.").set(
        market.notices_overdue_seconds
    )
    attempts = gauge("notice_attempts_lately", "Attempts at notices in the last hour, by result.", "result")
    for result, count in market.attempts_lately.items():
        attempts.labels(result).set(count)
    gauge("shelf_generation", "Batches of changes on this process's shelves.").set(shelf.generation)
    gauge(
        "shelf_behind_offers", "Of the newest changed offers, those not yet on the shelves as they are."
    ).set(shelf.behind)
    offers = gauge("shelf_offers", "Offers on this process's shelves, by game.", "project")
    for project, count in shelf.offers.items():
        offers.labels(project).set(count)


def routes(app: App) -> list[BaseRoute]:
    """The ways into the health of a server."""
    ways = {"/healthz": alive, "/readyz": ready, "/metrics": metrics}
    return [Route(path, partial(handler, app)) for path, handler in ways.items()]
