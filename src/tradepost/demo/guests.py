"""Guests: what people put on sale in the demo is bought by a robot shop soon, so that who tries it out sees it sell.

The robots look at what came on sale last, as anybody can. What was there from the beginning is none of it, and neither
is what their own sellers list. A price far above Steam's is left alone: there a guest waits, as on a real market. What
could not be bought is remembered, as a guest may start his program, or ask for less, long after he put it on sale.
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
PAUSES_SECONDS = (4.0, 8.0, 15.0, 30.0)  # before a guest's offer is tried again, by how often it was tried
KNOWN_MAX = 500

Row = dict[str, Any]


class Guests:
    """What the robots know of people's offers: how often they tried each, and when they may again."""

    def __init__(self, shops: Shops, dice: random.Random, first_offers: int) -> None:
        self._shops, self._dice = shops, dice
        self._first_offers = first_offers  # so many were there from the beginning: theirs are the lowest ids
        self._own: set[str] = set()  # of the robots' sellers, among the newest
        self._known: dict[str, tuple[int, float]] = {}

    async def buy(
        self, shops: Sequence[Account], customers: Sequence[Account], self_sellers: Sequence[Account]
    ) -> float:
        """Buy what guests have on sale, each for some customer; return after how many seconds to look again."""
        now = asyncio.get_running_loop().time()
        newest = await self._shops.newest(self._dice.choice(shops), NEWEST)
        rows = {row["id"]: row for row in newest if int(row["id"]) > self._first_offers}
        self._own &= rows.keys()
        if rows.keys() - self._own - self._known.keys():
            self._own |= rows.keys() & await self._shops.own(self_sellers, NEWEST)
        for id_ in rows.keys() - self._own:
            self._known.setdefault(id_, (0, now))
        for id_ in [id_ for id_, (_, not_before) in self._known.items() if not_before <= now]:
            row = rows.get(id_) or await self._shops.look(self._dice.choice(shops), id_)
            if row is None:
                del self._known[id_]
                continue
            times, _ = self._known[id_]
            is_worth_it = _is_worth_it(row)
            pause_seconds = PAUSES_SECONDS[min(times, len(PAUSES_SECONDS) - 1) if is_worth_it else 0]
            self._known[id_] = (times + is_worth_it, now + pause_seconds)
            if is_worth_it:
                # However much a shop has under way: what guests sell never adds up to much.
                await self._shops.buy_for(self._dice.choice(shops), self._dice.choice(customers), row)
        while len(self._known) > KNOWN_MAX:
            del self._known[next(iter(self._known))]
        return self._dice.uniform(*LOOK_SECONDS)


def _is_worth_it(row: Row) -> bool:
    """Whether somebody would pay an offer's price."""
    item = catalogue.by_name().get((row["project"], row["steam_market_hash_name"]))
    cents = read_cents(row["price"])
    return item is not None and cents is not None and cents * 1000 <= item.price_cents * PRICE_PERMILLE_MAX
