"""The agent API, /agent/v1: how sellers' programs speak with the market; docs/api/agent.md has it call by call.

A seller's program keeps the Steam session and the market never sees it. It asks what to do (heartbeat), says
what came of it (results) and what it saw (trade events, inventory); each report is taken or refused by itself.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tradepost import log
from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone
from tradepost.dialects import agent_wire as wire
from tradepost.dialects.edge import BodyTooLarge, note, receive_body
from tradepost.dialects.pace import Pace
from tradepost.market import agents, directives, reports, sightings, watching
from tradepost.market.agents import Agent, Guesses
from tradepost.market.directives import Directive
from tradepost.market.watching import Watched
from tradepost.rules import refusals
from tradepost.rules.refusals import (
    Forbidden,
    Malformed,
    Refusal,
    TooManyRequests,
    Unauthenticated,
    UnknownRoute,
)

PREFIX = "/agent/v1"
KEEP_ALIVE_SECONDS = 15.0
STREAM_SECONDS = 600.0  # then it is opened anew, so that none outlives its process or its token for long

# The status and the word of every refusal; one that has no line of its own has its parent's.
CODES: dict[type[Refusal], tuple[int, str]] = {
    refusals.Refusal: (409, "refused"),
    refusals.Malformed: (422, "malformed"),
    BodyTooLarge: (413, "too_large"),
    refusals.Conflicting: (409, "conflict"),
    refusals.KeyUsed: (409, "conflict"),
    refusals.NotFound: (404, "not_found"),
    refusals.UnknownRoute: (404, "unknown_route"),
    refusals.Unauthenticated: (401, "unauthenticated"),
    refusals.Forbidden: (403, "forbidden"),
    refusals.TooManyRequests: (429, "too_many_requests"),
    refusals.SteamUnavailable: (502, "steam_unavailable"),
    refusals.SwitchedOff: (503, "switched_off"),
}

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the calls of one process share: the app, and how often each agent and each address came."""

    app: App
    pace: Pace
    guesses: Guesses = field(default_factory=Guesses)


# Calls -----------------------------------------------------------------------------------------------


async def pair(desk: Desk, request: Request) -> Response:
    """Use a pairing code up: an agent token for this device, and for whom its user lets items be sent."""
    app = desk.app
    body = wire.read(wire.Pair, await _body(app, request))
    address, real_now = request.client.host if request.client else "", app.real_now()
    desk.guesses.refuse_if_many(address, real_now)
    try:
        async with app.db.transaction() as tx:
            token, agent = await agents.pair(
                tx, body.code, body.device_id, body.platform, body.version, now=app.now(), real_now=real_now
            )
    except Unauthenticated:
        desk.guesses.wrong(address, real_now)
        raise
    shown = await _grants(app, agent)
    return _json({"agent_token": token, "steamid": agent.steamid, "grants": shown}, 201)


async def heartbeat(desk: Desk, request: Request) -> Response:
    """Hear how an agent is, and answer with what it is to do and to look at."""
    app = desk.app
    agent = await _agent(desk, request)
    body = wire.read(wire.Heartbeat, await _body(app, request))
    if body.device_id != agent.device_id:
        raise Forbidden("This token was made for another device: pair this one by itself.")
    async with app.db.transaction() as tx:
        agent = await agents.heard(
            tx, agent, body.device(), app.real_now(), app.settings.heartbeat_ttl_seconds
        )
    accepted = body.steamid == agent.steamid
    asked = await directives.lease(app, agent) if accepted else []
    watch = await watching.watched(app, agent) if accepted else []
    now = app.now()
    return _json(
        {
            "server_time": now,
            "ttl_seconds": app.settings.heartbeat_ttl_seconds,
            "accepted": accepted,
            "steamid": agent.steamid,
            "watch": [_watched(row, now) for row in watch],
            "directives": [_directive(app, one) for one in asked],
            "grants": await _grants(app, agent),
        }
    )


