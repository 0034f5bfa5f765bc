"""Builders of a small market straight in the database: people, money, items, offers, presence."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tradepost.app import App
from tradepost.db import Db
from tradepost.market import ledger, trades
from tradepost.market.buying import Buy, Now
from tradepost.market.trade_view import TradeView
from tradepost.rules.games import GAMES

MARKET_NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NAME = "P250 | Valence (Field-Tested)"
_STEAMID_BASE = 76561198000000000


def steamid(number: int) -> str:
    """The steamid of a person of these tests."""
    return str(_STEAMID_BASE + number)


@dataclass(slots=True)
class Stock:
    """A database being filled, and the ids that were given out."""

    db: Db
    people: int = 0
    assets: int = 40_000_000_000

    async def person(
        self, *, deposit_cents: int = 0, balance_cents: int = 0, trade_token: str | None = "tokenabc"
    ) -> int:
        """Make an account with money; returns its id."""
        self.people += 1
        async with self.db.transaction() as tx:
            account_id: int = await tx.value(
                "INSERT INTO account (steamid, name, trade_token, known_by, created_at) VALUES ($1, $2, $3, 'operator', $4) RETURNING id",
                steamid(self.people), f"Person {self.people}", trade_token, MARKET_NOW,
            )  # fmt: skip
            await ledger.lock_wallets(tx, [account_id])
            if deposit_cents:
                await ledger.deposit(tx, account_id, deposit_cents, f"test-{account_id}", MARKET_NOW)
            if balance_cents:
                legs = (
                    ledger.Posting(account_id, "balance", balance_cents),
                    ledger.Posting(None, "world", -balance_cents),
                )
                await ledger.post(tx, f"test-balance-{account_id}", "deposit", legs, MARKET_NOW)
        return account_id

    async def steamid_of(self, account_id: int) -> str:
        """The steamid of an account."""
        found: str = await self.db.value("SELECT steamid FROM account WHERE id = $1", account_id)
        return found

    async def online(self, account_id: int, *, session_ok: bool = True, project: str = "csgo") -> None:
        """Let a seller's program be heard of now, with an inventory just read."""
        now = datetime.now(UTC)
        await self.db.execute("INSERT INTO presence VALUES ($1, $2, $3, NULL) ON CONFLICT (account_id) DO UPDATE"
                              " SET heartbeat_at = $2, session_ok = $3", account_id, now, session_ok)  # fmt: skip
        await self.db.execute("INSERT INTO inventory_scan VALUES ($1, $2, $3, true) ON CONFLICT (account_id, project)"
                              " DO UPDATE SET at = $3", account_id, project, now)  # fmt: skip

    async def item(self, name: str = NAME, *, project: str = "csgo", price_cents: int | None = 100) -> int:
        """Make, or find, an item of the catalogue; returns its id."""
        found: int = await self.db.value(
            "INSERT INTO steam_item (project, market_hash_name, price_cents, type, rarity, exterior, icon)"
            " VALUES ($1, $2, $3, 'Pistol', 'Mil-Spec', 'Field-Tested', 'icon')"
            " ON CONFLICT (project, market_hash_name) DO UPDATE SET price_cents = excluded.price_cents RETURNING id",
            project, name, price_cents,
        )  # fmt: skip
        return found

    async def offer(
        self,
        seller_id: int,
        price_cents: int = 100,
        *,
        payee_id: int | None = None,
        name: str = NAME,
        project: str = "csgo",
    ) -> int:
        """Put an item of a seller on sale; returns the offer's id."""
        self.assets += 1
        assetid = str(self.assets)
        item_id, game = await self.item(name, project=project), GAMES[project]
        made: int = await self.db.value(
            "INSERT INTO offer (account_id, seller_id, seller_steamid, project, appid, contextid, assetid, classid, instanceid,"
            " steam_item_id, price_cents, state, created_at) VALUES ($1, $2, $3, $8, $9, $10, $4, '1', '0', $5, $6, 'on_sale', $7)"
            " RETURNING id",
            payee_id or seller_id, seller_id, await self.steamid_of(seller_id), assetid, item_id, price_cents, MARKET_NOW,
            project, game.appid, game.contextid,
        )  # fmt: skip
        return made


def wish(buyer_id: int, offer_id: int, receiver: str, **changes: Any) -> Buy:
    """A wish to buy, with a digest of what it says."""
    values: dict[str, Any] = {
        "ceiling_cents": None, "custom_id": None, "idempotency_key": None, "trade_token": "zPvo-jv3", **changes,
    }  # fmt: skip
    digest = hashlib.sha256(repr((offer_id, receiver, sorted(values.items(), key=str))).encode()).digest()
    return Buy(
        **{"buyer_id": buyer_id, "offer_id": offer_id, "steamid": receiver, "digest": digest, **values}
    )


async def purchase(app: App, wished: Buy) -> TradeView:
    """Buy, and read the whole trade that it is."""
    trade = await trades.read(app.db, (await trades.buy(app, wished)).id)
    assert trade is not None
    return trade


def moment(market: datetime = MARKET_NOW) -> Now:
    """The two times of a buy: the market's, and the real one."""
    return Now(market, datetime.now(UTC))


LONG_AGO = timedelta(days=400)
