"""A stand-in for Stripe: it speaks its API as far as the market asks it, and has bad days when it is told to."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from tradepost.rules import stripe

SECRET_KEY, WEBHOOK_SECRET = "sk_test_4eC39H", "whsec_test_secret"


@dataclass
class StripeTill:
    """What it was asked, the sessions that it made, and what is wrong with it today."""

    url: str = ""
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)  # of the next requests, one each
    answers: dict[str, Any] = field(
        default_factory=dict
    )  # of sessions that it begins: otherwise than it should
    meanwhile: Callable[[], Awaitable[object]] | None = None  # between what it does and its answer

    async def begin(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/checkout/sessions"""
        return await self._with_faults(request, self._begin)

    async def look(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/checkout/sessions/{id}"""
        return await self._with_faults(request, self._look)

    async def _with_faults(self, request: web.Request, handle: Any) -> web.StreamResponse:
        self.asked.append((request.method, request.path, dict(request.headers)))
        if request.headers.get("Authorization") != f"Bearer {SECRET_KEY}":
            return _error(401, "invalid_request_error", None)
        fault = self.faults.pop(0) if self.faults else ""
        if fault.isdecimal():
            return _error(int(fault), "api_error", "lock_timeout" if fault == "409" else None)
        answer: web.StreamResponse = await handle(request)
        if self.meanwhile is not None:
            await self.meanwhile()
        if fault == "done, and then 500":
            return _error(500, "api_error", None)
        if fault == "done, and then silence":
            await asyncio.sleep(3_600)
        if fault == "nonsense":
            return web.Response(body=b"<html>hello", content_type="text/html")
        if fault == "endless":
            return web.Response(body=b"x" * 1_000_000)
        if fault == "elsewhere":
            raise web.HTTPFound("https://evil.example/")
        return answer

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        assert request.content_type == "application/x-www-form-urlencoded"
        asked = _nested(dict(await request.post()))
        key = request.headers["Idempotency-Key"]
        if key in self.keys:
            before, made = self.keys[key]
            if before != asked:
                return _error(400, "idempotency_error", None)
            return web.json_response(made, headers={"Idempotent-Replayed": "true"})
        (line,) = asked["line_items"].values()
        name = f"cs_test_{secrets.token_hex(16)}"
        made = {
            "id": name, "object": "checkout.session", "client_reference_id": asked["client_reference_id"],
            "amount_total": int(line["price_data"]["unit_amount"]) * int(line["quantity"]),
            "currency": line["price_data"]["currency"], "livemode": False, "status": "open", "payment_status": "unpaid",
            "payment_intent": None, "metadata": asked["metadata"], "url": f"https://checkout.stripe.com/c/pay/{name}#fid",
            "success_url": asked["success_url"], "cancel_url": asked["cancel_url"], "mode": asked["mode"],
        } | self.answers  # fmt: skip
        self.keys[key], self.sessions[name] = (asked, made), made
        return web.json_response(made)

    async def _look(self, request: web.Request) -> web.StreamResponse:
        found = self.sessions.get(request.match_info["id"])
        return (
            _error(404, "invalid_request_error", "resource_missing")
            if found is None
            else web.json_response(found)
        )

    # What its users do, and what it says of it -----------------------------------------------------------

    @property
    def newest(self) -> dict[str, Any]:
        return list(self.sessions.values())[-1]

    def pay(self, session: dict[str, Any] | None = None, **otherwise: Any) -> dict[str, Any]:
        """Somebody pays; the session as it is then."""
        paid = {"status": "complete", "payment_status": "paid", "payment_intent": "pi_1", "url": None}
        found = session or self.newest
        found.update(paid | otherwise)
        return found


def event(kind: str, found: dict[str, Any], **more: Any) -> bytes:
    """An event as it is sent."""
    return msgspec.json.encode(
        {"id": f"evt_{secrets.token_hex(8)}", "object": "event", "type": kind, "livemode": False, "data": {"object": found}} | more
    )  # fmt: skip


def signed(body: bytes, seconds: int, secret: str = WEBHOOK_SECRET) -> str:
    """The header that comes with a body."""
    return f"t={seconds},v1={stripe.sign(secret, seconds, body)},v0=ignored"


def _error(status: int, kind: str, code: str | None) -> web.Response:
    error = {"type": kind, "message": "It says so."} | ({"code": code} if code else {})
    headers = {"Retry-After": "0"} if status == 429 else {}
    return web.json_response({"error": error}, status=status, headers=headers)


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    """A form's names in brackets, as the objects that they mean."""
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        first, *rest = re.split(r"\]?\[|\]", name.rstrip("]"))
        at, parts = tree, [first, *rest]
        for part in parts[:-1]:
            at = at.setdefault(part, {})
        at[parts[-1]] = value
    return tree


@asynccontextmanager
async def stripe_till() -> AsyncIterator[StripeTill]:
    till = StripeTill()
    app = web.Application()
    app.router.add_post("/v1/checkout/sessions", till.begin)
    app.router.add_get("/v1/checkout/sessions/{id}", till.look)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    till.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield till
    await runner.cleanup()