async def results(desk: Desk, request: Request) -> Response:
    """Take what came of directives, each by itself."""
    app = desk.app
    agent = await _agent(desk, request)
    body = wire.read(wire.Results, await _body(app, request))
    verdicts = []
    for result in body.results:
        verdict = await reports.answered(app, agent, result.answer())
        verdicts.append(
            {
                "directive_id": result.directive_id,
                "accepted": verdict.accepted,
                "reason": verdict.reason,
            }
        )
    return _json({"results": verdicts})


async def trade_events(desk: Desk, request: Request) -> Response:
    """Take what was seen of trades on Steam, each by itself."""
    app = desk.app
    agent = await _agent(desk, request)
    body = wire.read(wire.Events, await _body(app, request))
    verdicts = []
    for event in body.events:
        verdict = await sightings.seen(app, agent, event.sighting())
        verdicts.append(
            {
                "trade_id": event.trade_id,
                "axis": event.axis,
                "code": event.code,
                "accepted": verdict.accepted,
                "reason": verdict.reason,
            }
        )
    return _json({"events": verdicts})


async def inventory(desk: Desk, request: Request) -> Response:
    """Take a reading of the seller's own inventory of one game."""
    app = desk.app
    agent = await _agent(desk, request)
    body = wire.read(wire.Inventory, await _body(app, request))
    verdict = await reports.inventory_seen(app, agent, body.seen())
    return _json({"directive_id": body.directive_id, "accepted": verdict.accepted, "reason": verdict.reason})


async def offline(desk: Desk, request: Request) -> Response:
    """Hear good-bye: the seller is offline from now on."""
    app = desk.app
    agent = await _agent(desk, request)
    wire.read(wire.Nothing, await _body(app, request))
    async with app.db.transaction() as tx:
        await agents.left(tx, agent, app.real_now(), app.settings.heartbeat_ttl_seconds)
    return _json({"accepted": True})


async def unpair(desk: Desk, request: Request) -> Response:
    """Revoke the token that is used to ask for it."""
    app = desk.app
    agent = await _agent(desk, request)
    async with app.db.transaction() as tx:
        await agents.revoke(
            tx,
            agent,
            now=app.now(),
            real_now=app.real_now(),
            ttl_seconds=app.settings.heartbeat_ttl_seconds,
        )
    return _json({"accepted": True})


