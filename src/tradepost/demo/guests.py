"""Guests: what people put on sale in the demo is bought by a robot shop soon, so that who tries it out sees it sell.

The robots look at what came on sale last, as anybody can. What was there from the beginning is none of it, and neither
is what their own sellers list. A price far above Steam's is left alone: there a guest waits, as on a real market.
"""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

from tradepost.demo import catalogue
from tradepost.demo.papers import Account
from tradepost.demo.shops import Shops
from tradepost.rules.money import read_cents

LOOK_SECONDS = (1.5, 2.5)
NEWEST = 60  # offers of each game that are looked at, and of each seller's own
PRICE_PERMILLE_MAX = 1_300  # of the Steam price
PAUSES_SECONDS = (4.0, 8.0, 15.0, 30.0, 60.0)  # before an offer is tried again: its seller may be offline
TRIED_KEPT_MAX = 1_000
NEVER = float("inf")


class Guests:
    """What the robots know of people's offers: how often they tried to buy each, and when they may again."""

    def __init__(self, shops: Shops, dice: random.Random, first_offers: int) -> None:
        self._shops, self._dice = shops, dice
        self._first_offers = first_offers  # so many were there from the beginning: theirs are the lowest ids
        self._tried: dict[str, tuple[int, float]] = {}

    async def buy(
        self, shops: Sequence[Account], customers: Sequence[Account], self_sellers: Sequence[Account]
    ) -> float:
        """Buy what guests have on sale, each for some customer; return after how many seconds to look again."""
        now = asyncio.get_running_loop().time()
        newest = await self._shops.newest(self._dice.choice(shops), NEWEST)
        rows = [row for row in newest if self._is_wanted(row) and self._past(row)[1] <= now]
        own = await self._shops.own(self_sellers, NEWEST) if rows else set()
        for row in rows:
            times, _ = self._past(row)
            pause_seconds = NEVER if row["id"] in own else PAUSES_SECONDS[min(times, len(PAUSES_SECONDS) - 1)]
            self._tried[row["id"]] = (times + 1, now + pause_seconds)
            if row["id"] not in own:
                # However much the shop has under way: a guest's own is never so much that it adds up.
                await self._shops.buy_for(self._dice.choice(shops), self._dice.choice(customers), row)
        while len(self._tried) > TRIED_KEPT_MAX:
            del self._tried[next(iter(self._tried))]
        return self._dice.uniform(*LOOK_SECONDS)

    def _past(self, row: dict[str, Any]) -> tuple[int, float]:
        """How often an offer was tried, and before when it is not tried again."""
        return self._tried.get(row["id"], (0, 0.0))

    def _is_wanted(self, row: dict[str, Any]) -> bool:
        """Whether an offer may be a guest's, at a price that somebody would pay."""
        if int(row["id"]) <= self._first_offers:
            return False
        item = catalogue.by_name().get((row["project"], row["steam_market_hash_name"]))
        cents = read_cents(row["price"])
        return (
            item is not None and cents is not None and cents * 1000 <= item.price_cents * PRICE_PERMILLE_MAX
        )
