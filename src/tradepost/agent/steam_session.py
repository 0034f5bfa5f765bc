"""SteamTradeSession: the few things the agent does and reads on Steam, as one account.

Two writes (make an offer, cancel one) and, where the user gave the secret, the confirmation of an own offer.
Nothing here accepts, counters or declines anything.
"""

import base64
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import aiohttp

from tradepost.agent import steam_wire as wire
from tradepost.agent.credentials import SteamSession
from tradepost.agent.errors import SignedOut, SteamBusy, SteamSilent
from tradepost.agent.steam_answers import (
    Asset,
    Exchange,
    Refused,
    SendOutcome,
    Sent,
    SteamOffer,
    Unknown,
    read_complaint,
)

BODY_BYTES_MAX = 16 * 2**20
PAGES_MAX = 200  # of offers
HISTORY_PAGES_MAX = 20
HISTORY_PAGE = 100  # Steam's most for a token
INVENTORY_PAGES_MAX = 15
INVENTORY_PAGE = 2_000
CONNECT_SECONDS = 5.0
QUIET_SECONDS = 60.0  # after a 429 without Retry-After
QUIET_SECONDS_MAX = 1_800.0
OK, UNAUTHORIZED, FORBIDDEN, TOO_MANY_REQUESTS = 200, 401, 403, 429
_REDIRECTS = (301, 302, 303, 307, 308)
_HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; tradepost-agent)", "Accept-Encoding": "gzip, deflate"}
TRADE_KIND = 2  # of a confirmation
NO_MATCH = 42  # Steam's EResult for an id that it does not know


@dataclass(frozen=True, slots=True)
class Reply:
    """What Steam answered, whole."""

    status: int
    body: bytes
    eresult: int | None = None


@dataclass(frozen=True, slots=True)
class Holds:
    """For how many seconds Steam would hold a trade because of either side."""

    mine_seconds: int
    theirs_seconds: int