async def events(desk: Desk, request: Request) -> Response:
    """Open a stream of wake-ups: each says only that a heartbeat is worth it now."""
    app = desk.app
    agent = await _agent(desk, request)
    if agents.is_full(agent.account_id):
        raise TooManyRequests(int(KEEP_ALIVE_SECONDS))
    return StreamingResponse(
        _wake_ups(app, agent, _token(request)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _wake_ups(app: App, agent: Agent, token: str) -> AsyncIterator[bytes]:
    until = asyncio.get_running_loop().time() + STREAM_SECONDS
    with agents.waiting(agent.account_id) as woken:
        yield b": wake-ups follow\n\n"
        while asyncio.get_running_loop().time() < until:
            # Not wait_for: it swallows a cancellation that comes together with the event.
            with suppress(TimeoutError):
                async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                    await woken.wait()
            try:
                await agents.by_token(app.db, token)  # revoked meanwhile: it is told nothing more
            except (Refusal, DatabaseGone, DatabaseBusy):
                return
            is_wake = woken.is_set()
            woken.clear()  # before it is sent: who is woken while it is on its way is woken again
            yield b"event: wake\ndata: {}\n\n" if is_wake else b": still here\n\n"


async def unknown(desk: Desk, request: Request) -> Response:
    """Say that there is no such call."""
    raise UnknownRoute


Call = Callable[[Desk, Request], Awaitable[Response]]
CALLS: tuple[tuple[str, str, Call], ...] = (
    ("POST", f"{PREFIX}/pair", pair),
    ("POST", f"{PREFIX}/heartbeat", heartbeat),
    ("POST", f"{PREFIX}/directives/results", results),
    ("POST", f"{PREFIX}/trade-events", trade_events),
    ("POST", f"{PREFIX}/inventory", inventory),
    ("POST", f"{PREFIX}/offline", offline),
    ("DELETE", PREFIX, unpair),
    ("GET", f"{PREFIX}/events", events),
)


def routes(app: App) -> list[Route]:
    """Return every way into this dialect."""
    desk = Desk(app, Pace(app.settings.requests_per_minute))
    known = [Route(path, _handler(desk, path, call), methods=[method]) for method, path, call in CALLS]
    every = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    paths = (PREFIX, PREFIX + "/{rest:path}")
    return known + [Route(path, _handler(desk, path, unknown), methods=every) for path in paths]


# Manners ---------------------------------------------------------------------------------------------


def _handler(desk: Desk, path: str, call: Call) -> Callable[[Request], Awaitable[Response]]:
    """The dialect's manners: a refusal becomes its word; what is none is a bug, and not answered here."""

    async def handle(request: Request) -> Response:
        note(request.scope).route = path
        try:
            return await call(desk, request)
        except Refusal as refusal:
            note(request.scope).word = word_of(refusal)[1]
            return refused(refusal)
        except ClientDisconnect:
            return Response(status_code=400)
        except (DatabaseGone, DatabaseBusy) as error:
            logger.warning("agent_api_without_database", error=str(error))
            return _error(503, "try_again", "The market cannot reach its database; try again.", retry=1)

    return handle


def word_of(refusal: Refusal) -> tuple[int, str]:
    """Return the status and the word of a refusal, looked up along its parents."""
    return next(CODES[kind] for kind in type(refusal).__mro__ if kind in CODES)


def refused(refusal: Refusal) -> Response:
    """Return a refusal in this dialect's words."""
    status, word = word_of(refusal)
    more = {"field": refusal.field} if isinstance(refusal, Malformed) else {}
    retry = refusal.retry_after_seconds if isinstance(refusal, TooManyRequests) else None
    return _error(status, word, refusal.sentence, retry=retry, **more)


def _error(status: int, word: str, sentence: str, *, retry: int | None = None, **more: str) -> Response:
    answer = _json({"error": {"code": word, "message": sentence, **more}}, status)
    if retry is not None:
        answer.headers["Retry-After"] = str(retry)
    if status == 401:  # noqa: PLR2004 - HTTP's own number
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _json(value: Any, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(value),
        status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def _body(app: App, request: Request) -> bytes:
    return await receive_body(request.scope, request.receive, app.settings.body_bytes_max)


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def _agent(desk: Desk, request: Request) -> Agent:
    """Return whose token it is; raises Unauthenticated, and TooManyRequests for one that calls too often."""
    agent = await agents.by_token(desk.app.db, _token(request))
    note(request.scope).account_id = agent.account_id
    desk.pace.count(agent.id, desk.app.real_now())
    return agent


# Words -----------------------------------------------------------------------------------------------


async def _grants(app: App, agent: Agent) -> list[dict[str, Any]]:
    return [
        {
            "merchant_steamid": grant.merchant_steamid,
            "merchant_name": grant.merchant_name,
            "floor_bps": grant.floor_bps,
            "given_at": grant.given_at,
        }
        for grant in await agents.grants(app.db, agent.account_id)
    ]


def _directive(app: App, one: Directive) -> dict[str, Any]:
    return {
        **{name: value for name, value in one.body.items() if name != "asked_at"},
        "directive_id": one.id,
        "action": one.action,
        "trade_id": None if one.trade_id is None else str(one.trade_id),
        "lease_seconds": app.settings.lease_seconds,
    }


def _watched(row: Watched, now: datetime) -> dict[str, Any]:
    return {
        "trade_id": str(row.trade_id),
        "role": row.role,
        "state": row.state.value,
        "partner_steamid": row.partner_steamid,
        "items": [{"appid": row.appid, "contextid": str(row.contextid), "assetid": row.assetid, "amount": 1}],
        "message": directives.message_of(row.trade_id),
        "steam_tradeofferid": row.steam_tradeofferid,
        "steam_tradeid": row.steam_tradeid,
        "last_offer_code": row.last_offer_code,
        "new_assetid": row.new_assetid,
        "protected_until": row.protected_until,
        "axes": ["offer", "history"] if row.is_delivered else ["offer"],
        "poll_seconds": row.poll_seconds(now),
    }
