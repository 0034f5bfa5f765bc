"""From a shop's link to the credited player: the whole market, a seller's program, a simulated Steam, a shop of its own."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from market.paying import OWN
from story.stage import BUYER, SELLER, WEEK_SECONDS, Stage, stage, until
from tradepost.db import Db
from tradepost.market import gateways, ledger, payment_items, payments, receivers, users
from tradepost.market.gateways import Opened
from tradepost.market.offers import Wanted
from tradepost.market.payments import Payment
from tradepost.receiver import Receiver, SqliteStore
from tradepost.rules import notice
from tradepost.steam.simulator.program import serving

pytestmark = pytest.mark.sql
SHOP, PLAYER = "76561198000000019", "4711"


@dataclass
class Site:
    """A game site, whose player is the stage's seller, and what it has of him."""

    on: Stage
    opened: Opened
    store: SqliteStore
    account_id: int

    async def link(self) -> Payment:
        """The site asks for a link, as PHP would, and its player follows it."""
        order_id = self.store.new_order(PLAYER)
        asked = {"account": PLAYER, "order_id": order_id, "security_steam_id": SELLER, "currency": "USD"}
        asked["signature"] = hashlib.sha256(f"{order_id}USD{self.opened.secret}".encode()).hexdigest()
        path = f"/en/pay/{self.opened.gateway.public_hash}"
        async with self.on.http.post(self.on.url + path, data=asked) as reply:
            answer: dict[str, Any] = await reply.json()
        assert answer["status"] == "success", answer
        paid = await payments.by_token(self.on.app.db, answer["token"])
        assert paid is not None and answer["url"].endswith(f"/en/pay?token={paid.token}")
        return paid

    async def on_sale(self, paid: Payment, *prices: int) -> list[int]:
        """The player puts skins on sale."""
        assets = [await self.on.give(SELLER) for _ in prices]
        wanted = [Wanted(asset, "csgo", cents) for asset, cents in zip(assets, prices, strict=True)]
        return await payment_items.put_on_sale(self.on.app, paid, wanted, "127.0.0.1")

    async def credited(self, cents: int) -> None:
        """Wait until the player's balance at the site is so much."""

        async def so() -> bool:
            return self.store.balance_cents(PLAYER) == cents

        async def explain() -> str:
            rows = await self.on.app.db.fetch(
                "SELECT no, status, fault FROM notice_attempt ORDER BY notice_id, no"
            )
            return f"the player has {self.store.balance_cents(PLAYER)}, not {cents}: {[tuple(row) for row in rows]}"

        await until(so, explain)

    async def balance(self) -> int:
        """What the market's wallet of the site has."""
        return (await ledger.wallet(self.on.app.db, self.account_id)).balance_cents


@asynccontextmanager
async def a_site(db: Db, path: Path) -> AsyncIterator[Site]:
    """A game site on the stage: the reference receiver at the callback of its gateway."""
    async with stage(db, path, callback_networks=OWN) as on:
        async with db.transaction() as tx:
            account = await users.know(tx, SHOP, "operator", on.app.now(), name="Games")
        opened = await gateways.open_gateway(on.app, account.id, "http://127.0.0.1:9/")
        store = SqliteStore(path / "shop.db")
        receiver = Receiver(store, [opened.secret], [opened.notice_secret])
        async with serving(receiver, "127.0.0.1", 0) as url:
            await gateways.change(on.app, account.id, callback_url=f"{url}/result")
            yield Site(on, opened, store, account.id)


async def test_a_player_pays_with_skins_and_is_credited_to_the_cent_when_they_settled(
    db: Db, tmp_path: Path
) -> None:
    async with a_site(db, tmp_path) as site:
        on, paid = site.on, await site.link()
        first, second, third = await site.on_sale(paid, 100, 233, 90)
        trades = []
        for offer, cents in ((first, "1.00"), (second, "2.33")):
            bought = await on.buy(str(offer), price=cents)
            assert bought["http"] == 200, bought
            trades.append(bought["id"])
        done = await payment_items.withdraw(on.app, paid, [second, third])
        assert done == ([third], [(second, "in a trade")])
        for trade in trades:
            await on.accept(trade)
            await on.reaches(trade, "protected")
        assert site.store.balance_cents(PLAYER) == 0 == await site.balance()
        await on.advance(WEEK_SECONDS)
        await site.credited(95 + 221)
        assert await site.balance() == 95 + 221
        skins = await payment_items.skins(db, paid.id, 500)
        assert [skin.state for skin in skins] == ["credited", "credited", "withdrawn"]
        credits = {credit.trade_id: credit.amount_cents for credit in site.store.credits(PLAYER)}
        assert credits == {skin.ipn_trade_id: skin.told_cents for skin in skins[:2]}
        assert await on.sim.control("GET", "/_sim/check") == []


async def test_credited_early_within_the_reserve_and_taken_back_from_it(db: Db, tmp_path: Path) -> None:
    async with a_site(db, tmp_path) as site:
        on = site.on
        async with db.transaction() as tx:
            legs = (ledger.Posting(site.account_id, "balance", 100), ledger.Posting(None, "world", -100))
            await ledger.post(tx, "earned", "deposit", legs, on.app.now())
        await gateways.fund_reserve(on.app, site.account_id, 100, "a")
        await gateways.change(on.app, site.account_id, ipn_on="accepted")
        await receivers.put(on.app, site.account_id, "http://127.0.0.1:9/", notice.PAYMENT_TYPES)
        paid = await site.link()
        first, second = await site.on_sale(paid, 100, 100)
        trades = [(await on.buy(str(offer)))["id"] for offer in (first, second)]
        await on.accept(trades[0])
        await site.credited(95)  # at once, a week before Steam's protection is over
        await on.accept(trades[1])
        await on.reaches(trades[1], "protected")
        assert (
            site.store.balance_cents(PLAYER) == 95 == await site.balance()
        )  # the reserve bears no second one
        (steam_trade,) = await db.fetch("SELECT steam_tradeid FROM trade WHERE id = $1", int(trades[0]))
        await on.sim.control("POST", f"/_sim/trades/{steam_trade['steam_tradeid']}/reverse", {"by": SELLER})
        await on.reaches(trades[0], "reversed")
        purse = await ledger.wallet(db, site.account_id)
        assert (purse.balance_cents, purse.reserve_cents) == (95, 5)
        told = await db.fetch(
            "SELECT type FROM notice WHERE kind = 'webhook' AND trade_id = $1 ORDER BY id", int(trades[0])
        )
        assert [row["type"] for row in told] == ["payment.accepted", "payment.credited", "payment.reversed"]
        await on.advance(WEEK_SECONDS)
        await on.reaches(trades[1], "finished", "reversed")
        assert await on.wallet(BUYER) == (0, 0, 0)
