"""Ours: the program as an operator runs it, through the merchant API."""

import json
from collections.abc import Mapping, Sequence

import aiohttp

from bench.filling import TRADE_TOKEN
from bench.peers.shops import PAGE, PAGES, SHOWN, TERM, Failed, SoldOut, Wish
from bench.wrk import Request
from tradepost.db import Db

OK = 200
GONE = ("item_not_found", "no_item", "not_available", "item_is_sold", "sold")


class Ours:
    """A merchant buys by one call: paid from his wallet, the item reserved, and the order to send it written down."""

    name = "ours"
    title = "Tradepost"
    purchase_requests = 1
    note = "a purchase is one call, after which the item is sent on Steam: what no peer does"

    def __init__(self, tokens: Sequence[str], steamids: Sequence[str]) -> None:
        self._tokens, self._steamids = tokens, steamids

    def listing(self) -> Wish:
        """The list of items by price."""
        return self._pages("")

    def prices(self, page: str) -> list[int]:
        """In the currency's units."""
        return [round(float(one["price"]) * 100) for one in json.loads(page)["data"]]

    def search(self) -> Wish:
        """The same of a term."""
        return self._pages(f"&search={TERM}")

    def item(self) -> Wish:
        """An item."""
        requests = [Request(f"/api/v2/items/{item}", self.visitor(0)) for item in SHOWN]
        return Wish(requests, '"status":"success"')

    def visitor(self, buyer: int) -> Mapping[str, str]:
        """A merchant's token."""
        return {"Token": self._tokens[buyer % len(self._tokens)]}

    async def buy(self, http: aiohttp.ClientSession, url: str, item: int, buyer: int) -> None:
        """One call."""
        asked = {
            "id": str(item),
            "steamid": self._steamids[buyer % len(self._steamids)],
            "trade_token": TRADE_TOKEN,
            "custom_id": f"{buyer} {item}",
        }
        async with http.post(f"{url}/api/v2/buy", json=asked) as reply:
            said = await reply.read()
        if reply.status == OK and b'"status":"success"' in said:
            return
        code = json.loads(said).get("error_message") if said.startswith(b"{") else None
        raise (
            SoldOut(said.decode())
            if code in GONE
            else Failed(f"{reply.status} {said[:300].decode(errors='replace')}")
        )

    async def sold(self, db: Db, item: int) -> int:
        """Trades of it."""
        return int(await db.value("SELECT count(*) FROM trade WHERE offer_id = $1", item))

    async def purchases(self, db: Db) -> int:
        """Trades."""
        return int(await db.value("SELECT count(*) FROM trade"))

    def _pages(self, more: str) -> Wish:
        asked = f"/api/v2/items?limit={PAGE}&sort_column=price_market&sort_dir=asc{more}"
        requests = [Request(f"{asked}&offset={page * PAGE}", self.visitor(0)) for page in range(PAGES)]
        return Wish(requests, '"status":"success"')
