"""A merchant who accepts skins, people who pay with them, and buyers who buy them, on the market's own verbs."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from box import Box, market
from market.floor import HandClock
from stock import NAME, purchase, wish
from tradepost.app import App
from tradepost.db import Db, Record
from tradepost.market import gateways, ledger, merchants, payment_items, payments, steam_items, trades
from tradepost.market.gateways import Opened
from tradepost.market.ledger import Wallet
from tradepost.market.offers import Wanted
from tradepost.market.payment_items import Skin
from tradepost.market.payments import Asked, Payment
from tradepost.market.trade_view import TradeView
from tradepost.rules.trade import Decision, Delivered, Event, Leased, OfferSeen, Settled, SettlementKnown

OWN = ("127.0.0.0/8",)
NOWHERE = "http://127.0.0.1:9/ipn"  # the discard port: nobody listens
ACTIVE = 2
DAY = timedelta(days=1)
IP = "203.0.113.7"

_numbers = count(1)


def sha256(*texts: str) -> str:
    """The document's hash: the texts run together."""
    return hashlib.sha256("".join(texts).encode()).hexdigest()


@dataclass
class Till:
    """A merchant's gateway, and a rich customer of another shop who buys whatever is on sale."""

    box: Box
    merchant: int
    opened: Opened
    buyer: int
    payers: dict[int, str] = field(default_factory=dict)  # the steamid of each

    @property
    def app(self) -> App:
        return self.box.app

    @property
    def db(self) -> Db:
        return self.box.app.db

    @property
    def clock(self) -> HandClock:
        assert isinstance(self.app.clock, HandClock)
        return self.app.clock

    async def payer(self) -> int:
        """A Steam user whose program is online."""
        made = await self.box.stock.person()
        self.payers[made] = await self.box.stock.steamid_of(made)
        await self.box.stock.online(made)
        await self.box.sim.control("POST", f"/_sim/users/{self.payers[made]}", {})
        return made

    async def link(
        self, payer: int | None = None, order_id: str | None = None, *, secret: str | None = None, **more: Any
    ) -> Payment:
        """The payment of an order, signed by the document's own formula."""
        payer = payer or await self.payer()
        order_id = order_id or f"o-{next(_numbers)}"
        amount = more.pop("amount", "")
        values: dict[str, Any] = {
            "order_id": order_id, "account": "7", "steamid": self.payers[payer], "currency": "USD", "amount": amount,
            "trade_token": None, "signature": sha256(order_id, amount, "USD", secret or self.opened.secret),
            "signature_v2": None, **more,
        }  # fmt: skip
        digest = hashlib.sha256(repr(sorted(values.items(), key=str)).encode()).digest()
        return await payments.make(self.app, self.opened.gateway.public_hash, Asked(**values), {}, digest)

    async def items(self, payment: Payment, many: int = 1) -> list[str]:
        """Items in the payer's inventory on Steam; their asset ids."""
        order = [{"appid": 730, "market_hash_name": NAME}] * many
        made = await self.box.sim.control("POST", f"/_sim/users/{self.payers[payment.payer_id]}/items", order)
        return [item["assetid"] for item in made["items"]]

    async def on_sale(
        self, payment: Payment, *prices: int, ip: str = IP, assets: Sequence[str] | None = None
    ) -> list[int]:
        """The payer puts as many skins on sale as there are prices, new ones unless they are named; the offers' ids."""
        named = assets or await self.items(payment, len(prices))
        wanted = [Wanted(asset, "csgo", cents) for asset, cents in zip(named, prices, strict=True)]
        return await payment_items.put_on_sale(self.app, payment, wanted, ip)

    async def buy(self, offer: int, buyer: int | None = None) -> TradeView:
        """Somebody buys a skin."""
        buyer, real_now = buyer or self.buyer, self.app.real_now()
        await self.db.execute("UPDATE presence SET heartbeat_at = $1", real_now)  # all programs are there
        await self.db.execute("UPDATE inventory_scan SET at = $1", real_now)
        return await purchase(self.app, wish(buyer, offer, await self.box.stock.steamid_of(self.buyer)))

    async def happened(self, view: TradeView, *events: Event) -> Decision:
        """Things happen to a trade, each in a transaction of its own, and all fit."""
        for event in events:
            async with self.db.transaction() as tx:
                decision = await trades.happened(
                    tx, self.app.settings, view.trade.id, event, witness="test", now=self.app.now()
                )
            assert decision.refused is None, decision.refused
        return decision

    async def sent(self, offer: int) -> TradeView:
        """A skin is bought, and its Steam offer waits for the buyer."""
        view = await self.buy(offer)
        await self.happened(view, Leased(), OfferSeen(ACTIVE, str(7_000_000_000 + view.trade.id)))
        return view

    async def accept(self, view: TradeView) -> Decision:
        """A witness sees the item with the buyer."""
        return await self.happened(view, Delivered(str(50_000_000_000 + view.trade.id)))

    async def settle(self, *views: TradeView) -> None:
        """Steam's protection of accepted trades passes, and the items are still there."""
        until = self.app.now() + 7 * DAY
        for view in views:
            await self.happened(view, SettlementKnown(until))
        self.clock.offset += 8 * DAY
        for view in views:
            await self.happened(view, Settled())

    async def sell(self, *offers: int) -> list[TradeView]:
        """Skins are bought, delivered and settled."""
        views = [await self.sent(offer) for offer in offers]
        for view in views:
            await self.accept(view)
        await self.settle(*views)
        return views

    async def purse(self, account_id: int | None = None) -> Wallet:
        """Somebody's wallet; the merchant's."""
        return await ledger.wallet(self.db, account_id or self.merchant)

    async def earn(self, cents: int) -> None:
        """Money that the merchant earned elsewhere."""
        legs = (ledger.Posting(self.merchant, "balance", cents), ledger.Posting(None, "world", -cents))
        async with self.db.transaction() as tx:
            await ledger.post(tx, f"earned-{next(_numbers)}", "deposit", legs, self.app.now())

    async def early(self, reserve_cents: int) -> None:
        """From now on skins are credited at their acceptance, within a reserve."""
        await gateways.change(self.app, self.merchant, ipn_on="accepted")
        if reserve_cents:
            await self.earn(reserve_cents)
            await gateways.fund_reserve(self.app, self.merchant, reserve_cents, f"r-{next(_numbers)}")

    async def told(self) -> list[Record]:
        """The IPNs there are, the oldest first."""
        return await self.db.fetch("SELECT * FROM notice WHERE kind = 'ipn' ORDER BY id")

    async def skins(self, payment: Payment) -> list[Skin]:
        """A payment's skins as they are shown."""
        return await payment_items.skins(self.db, payment.id, self.app.settings.fee_bps)

    async def states(self, payment: Payment) -> list[str]:
        """Where each of a payment's skins stands."""
        return [skin.state for skin in await self.skins(payment)]

    async def revoke(self, payer: int) -> list[int]:
        """The payer takes his word back; the offers that end."""
        async with self.db.transaction() as tx:
            return await merchants.revoke_grant(tx, self.merchant, payer, self.app.now())

    async def process(self, **changes: Any) -> App:
        """Another process of the market on the same database."""
        return replace(self.app, settings=replace(self.app.settings, **changes))


async def open_till(box: Box, callback_url: str = NOWHERE) -> Till:
    """A merchant who accepts skins; his customers' items have a Steam price under which all is cheap."""
    merchant = await box.stock.person()
    opened = await gateways.open_gateway(box.app, merchant, callback_url)
    async with box.app.db.transaction() as tx:
        await steam_items.set_prices(tx, "csgo", {NAME: 50_000}, box.app.real_now())
    return Till(box, merchant, opened, await box.stock.person(deposit_cents=50_000_000))


@asynccontextmanager
async def till(db: Db, callback_url: str = NOWHERE, **settings: Any) -> AsyncIterator[Till]:
    """A market in a box with a merchant in it, and a clock that stands until it is moved."""
    async with market(db, **{"callback_networks": OWN, **settings}) as box:
        box.app.clock = HandClock(real=datetime.now(UTC).replace(microsecond=0))
        yield await open_till(box, callback_url)


async def at_once(*deeds: Any) -> Sequence[Any]:
    """What each of several deeds done at once came to, an exception where it was refused."""
    return await asyncio.gather(*deeds, return_exceptions=True)
