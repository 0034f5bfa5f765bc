"""A small client of the Tradepost merchant API, v2: one file, the standard library alone, Python 3.9 or newer.

Copy it beside your code. It does what is easy to get wrong: every write carries an Idempotency-Key and is repeated
with the same key when the connection breaks, so nothing is bought or listed twice; prices stay texts or Decimals and
never become floats; a stream goes on where it broke off; a notice is believed only with its signature.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

ATTEMPTS = 5  # of one call, before its failure is told
TOLERANCE_SECONDS = 300  # how old a notice may be
PAGE = 15_000  # the most rows that a page has
LATER = {429, 500, 502, 503, 504}  # answers after which the same call may be sent again
NOT_MODIFIED = 304
KNOWN_MAX = 64  # answers that are kept to be asked for again by their ETag


class Refused(Exception):
    """The market said no: `code` is for the program, `details` for a person."""

    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        self.status = status
        self.answer = dict(answer)
        self.code = str(answer.get("error_message", "internal_error"))
        self.details = str(answer.get("error_details", ""))
        super().__init__(f"{self.code}: {self.details}")


class Unreachable(Exception):
    """The market did not answer; a write may have been done, and can be sent again with the same key."""


class Tradepost:
    """The API of one market, called with one token."""

    def __init__(self, base_url: str, token: str, *, timeout_seconds: float = 30) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise ValueError("base_url must begin with http:// or https://")
        self._base = base_url.rstrip("/") + "/api/v2"
        self._token = token
        self._timeout = timeout_seconds
        self._known: dict[str, tuple[str, Any]] = {}  # URL to its ETag and what was answered

    # Looking ---------------------------------------------------------------------------------------------------

    def balance(self) -> dict[str, Any]:
        """What was earned (`balance`) and what there is for buying (`deposit_balance`), as texts in USD."""
        data: dict[str, Any] = self.call("GET", "/account/balance")["data"]
        return data

    def inventory(self, steamid: str, project: str = "csgo") -> list[dict[str, Any]]:
        """What a user has on Steam and what the market would take for it; needs the user's grant."""
        rows: list[dict[str, Any]] = self.call(
            "GET", "/account/inventory", {"steamid": steamid, "project": project}
        )["data"]
        return rows

    def items(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """Every item on sale that the filters let through (`project`, `search`, `price_to`, ...), page by page."""
        yield from self._pages("/items", filters)

    def item(self, id_: int | str) -> dict[str, Any]:
        """One item on sale, with `is_seller_online`."""
        data = self.call("GET", f"/items/{quote(str(id_), safe='')}")["data"]
        return {**data["item"], "is_seller_online": data["is_seller_online"]}

    def prices(self, project: str = "csgo") -> list[dict[str, Any]]:
        """The cheapest price, the number of offers and the Steam price of each name; cheap to ask often."""
        rows: list[dict[str, Any]] = self.call("GET", "/prices", {"project": project})["data"]
        return rows

    def offers(self, steamid: str | None = None) -> Iterator[dict[str, Any]]:
        """What you have on sale, for one of your users or all."""
        yield from self._pages("/offers", {"steamid": steamid})

    def operations(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """Your trades, newest first (`custom_ids`, `states`, `date_from`, ...)."""
        yield from self._pages("/operations", {"limit": 4000, **filters})

    def trade(self, custom_id: str) -> dict[str, Any] | None:
        """The trade that was bought under a custom id, as it is now."""
        return next(self.operations(custom_ids=[custom_id]), None)

    # Doing -----------------------------------------------------------------------------------------------------

    def buy(
        self,
        id_: int | str,
        steamid: str,
        trade_token: str,
        *,
        custom_id: str,
        price: str | Decimal | None = None,
    ) -> dict[str, Any]:
        """Buy an item for a user, at `price` or less; the same custom id again is the same purchase."""
        asked = {"id": str(id_), "steamid": steamid, "trade_token": trade_token, "custom_id": custom_id}
        if price is not None:
            asked["price"] = str(price)
        data: dict[str, Any] = self.call("POST", "/buy", asked)["trade_data"]
        return data

    def sell(self, steamid: str, offers: Sequence[Mapping[str, Any]]) -> list[int]:
        """Put items of a user on sale (`id` of the asset, `price`, `project`): all of them, or none."""
        ids: list[int] = self.call("POST", "/offers", {"steamid": steamid, "offers": list(offers)})[
            "created_bid_ids"
        ]
        return ids

    def reprice(self, steamid: str, offers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Give offers (`id`, `price`, `currency`) new prices; each row says for itself whether it worked."""
        bids: list[dict[str, Any]] = self.call(
            "PATCH", "/offers", {"steamid": steamid, "offers": list(offers)}
        )["bids"]
        return bids

    def cancel(self, steamid: str, ids: Sequence[int | str]) -> dict[str, Any]:
        """Take offers off sale: `cancelled_items`, and `not_cancelled_items` with the reason."""
        return self.call("DELETE", "/offers", {"steamid": steamid, "item_ids": [str(one) for one in ids]})

    # Following -------------------------------------------------------------------------------------------------

    def stream(self, last_event_id: str | None = None, **filters: Any) -> Iterator[tuple[str, str, Any]]:
        """What happens from now on, as (id, event, data), without end; give the last id to go on from there."""
        quiet = 0
        while True:
            try:
                headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
                with self._open("GET", self._url("/stream", filters), None, headers) as lines:
                    for id_, event, data in _events(lines):
                        quiet, last_event_id = 0, id_ or last_event_id
                        yield last_event_id or "", event, data
            except HTTPError as error:
                if error.code not in LATER:
                    raise _refused(error) from None
                time.sleep(_pause(quiet, error.headers.get("Retry-After")))
            except (OSError, HTTPException):
                time.sleep(_pause(quiet, None))
            quiet += 1

    # The way there ---------------------------------------------------------------------------------------------

    def call(self, method: str, path: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One call; raises Refused, or Unreachable when five attempts got no answer."""
        sent = {name: value for name, value in (parameters or {}).items() if value is not None}
        headers, body = {}, None
        if method == "GET":
            url = self._url(path, sent)
            if url in self._known:
                headers["If-None-Match"] = self._known[url][0]
        else:
            url = self._url(path, {})
            headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
            body = json.dumps(sent, default=str).encode()
        for attempt in range(ATTEMPTS):
            try:
                with self._open(method, url, body, headers) as answer:
                    content: dict[str, Any] = json.loads(answer.read(), parse_float=Decimal)
                    if method == "GET" and answer.headers.get("ETag"):
                        if len(self._known) >= KNOWN_MAX:
                            self._known.clear()
                        self._known[url] = (answer.headers["ETag"], content)
                    return content
            except HTTPError as error:
                if error.code == NOT_MODIFIED:
                    known: dict[str, Any] = self._known[url][1]
                    return known
                if error.code not in LATER or attempt == ATTEMPTS - 1:
                    raise _refused(error) from None
                pause = _pause(attempt, error.headers.get("Retry-After"))
            except (OSError, HTTPException, ValueError) as error:
                if attempt == ATTEMPTS - 1:
                    raise Unreachable(str(error)) from error
                pause = _pause(attempt, None)
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _pages(self, path: str, filters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        asked = {"limit": PAGE, **filters}
        offset = int(asked.pop("offset", 0))
        while True:
            page = self.call("GET", path, {**asked, "offset": offset})
            yield from page["data"]
            offset += len(page["data"])
            if not page["data"] or offset >= page["metadata"]["total"]:
                return

    def _url(self, path: str, parameters: Mapping[str, Any]) -> str:
        pairs = [
            (
                f"{name}[]" if isinstance(value, (list, tuple)) else name,
                int(one) if one is True or one is False else one,
            )
            for name, value in parameters.items()
            if value is not None
            for one in (value if isinstance(value, (list, tuple)) else [value])
        ]
        return self._base + path + (f"?{urlencode(pairs)}" if pairs else "")

    def _open(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Any:
        headers = {"Token": self._token, "User-Agent": "tradepost-python/1", **headers}
        request = Request(url, body, headers, method=method)  # noqa: S310 - the constructor looked at the scheme
        return urlopen(request, timeout=self._timeout)  # noqa: S310


def verified(secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> Any:
    """The content of a notice (Standard Webhooks); raises ValueError unless the market signed just that, just now."""
    sent = {name.lower(): value for name, value in headers.items()}
    id_, timestamp = sent.get("webhook-id", ""), sent.get("webhook-timestamp", "")
    key = base64.b64decode(secret[len("whsec_") :] if secret.startswith("whsec_") else secret)
    right = base64.b64encode(hmac.digest(key, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256))
    given = [one[3:].encode() for one in sent.get("webhook-signature", "").split() if one.startswith("v1,")]
    if not any(hmac.compare_digest(one, right) for one in given):
        raise ValueError("The signature is not the market's.")
    if abs((time.time() if now is None else now) - int(timestamp)) > TOLERANCE_SECONDS:
        raise ValueError("The notice is too old, or this clock is wrong.")
    return json.loads(body, parse_float=Decimal)


def _refused(error: HTTPError) -> Refused:
    try:
        answer = json.loads(error.read())
    except ValueError:
        answer = {}
    return Refused(error.code, answer if isinstance(answer, dict) else {})


def _pause(attempt: int, retry_after: str | None) -> float:
    """Seconds to wait before the next attempt: what the market asks for, else a little longer each time."""
    if retry_after is not None and retry_after.isdecimal():
        return min(float(retry_after), 60.0)
    return min(0.25 * (1 << attempt), 8.0)


def _events(lines: Any) -> Iterator[tuple[str, str, Any]]:
    """Server-sent events, as (id, event, data)."""
    id_, event, data = "", "message", list[str]()
    for raw in lines:
        line = raw.decode().rstrip("\r\n")
        name, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if not line:
            if data:
                yield id_, event, json.loads("\n".join(data), parse_float=Decimal)
            event, data = "message", []
        elif name == "id":
            id_ = value
        elif name == "event":
            event = value
        elif name == "data":
            data.append(value)
