"""SteamClient: what the market asks Steam over HTTP; each answer is a value that says what kind it is."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

import aiohttp

from tradepost.rules.games import Game
from tradepost.steam.answers import (
    HoldAnswer,
    HoldUnknown,
    Inventory,
    InventoryAnswer,
    MarketAnswer,
    PersonAnswer,
    PriceAnswer,
    Private,
    Profile,
    Profiles,
    ProfilesAnswer,
    Unavailable,
)
from tradepost.steam.door import Door
from tradepost.steam.holds import hold_by_api, hold_by_page
from tradepost.steam.ids import is_steamid
from tradepost.steam.listings import market_search, price_overview
from tradepost.steam.openid import SteamOpenId
from tradepost.steam.pacing import Limits, Memory
from tradepost.steam.persons import read_person
from tradepost.steam.profiles import PROFILES_MAX, read_profiles
from tradepost.steam.scan import scan_inventory
from tradepost.steam.trade_url import is_trade_token

COMMUNITY_URL = "https://steamcommunity.com"
API_URL = "https://api.steampowered.com"
USD = 1  # Steam's number for it
PROFILES_ASKED_MAX = 1_000

_InventoryKey = tuple[str, str, tuple[int, ...]]


class SteamClient:
    """Steam as the market's server sees it: read-only, without anybody's session."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        session: aiohttp.ClientSession | None = None,
        community_url: str = COMMUNITY_URL,
        api_url: str = API_URL,
        web_api_key: str | None = None,
        access_token: str | None = None,
        limits: Limits | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self._community_url = community_url.rstrip("/")
        self._api_url = api_url.rstrip("/")
        # A key goes first: it lasts, while an access token dies within a day.
        self._credentials = {"key": web_api_key} if web_api_key else {}
        if access_token and not web_api_key:
            self._credentials = {"access_token": access_token}
        self._limits = limits or Limits()
        self._own_session = session is None
        # A session of our own keeps no cookies: Steam is asked as nobody, every time anew.
        self._session = session or aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        self._door = Door(self._session, self._limits, monotonic)
        self._inventories: Memory[_InventoryKey, Inventory | Private] = Memory(
            self._limits.inventory_ttl_seconds, self._limits.inventory_items_cached_max, self._unix_now
        )
        self._profiles: Memory[str, Profile] = Memory(
            self._limits.profile_ttl_seconds, self._limits.profiles_cached_max, self._unix_now
        )
        self._scans: WeakValueDictionary[_InventoryKey, asyncio.Lock] = WeakValueDictionary()
        self.openid = SteamOpenId(self._door, self._community_url)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the session, unless it was lent to us."""
        if self._own_session:
            await self._session.close()

    async def inventory(
        self, steamid: str, game: Game, *, contexts: Sequence[int] | None = None, fresh: bool = False
    ) -> InventoryAnswer:
        """What somebody holds of a game, in all of its contexts or those named, a minute ago at most."""
        if not is_steamid(steamid):
            return Unavailable("that is nobody's SteamID")
        key = (steamid, game.project, tuple(contexts or game.contexts))
        async with self._scans.setdefault(key, asyncio.Lock()):  # two who ask at once get one scan
            known = None if fresh else self._inventories.get(key)
            if known:
                return known
            answer = await scan_inventory(
                self._door,
                self._community_url,
                owner_steamid=steamid,
                game=game,
                contexts=key[2],
                pages_max=self._limits.inventory_pages_max,
                read_at=self._unix_now(),
            )
            match answer:
                case Inventory(complete=True):
                    self._inventories.put(key, answer, 1 + len(answer.items))
                case Private():
                    self._inventories.put(key, answer)
            return answer

    async def profiles(self, steamids: Iterable[str]) -> ProfilesAnswer:
        """Names and pictures of users, five minutes old at most; needs the operator's key or token."""
        wanted = dict.fromkeys(steamid for steamid in steamids if is_steamid(steamid))
        found = {steamid: known for steamid in wanted if (known := self._profiles.get(steamid))}
        missing = [steamid for steamid in wanted if steamid not in found][:PROFILES_ASKED_MAX]
        if missing and not self._credentials:
            return Unavailable("no Steam Web API key is set")
        for at in range(0, len(missing), PROFILES_MAX):
            answer = await read_profiles(
                self._door, self._api_url, self._credentials, missing[at : at + PROFILES_MAX]
            )
            if not isinstance(answer, dict):
                return answer
            found |= answer
            for profile in answer.values():
                self._profiles.put(profile.steamid, profile)
        return Profiles(found)

    async def person(self, steamid: str) -> PersonAnswer:
        """What a user's public page says of him, read afresh: name, picture, whether Steam bans him from trading."""
        if not is_steamid(steamid):
            return Unavailable("that is nobody's SteamID")
        return await read_person(self._door, self._community_url, steamid)

    async def price_overview(self, appid: int, market_hash_name: str, currency: int = USD) -> PriceAnswer:
        """What Steam's own market asks for an item, in hundredths of Steam's currency of that number."""
        return await price_overview(self._door, self._community_url, appid, market_hash_name, currency)

    async def market_search(self, appid: int, start: int, count: int) -> MarketAnswer:
        """A page of the items that Steam's own market knows of a game, for a slow refresh of a catalogue."""
        return await market_search(self._door, self._community_url, appid, start, count)

    async def hold(self, partner_steamid: str, trade_token: str) -> HoldAnswer:
        """Whether Steam takes this trade token, and how long it would hold what is sent by it."""
        if not is_steamid(partner_steamid) or not is_trade_token(trade_token):
            return HoldUnknown("that is not a trade URL")
        if not self._credentials:
            return await hold_by_page(self._door, self._community_url, partner_steamid, trade_token)
        return await hold_by_api(self._door, self._api_url, self._credentials, partner_steamid, trade_token)

    def _unix_now(self) -> int:
        return int(self._now().timestamp())
