"""A customer: signs in to the simulated Steam, looks at his trade offers and answers them after a human while.

Beside him a phone: it says yes for a player whose program asks Steam to send, as that player has no phone to tap on.
"""

import asyncio
import random
from typing import Any

import aiohttp

from tradepost import log
from tradepost.steam.ids import steamid_of

POLL_SECONDS = 2.5
PHONE_SECONDS = 3.0
EAGER_POLL_SECONDS = 1.0
THINK_SECONDS = (2.0, 6.0)
EAGER_THINK_SECONDS = (0.5, 1.5)
DECLINES_ONE_IN = 80
DECLINES_MAX = 1  # in the life of a process: three in a day would get him banned
ACTIVE = 2  # in Steam's list of states
OK, UNAUTHORIZED, FORBIDDEN = 200, 401, 403

logger = log.get(__name__)


class Phone:
    """The phone of a player, on which everything that Steam asks is confirmed."""

    def __init__(self, http: aiohttp.ClientSession, steam_url: str, steamid: str) -> None:
        self._http, self._url = http, f"{steam_url}/_sim/users/{steamid}/confirm"

    async def attend(self) -> float:
        """Say yes to what is asked; return after how many seconds to look again."""
        async with self._http.post(self._url) as answer:
            answer.raise_for_status()
        return PHONE_SECONDS


class Customer:
    """Somebody who receives what was bought for him."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        steam_url: str,
        steamid: str,
        dice: random.Random,
        *,
        is_eager: bool = False,
    ) -> None:
        self._http, self._steam_url, self.steamid, self._dice = http, steam_url, steamid, dice
        self._is_eager = is_eager  # the merchant's own customer in the tour: he hurries, and never declines
        self._session: dict[str, Any] | None = None
        self._answer_at: dict[str, float] = {}
        self._declined = 0

    async def attend(self) -> float:
        """Answer the offers whose time has come; return after how many seconds to look again."""
        now = asyncio.get_running_loop().time()
        offers = {offer["tradeofferid"]: offer for offer in await self._received()}
        self._answer_at = {number: at for number, at in self._answer_at.items() if number in offers}
        for number, offer in offers.items():
            at = self._answer_at.setdefault(number, now + self._dice.uniform(*self._think_seconds))
            if at <= now:
                del self._answer_at[number]
                await self._answer(number, offer)
        return EAGER_POLL_SECONDS if self._is_eager else POLL_SECONDS

    @property
    def _think_seconds(self) -> tuple[float, float]:
        return EAGER_THINK_SECONDS if self._is_eager else THINK_SECONDS

    async def _received(self) -> list[dict[str, Any]]:
        """The offers that wait for him and want nothing of his."""
        session = await self._signed_in()
        query = {
            "access_token": session["access_token"],
            "get_received_offers": "1",
            "active_only": "1",
        }
        async with self._http.get(
            f"{self._steam_url}/IEconService/GetTradeOffers/v1/", params=query
        ) as answer:
            if answer.status in {UNAUTHORIZED, FORBIDDEN}:
                self._session = None  # it ran out; the next look signs in anew
                return []
            answer.raise_for_status()
            received = (await answer.json())["response"].get("trade_offers_received", [])
        return [
            offer
            for offer in received
            if offer["trade_offer_state"] == ACTIVE and not offer.get("items_to_give")
        ]

    async def _answer(self, number: str, offer: dict[str, Any]) -> None:
        session = await self._signed_in()
        partner = steamid_of(offer["accountid_other"])
        deed = "decline" if self._is_declining() else "accept"
        form = {
            "sessionid": session["sessionid"],
            "serverid": "1",
            "tradeofferid": number,
            "partner": partner,
        }
        headers = {
            "Referer": f"{self._steam_url}/tradeoffer/{number}/",
            "Cookie": "; ".join(session["cookies"]),
        }
        url = f"{self._steam_url}/tradeoffer/{number}/{deed}"
        async with self._http.post(url, data=form, headers=headers) as answer:
            event = "offer_answered" if answer.status == OK else "offer_not_answered"
            logger.info(event, steamid=self.steamid, offer=number, deed=deed, status=answer.status)
            if answer.status in {UNAUTHORIZED, FORBIDDEN}:
                self._session = None

    def _is_declining(self) -> bool:
        if self._is_eager or self._declined >= DECLINES_MAX or self._dice.randrange(DECLINES_ONE_IN):
            return False
        self._declined += 1
        return True

    async def _signed_in(self) -> dict[str, Any]:
        if self._session is None:
            async with self._http.post(f"{self._steam_url}/_sim/users/{self.steamid}/login") as answer:
                answer.raise_for_status()
                self._session = await answer.json()
        return self._session
