"""Robot shops: they buy for customers; sellers with programs of their own list what was bought anew, and reprice.

So the market neither sells out nor stands still: for each item bought, one of the same name is found by a seller and
put on sale. What is bought in games with trade protection is bounded, as a week's worth of it stays under way.
"""

import random
from collections import deque
from collections.abc import Sequence
from typing import Any

import aiohttp

from tradepost import log
from tradepost.demo import catalogue
from tradepost.demo.papers import Account
from tradepost.rules.games import GAMES
from tradepost.rules.money import read_cents, write_cents

BUY_SECONDS = (2.5, 5.5)
LIST_SECONDS = (3.0, 6.0)
REPRICE_SECONDS = (15.0, 30.0)
UNDER_WAY_MAX = 60  # trades of one shop that wait for the end of their protection
PRICE_MAX = "60.00"  # the shops last longer so
LATEST_ONE_IN = 4  # buys are of the newest offers, as on a real market
BOUGHT_KEPT_MAX = 200  # names to be listed anew
PRICE_PERMILLE = (700, 1_300)  # of the Steam price, as in the world
REPRICE_PERMILLE = (950, 1_050)
PAGE = 50
PRICE_CENTS_MIN = 2
ERRORS_FROM = 400  # of HTTP's statuses

logger = log.get(__name__)


class Shops:
    """What the robots know of their shops: what to list anew, and how much is under way."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        market_url: str,
        steam_url: str,
        dice: random.Random,
        spared: frozenset[str],
    ) -> None:
        self._http, self._market_url, self._steam_url, self._dice = http, market_url, steam_url, dice
        self._spared = spared
        self._bought: deque[tuple[str, str]] = deque(maxlen=BOUGHT_KEPT_MAX)

    async def buy(self, shops: Sequence[Account], customers: Sequence[Account]) -> float:
        """Buy something for somebody; return after how many seconds to buy again."""
        shop, customer = self._dice.choice(shops), self._dice.choice(customers)
        item = await self._something(shop)
        if item is not None and await self.buy_for(shop, customer, item):
            self._bought.append((item["project"], item["steam_market_hash_name"]))
        return self._dice.uniform(*BUY_SECONDS)

    async def buy_for(self, shop: Account, customer: Account, item: dict[str, Any]) -> bool:
        """Buy an offer for a customer; say whether the market let the shop."""
        wish = {
            "id": item["id"],
            "steamid": customer.steamid,
            "trade_token": customer.token,
            "price": item["price"],
        }
        return await self._call("POST", "/buy", shop, wish) is not None

    async def newest(self, shop: Account, limit: int) -> list[dict[str, Any]]:
        """What came on sale last, so many offers of each game at most."""
        query = f"sort_column=time_created&sort_dir=desc&price_to={PRICE_MAX}&limit={limit}"
        pages = [await self._call("GET", f"/items?project={project}&{query}", shop) for project in GAMES]
        return [row for page in pages if page for row in page["data"]]

    async def look(self, shop: Account, offer_id: str) -> dict[str, Any] | None:
        """An offer as it is now; None where it is not on sale any more."""
        answer = await self._call("GET", f"/items/{offer_id}", shop)
        return answer["data"] if answer else None

    async def own(self, sellers: Sequence[Account], limit: int) -> set[str]:
        """The offers that sellers put on sale last, so many of each at most."""
        query = f"/offers?sort_column=time_created&sort_dir=desc&limit={limit}"
        pages = [await self._call("GET", query, seller) for seller in sellers]
        return {row["id"] for page in pages if page for row in page["data"]}

    async def list_again(self, sellers: Sequence[Account]) -> float:
        """Let a seller find an item of a name that was bought, and put it on sale."""
        if self._bought:
            project, name = self._bought.popleft()
            seller, item = self._dice.choice(sellers), catalogue.by_name().get((project, name))
            if item is not None:
                assetid = await self._find(seller, item)
                price = self._price(item.price_cents, PRICE_PERMILLE)
                offer = {"id": assetid, "project": project, "price": price}
                await self._call("POST", "/offers", seller, {"steamid": seller.steamid, "offers": [offer]})
        return self._dice.uniform(*LIST_SECONDS)

    async def reprice(self, sellers: Sequence[Account]) -> float:
        """Let a seller change the price of one of his offers a little."""
        seller = self._dice.choice(sellers)
        offers = await self._call("GET", f"/offers?limit={PAGE}&sort_column=time_created", seller)
        if offers and offers["data"]:
            offer = self._dice.choice(offers["data"])
            price = self._price(read_cents(offer["price"]) or PRICE_CENTS_MIN, REPRICE_PERMILLE)
            await self._call(
                "PATCH", f"/offers/{offer['id']}", seller, {"steamid": seller.steamid, "price": price}
            )
        return self._dice.uniform(*REPRICE_SECONDS)

    async def _something(self, shop: Account) -> dict[str, Any] | None:
        """Choose an offer that the shop may buy: none of those spared, and not too much under protection."""
        games = list(GAMES.values())
        waiting = await self._call("GET", "/operations?type=buy&states=active&limit=1", shop)
        if waiting is None or waiting["metadata"]["total"] >= UNDER_WAY_MAX:
            games = [game for game in games if not game.protection_days]
        game = self._dice.choice(games)
        query = f"/items?project={game.project}&price_to={PRICE_MAX}&limit={PAGE}"
        page = await self._call("GET", query, shop)
        if page and self._dice.randrange(LATEST_ONE_IN):
            offset = self._dice.randrange(max(1, page["metadata"]["total"] - PAGE))
            page = await self._call("GET", f"{query}&offset={offset}", shop)
        rows = page["data"] if page else []
        rows = [row for row in rows if row["steam_market_hash_name"] not in self._spared]
        return self._dice.choice(rows) if rows else None

    async def _find(self, seller: Account, item: catalogue.Item) -> str:
        """Put a new item into a seller's inventory on the simulated Steam; return its asset id."""
        order = {
            "appid": GAMES[item.project].appid,
            "market_hash_name": item.market_hash_name,
            "type": item.type,
            "rarity": item.rarity,
            "exterior": item.exterior,
            "stattrak": item.is_stattrak,
            "icon": item.icon,
            "def_index": item.def_index,
            "paintindex": item.paint_index,
            "commodity": item.commodity,
        }
        url = f"{self._steam_url}/_sim/users/{seller.steamid}/items"
        async with self._http.post(url, json=order) as answer:
            answer.raise_for_status()
            found: str = (await answer.json())["items"][0]["assetid"]
            return found

    def _price(self, cents: int, permille: tuple[int, int]) -> str:
        return write_cents(max(PRICE_CENTS_MIN, cents * self._dice.randint(*permille) // 1000))

    async def _call(
        self, method: str, path: str, caller: Account, body: dict[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """What the market answers; None where it refuses, as it may for good reasons, and says so in the log."""
        url, headers = f"{self._market_url}/api/v2{path}", {"Token": caller.token}
        async with self._http.request(method, url, json=body, headers=headers) as answer:
            content: dict[str, Any] = await answer.json()
            if answer.status >= ERRORS_FROM:
                word = content.get("error_message")
                logger.info("refused", call=f"{method} {path.partition('?')[0]}", word=word)
                return None
            return content
