"""Stripe: asked for checkouts, and heard of by its webhooks, which are believed by their signature alone.

A question is sent again under the same Idempotency-Key where its answer is not known, so that nothing is made twice. What
it says becomes a deposit in `checkouts`, where it may come twice, late, and in any order.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec

from tradepost import log
from tradepost.config import Settings
from tradepost.rules import stripe
from tradepost.rules.stripe import Unreadable, Word

API_VERSION = "2024-06-20"  # what its answers look like is pinned, whatever the account's default is
ANSWER_BYTES_MAX = 262_144
ANSWER_SECONDS = 10.0
TRIES = 3
WAITS_SECONDS = (0.2, 0.8)  # between the tries, with somebody waiting for the answer
WAIT_SECONDS_MAX = 2.0  # of what its Retry-After asks for
AGAIN = frozenset({409, 429, 500, 502, 503, 504})

logger = log.get(__name__)


class Refused(Exception):
    """Stripe did not do it, and will not; the text is a clause for a log."""


class Silent(Exception):
    """Whether Stripe did it is not known."""


@dataclass(frozen=True, slots=True)
class Stripe:
    """The way to Stripe's API, with this market's key."""

    secret_key: str
    url: str

    async def begin(self, name: str, cents: int, account: str, back_url: str) -> Word:
        """Ask for a checkout session; once more with the same name is the same session. Raises Refused or Silent."""
        body = stripe.checkout_form(name, cents, account, back_url)
        return _read(await self._ask("POST", "/v1/checkout/sessions", body=body, key=name))

    async def look(self, session: str) -> Word:
        """Ask what became of a checkout session. Raises Refused or Silent."""
        return _read(await self._ask("GET", f"/v1/checkout/sessions/{session}"))

    async def _ask(self, method: str, path: str, *, body: bytes | None = None, key: str = "") -> Any:
        headers = {
            "Authorization": f"Bearer {self.secret_key}",
            "Stripe-Version": API_VERSION,
            "Accept-Encoding": "identity",
            "User-Agent": "tradepost",
        }
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Idempotency-Key": key}
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        said = "it could not be asked"
        async with aiohttp.ClientSession(
            timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        ) as http:
            for trial in range(TRIES):
                try:
                    async with http.request(
                        method, self.url + path, data=body, headers=headers, allow_redirects=False
                    ) as answer:
                        status, found = answer.status, await _body(answer)
                        again = answer.headers.get("Retry-After", "")
                except (aiohttp.ClientError, TimeoutError, OSError) as error:
                    said, again = f"it could not be asked ({type(error).__name__})", ""
                else:
                    if status == 200:  # noqa: PLR2004 - HTTP's own number
                        return _decoded(found)
                    said = f"it answered {status} ({_code(found)})"
                    if status not in AGAIN:
                        raise Refused(said)
                if trial + 1 < TRIES:
                    await asyncio.sleep(_wait_seconds(trial, again))
        raise Silent(said)


def way(settings: Settings) -> Stripe | None:
    """Return the way to Stripe, where its key is set."""
    return Stripe(settings.stripe_secret_key, settings.stripe_api_url) if settings.stripe_secret_key else None


def decode(body: bytes) -> Any:
    """Return what a webhook's body says; raises Unreadable for one that is no JSON."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unreadable("it is no JSON") from None


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    kept = bytearray()
    async for piece in answer.content.iter_any():
        kept += piece
        if len(kept) > ANSWER_BYTES_MAX:
            return b""  # nothing that long is an answer to what is asked here
    return bytes(kept)


def _wait_seconds(trial: int, retry_after: str) -> float:
    """How long to wait before the next try: what it asks for, within what somebody waits for."""
    asked = int(retry_after) if re.fullmatch(r"[0-9]{1,3}", retry_after, re.ASCII) else 0
    return min(max(WAITS_SECONDS[trial], asked), WAIT_SECONDS_MAX)


def _decoded(body: bytes) -> Any:
    try:
        return decode(body)
    except Unreadable as fault:
        raise Silent(f"its answer cannot be read: {fault}") from None


def _read(found: Any) -> Word:
    try:
        return stripe.read_session(found)
    except Unreadable as fault:
        raise Silent(f"its answer cannot be read: {fault}") from None


def _code(body: bytes) -> str:
    """Stripe's own word for what is wrong, which repeats nothing that was sent."""
    try:
        error = msgspec.json.decode(body).get("error")
        word = error.get("code") or error.get("type")
    except (msgspec.DecodeError, AttributeError):
        return "no reason"
    return word[:64] if isinstance(word, str) and word.isascii() and word.isprintable() else "no reason"
