"""Customers who buy over HTTP while things break, what each was told, and whether that was the truth."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

import aiohttp

from stock import NAME, Stock
from tradepost.db import Db
from tradepost.market import merchants
from tradepost.market.ledger import wallet

PRICE_CENTS = 100
PAUSE_SECONDS = 0.01  # of a customer between two purchases
ANSWER_SECONDS = 15.0  # that a customer waits for an answer

Outcome = Literal["unsent", "bought", "refused", "unknown"]


@dataclass
class Wish:
    """One purchase somebody wants, and what he knows of it: done, not done, or neither."""

    number: int
    offer_id: int
    custom_id: str | None
    outcome: Outcome = "unsent"
    trade_id: int | None = None
    word: str = ""  # of a refusal
    asked: int = 0  # how often the request was sent
    was_unknown: bool = False

    @property
    def mark(self) -> str:
        """The trade token of this wish alone: by it the trade is told apart that came of it."""
        return f"wish{self.number:08d}"


@dataclass(frozen=True)
class Sold:
    """A trade as the database has it."""

    id: int
    mark: str
    offer_id: int
    custom_id: str | None
    price_cents: int


def contradictions(wishes: Iterable[Wish], trades: Iterable[Sold]) -> list[str]:
    """What was told to customers and is not so; an unknown outcome may have come out either way, but once."""
    by_mark: dict[str, list[Sold]] = {}
    for trade in trades:
        by_mark.setdefault(trade.mark, []).append(trade)
    found = []
    for wish in wishes:
        made = by_mark.pop(wish.mark, [])
        if len(made) > 1:
            found.append(f"{wish.mark} was bought {len(made)} times")
        elif made and wish.outcome in ("unsent", "refused"):
            found.append(f"{wish.mark} was bought, and told {wish.outcome} {wish.word}")
        elif wish.outcome == "bought" and [trade.id for trade in made] != [wish.trade_id]:
            found.append(f"{wish.mark} was told trade {wish.trade_id}, and there is {made}")
        if any((trade.offer_id, trade.custom_id) != (wish.offer_id, wish.custom_id) for trade in made):
            found.append(f"{wish.mark} got something else: {made}")
    return found + [f"nobody wished for {mark}" for mark in by_mark]


@dataclass
class Crowd:
    """A merchant whose customers buy at the same time, over HTTP, for as long as they are let."""

    db: Db
    url: str
    http: aiohttp.ClientSession
    token: str
    account_id: int
    receiver: str  # the steamid for whom all is bought
    wishes: list[Wish]
    faults: list[str] = field(default_factory=list)  # answers that no fault excuses
    under_way: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def bought(self) -> int:
        """How many purchases were acknowledged."""
        return sum(wish.outcome == "bought" for wish in self.wishes)

    async def is_busy(self) -> bool:
        """Whether somebody waits for the answer to a purchase at this moment."""
        return self.under_way > 0

    async def until_bought(self, more: int, seconds: float = 20.0) -> None:
        """Wait until so many more purchases were acknowledged."""
        goal = self.bought + more
        async with asyncio.timeout(seconds):
            while self.bought < goal:
                assert not self.closed.is_set()
                await asyncio.sleep(0.005)

    async def ask(self, wish: Wish) -> None:
        """Send the request once and note what is known then; what was known stays known."""
        body = {"id": wish.offer_id, "steamid": self.receiver, "trade_token": wish.mark, "price": "1.00"}
        if wish.custom_id is not None:
            body["custom_id"] = wish.custom_id
        wish.asked += 1
        self.under_way += 1
        try:
            async with self.http.post(
                f"{self.url}/api/v2/buy", json=body, headers={"Token": self.token}
            ) as reply:
                self._note(wish, reply.status, await reply.text())
        except aiohttp.ClientConnectorError:
            pass  # nobody heard it
        except (aiohttp.ClientError, TimeoutError):
            wish.outcome = "unknown"
        finally:
            self.under_way -= 1
        wish.was_unknown |= wish.outcome == "unknown"

    def _note(self, wish: Wish, status: int, text: str) -> None:
        answer = json.loads(text)
        if status == 200:
            wish.outcome, wish.trade_id = "bought", int(answer["id"])
        elif status == 503 and "may have been" in answer["error_details"]:
            wish.outcome = "unknown"
        elif wish.outcome != "unknown" or status < 500:
            # "Nothing was done" is said of this request alone: of the one before it is still unknown.
            wish.outcome, wish.word = "refused", answer["error_message"]
        if status == 500 or answer.get("error_message") == "internal_error":
            self.faults.append(text)

    async def insist(self, wish: Wish) -> None:
        """Ask until it is known what came of it: the same request, by the same custom id."""
        while True:
            await self.ask(wish)
            if wish.outcome in ("bought", "refused") or (
                wish.outcome == "unknown" and wish.custom_id is None
            ):
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _customer(self, wishes: Iterator[Wish]) -> None:
        while not self.closed.is_set() and (wish := next(wishes, None)) is not None:
            await self.insist(wish)
            await asyncio.sleep(PAUSE_SECONDS)

    @asynccontextmanager
    async def buying(self, customers: int = 16) -> AsyncIterator[None]:
        """Customers buy while the block lasts; after it every outcome that can be known is."""
        wishes = iter(self.wishes)
        tasks = [asyncio.create_task(self._customer(wishes)) for _ in range(customers)]
        try:
            yield
            self.closed.set()
            await asyncio.wait_for(asyncio.gather(*tasks), 3 * ANSWER_SECONDS)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def account(self, deposit_cents: int) -> list[str]:
        """Everything that does not agree: what was told, what was sold, and what is left of the money."""
        rows = await self.db.fetch(
            "SELECT id, trade_token, offer_id, custom_id, price_cents FROM trade WHERE buyer_id = $1",
            self.account_id,
        )
        found = contradictions(self.wishes, [Sold(*row) for row in rows]) + self.faults
        left = (await wallet(self.db, self.account_id)).deposit_cents
        if left != deposit_cents - sum(row["price_cents"] for row in rows):
            found.append(f"{len(rows)} trades, and {left} cents are left of {deposit_cents}")
        return found


@asynccontextmanager
async def crowd_of(
    stock: Stock, url: str, offers: int, deposit_cents: int, keyed: Sequence[bool] = (True, False)
) -> AsyncIterator[Crowd]:
    """A merchant with money, offers of a seller, and customers: every third offer is wanted by two of them.

    `keyed` says by turns which wishes have a custom id.
    """
    db = stock.db
    seller, buyer = await stock.person(), await stock.person(deposit_cents=deposit_cents)
    receiver = await stock.steamid_of(await stock.person())
    await stock.online(seller)
    wanted: list[int] = []
    for offer_id in await many_offers(stock, seller, offers):
        wanted += [offer_id] * (2 if offer_id % 3 == 0 else 1)
    wishes = [
        Wish(number, offer_id, f"order-{number}" if keyed[number % len(keyed)] else None)
        for number, offer_id in enumerate(wanted)
    ]
    async with db.transaction() as tx:
        at = await tx.value("SELECT created_at FROM account WHERE id = $1", buyer)
        token = await merchants.make_token(tx, buyer, at, test=True)
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as http:
        yield Crowd(db, url, http, token, buyer, receiver, wishes)


async def many_offers(stock: Stock, seller_id: int, count: int, price_cents: int = PRICE_CENTS) -> list[int]:
    """Put many items of one seller on sale at once; the offers' ids."""
    item_id, steamid = await stock.item(NAME), await stock.steamid_of(seller_id)
    first = stock.assets + 1
    stock.assets += count
    rows = await stock.db.fetch(
        "INSERT INTO offer (account_id, seller_id, seller_steamid, project, appid, contextid, assetid, classid,"
        " instanceid, steam_item_id, price_cents, state, created_at)"
        " SELECT $1, $1, $2, 'csgo', 730, 2, n::text, '1', '0', $3, $4, 'on_sale', a.created_at"
        " FROM generate_series($5::bigint, $5 + $6 - 1) n JOIN account a ON a.id = $1 RETURNING id",
        seller_id, steamid, item_id, price_cents, first, count,
    )  # fmt: skip
    return [row["id"] for row in rows]