class SteamTradeSession:
    """Acts on Steam as the account of a session; every read may raise SignedOut, SteamSilent or SteamBusy."""

    def __init__(
        self, session: SteamSession, *, community_url: str, api_url: str, timeout_seconds: float
    ) -> None:
        self.steamid = session.steamid
        self._session = session
        self._community_url = community_url
        self._api_url = api_url
        self._http = aiohttp.ClientSession(
            # No jar: what Steam sets is not ours to keep, and what is ours goes to Steam's pages alone.
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=timeout_seconds, connect=CONNECT_SECONDS),
            headers=_HEADERS,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()

    # --- reads ---------------------------------------------------------------------------------------
    async def check(self) -> None:
        """Ask the cheapest question that only a live session is answered."""
        await self._econ("GetTradeOffersSummary", {"time_last_visit": "0"}, "the session")

    async def sent_offers(self, changed_since: datetime | None) -> list[SteamOffer]:
        """Return every own offer that is open or changed since a time; all there ever were, without one.

        All pages or none: a list that may lack one is not returned.
        """
        params = {"get_sent_offers": "1", "get_received_offers": "0", "get_descriptions": "0"}
        if changed_since is not None:
            cutoff = str(max(0, int(changed_since.timestamp())))
            params |= {"active_only": "1", "time_historical_cutoff": cutoff}
        found: dict[str, SteamOffer] = {}
        cursor = 0
        for _ in range(PAGES_MAX):
            body = await self._econ("GetTradeOffers", params | {"cursor": str(cursor)}, "the sent offers")
            page = wire.response(wire.Offers, body, "the sent offers")
            if not page.trade_offers_sent and page.next_cursor is None:
                raise SteamSilent("Steam does not say which offers were sent")
            rows = wire.offers(page.trade_offers_sent or wire.NOTHING)
            found |= {offer.id: offer for offer in rows if offer.is_ours}
            if not page.next_cursor:
                return list(found.values())
            if page.next_cursor == cursor:
                break
            cursor = page.next_cursor
        raise SteamSilent("Steam's list of sent offers has no end")

    async def offer(self, offer_id: str) -> SteamOffer | None:
        """Return one offer, or None if Steam does not know it or does not show it."""
        body = await self._econ("GetTradeOffer", {"tradeofferid": offer_id}, "an offer")
        raw = wire.response(wire.OneOffer, body, "an offer").offer
        return None if raw is None else wire.offer(raw)

    async def exchange(self, tradeid: str) -> Exchange | None:
        """Return one exchange, or None if Steam does not know it."""
        body = await self._econ("GetTradeStatus", {"tradeid": tradeid}, "an exchange")
        rows = wire.exchanges(wire.response(wire.Exchanges, body, "an exchange").trades)
        return next((row for row in rows if row.tradeid == tradeid), None)

    async def history(self, since: datetime) -> AsyncIterator[Exchange]:
        """Give the exchanges since a time, newest first; rows that undo others are among them."""
        start: dict[str, str] = {}
        for _ in range(HISTORY_PAGES_MAX):
            params = {"max_trades": str(HISTORY_PAGE), "get_descriptions": "0", "include_failed": "1"}
            body = await self._econ("GetTradeHistory", params | start, "the history")
            page = wire.response(wire.Exchanges, body, "the history")
            rows = list(wire.exchanges(page.trades))
            for row in rows:
                yield row
            last = rows[-1].begun_at if rows else None
            if not page.more or last is None or last < since:
                return
            start = {
                "start_after_time": str(int(last.timestamp())),
                "start_after_tradeid": rows[-1].tradeid,
            }

    async def holds(self, partner_steamid: str, trade_token: str) -> Holds | None:
        """Return how long Steam would hold a trade, or None where it does not say."""
        params = {"steamid_target": partner_steamid, "trade_offer_access_token": trade_token}
        body = await self._econ("GetTradeHoldDurations", params, "holds")
        found = wire.response(wire.Holds, body, "holds")
        if found.my_escrow is None or found.their_escrow is None:
            return None
        return Holds(
            found.my_escrow.escrow_end_duration_seconds, found.their_escrow.escrow_end_duration_seconds
        )

    async def inventory(self, appid: int, contextid: str) -> tuple[list[str], bool]:
        """Return the assets in an own inventory, and whether that is all of them."""
        params = {"steamid": self.steamid, "appid": str(appid), "contextid": contextid}
        params |= {"get_descriptions": "0", "count": str(INVENTORY_PAGE)}
        found: dict[str, None] = {}
        for _ in range(INVENTORY_PAGES_MAX):
            body = await self._econ("GetInventoryItemsWithDescriptions", params, "the inventory")
            page = wire.response(wire.Inventory, body, "the inventory")
            if page.total_inventory_count is None:  # an answer without a count is no answer, nor an empty one
                raise SteamSilent("Steam does not say what is in the inventory")
            found |= dict.fromkeys(wire.assetids(page.assets))
            if not page.more_items:
                return list(found), True
            if page.last_assetid is None or str(page.last_assetid) == params.get("start_assetid"):
                break
            params["start_assetid"] = str(page.last_assetid)
        return list(found), False

    # --- writes --------------------------------------------------------------------------------------
    async def send_offer(
        self, partner_steamid: str, trade_token: str, items: tuple[Asset, ...], message: str
    ) -> SendOutcome:
        """Ask Steam to make an offer of own items for nothing. Whatever goes wrong is an outcome, not an error."""
        account = int(partner_steamid) - wire.STEAMID_BASE
        referer = f"{self._community_url}/tradeoffer/new/?partner={account}&token={trade_token}"
        assets = [
            {"appid": item.appid, "contextid": item.contextid, "amount": item.amount, "assetid": item.assetid}
            for item in items
        ]
        sides = {
            "newversion": True,
            "version": len(assets) + 1,
            "me": {"assets": assets, "currency": [], "ready": False},
            "them": {"assets": [], "currency": [], "ready": False},
        }
        form = {
            "sessionid": self._session.sessionid,
            "serverid": "1",
            "partner": partner_steamid,
            "tradeoffermessage": message,
            "json_tradeoffer": json.dumps(sides, separators=(",", ":")),
            "captcha": "",
            "trade_offer_create_params": json.dumps({"trade_offer_access_token": trade_token}),
        }
        try:
            reply = await self._community("POST", "/tradeoffer/new/send", form=form, referer=referer)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return Unknown("timeout_unknown", f"no answer ({type(error).__name__})")
        except SteamBusy as error:
            return Unknown("timeout_unknown", str(error), TOO_MANY_REQUESTS)
        except SteamSilent as error:
            return Unknown("timeout_unknown", str(error))
        return _read_sent(reply)

    async def cancel_offer(self, offer_id: str) -> bool:
        """Ask Steam to cancel an own offer; whether it said yes. What became of it is for a look to say."""
        form = {"sessionid": self._session.sessionid}
        referer = f"{self._community_url}/profiles/{self.steamid}/tradeoffers/sent/"
        path = f"/tradeoffer/{offer_id}/cancel"
        reply = await self._signed_in("POST", path, "a cancel", form=form, referer=referer)
        return reply.status == OK and wire.read(wire.Done, reply.body, "cancelling").tradeofferid is not None

    async def confirm_offer(self, offer_id: str, identity_secret: str) -> bool:
        """Confirm an own offer as the phone would; whether Steam said yes."""
        found = await self._mobile("getlist", {}, "list", identity_secret)
        waiting = wire.read(wire.Confirmations, found.body, "confirmations")
        if waiting.needauth:
            raise SignedOut("Steam does not take the identity_secret, or wants a new sign-in")
        for one in waiting.conf:
            if one.type == TRADE_KIND and str(one.creator_id) == offer_id:
                words = {"op": "allow", "cid": str(one.id), "ck": str(one.nonce)}
                reply = await self._mobile("ajaxop", words, "accept", identity_secret)
                return wire.read(wire.Confirmations, reply.body, "a confirmation").success
        return False

    async def _mobile(self, verb: str, words: Mapping[str, str], tag: str, secret: str) -> Reply:
        moment = await self._steam_time()
        key = hmac.digest(base64.b64decode(secret), moment.to_bytes(8, "big") + tag.encode(), "sha1")
        params = {
            "p": f"android:{self.steamid}",
            "a": self.steamid,
            "k": base64.b64encode(key).decode(),
            "t": str(moment),
            "m": "react",
            "tag": tag,
            **words,
        }
        reply = await self._signed_in("GET", f"/mobileconf/{verb}", "confirmations", params=params)
        if reply.status != OK:
            raise SteamSilent(f"Steam answered {reply.status} about confirmations")
        return reply

    async def _steam_time(self) -> int:
        body = await self._api("POST", "/ITwoFactorService/QueryTime/v1/", {"steamid": "0"}, "the time")
        seconds = str(wire.response(wire.ServerTime, body, "the time").server_time)
        if not seconds.isdecimal():
            raise SteamSilent("Steam does not say what time it is")
        return int(seconds[:12])

    # --- requests ------------------------------------------------------------------------------------
    async def _econ(self, method: str, params: Mapping[str, str], what: str) -> bytes:
        token = {"access_token": self._session.access_token}
        return await self._api("GET", f"/IEconService/{method}/v1/", {**token, **params}, what)

    async def _api(self, method: str, path: str, params: Mapping[str, str], what: str) -> bytes:
        try:
            reply = await self._ask(method, self._api_url + path, params=params)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            # Only its kind: the text of some of them holds the address, and the address holds the token.
            raise SteamSilent(f"Steam gave no answer about {what} ({type(error).__name__})") from None
        if reply.status in (UNAUTHORIZED, FORBIDDEN):
            raise SignedOut("Steam does not take the access token any more")
        # 2 is on many an answer that is whole. Any other complaint comes with an empty answer, which must not
        # be taken for an empty list; only of one offer or one exchange it means that there is none.
        if reply.status != OK or reply.eresult not in (None, 1, 2, NO_MATCH):
            raise SteamSilent(f"Steam answered {reply.status} ({reply.eresult or 0}) about {what}")
        return reply.body

    async def _signed_in(self, method: str, path: str, what: str, **parts: Any) -> Reply:
        """Ask the community pages for what only a live session is given."""
        try:
            reply = await self._community(method, path, **parts)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise SteamSilent(f"Steam gave no answer about {what} ({type(error).__name__})") from None
        if reply.status in (UNAUTHORIZED, FORBIDDEN, *_REDIRECTS):
            raise SignedOut("Steam wants a new sign-in")
        return reply

    async def _community(
        self,
        method: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        referer: str | None = None,
    ) -> Reply:
        headers = {"Cookie": self._session.cookie, "Origin": self._community_url}
        if referer is not None:
            headers["Referer"] = referer
        return await self._ask(method, self._community_url + path, form=form, params=params, headers=headers)

    async def _ask(self, method: str, url: str, **parts: Any) -> Reply:
        form = parts.pop("form", None)
        async with self._http.request(method, url, data=form, allow_redirects=False, **parts) as response:
            if response.status == TOO_MANY_REQUESTS:
                raise SteamBusy(_quiet_seconds(response.headers.get("Retry-After", "")))
            body = bytearray()
            async for chunk in response.content.iter_chunked(65_536):
                body += chunk
                if len(body) > BODY_BYTES_MAX:
                    response.close()
                    raise SteamSilent("Steam's answer is longer than an answer can be")
            eresult = response.headers.get("X-eresult", "")
            number = int(eresult) if eresult.isascii() and eresult.isdigit() else None
            return Reply(response.status, bytes(body), number)


def _read_sent(reply: Reply) -> SendOutcome:
    """Return what Steam's answer to /tradeoffer/new/send means."""
    if reply.status in (UNAUTHORIZED, FORBIDDEN, *_REDIRECTS):
        return Refused("not_logged_in", "Steam wants a new sign-in", reply.status)
    try:
        if reply.status == OK:
            made = wire.read(wire.Made, reply.body, "the new offer")
            wants = made.needs_mobile_confirmation or made.needs_email_confirmation
            return Sent(wire.digits(made.tradeofferid), wants)
        complaint = wire.read(wire.Complaint, reply.body, "the new offer")
    except SteamSilent as error:
        return Unknown("timeout_unknown", str(error), reply.status)
    return read_complaint(complaint.strError, reply.status)


def _quiet_seconds(retry_after: str) -> float:
    if retry_after.isascii() and retry_after.isdigit():
        return min(max(1.0, float(int(retry_after[:9]))), QUIET_SECONDS_MAX)
    return QUIET_SECONDS
