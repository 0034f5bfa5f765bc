"""Tokens and grants: who calls, and for whose items he may act."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from market.floor import HandClock
from stock import MARKET_NOW, Stock, steamid
from tradepost.app import App
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.market import merchants, users
from tradepost.market.merchants import Caller, GivenBy
from tradepost.rules.refusals import Conflicting, Forbidden, Malformed, Unauthenticated
from tradepost.steam.client import SteamClient


@pytest.fixture
async def app(db: Db) -> AsyncIterator[App]:
    clock = HandClock()
    async with SteamClient(now=clock.now) as steam:
        yield App(Settings(), db, steam, clock)


def tick(app: App, seconds: float) -> None:
    assert isinstance(app.clock, HandClock)
    app.clock.tick(seconds)


async def make_token(db: Db, account_id: int, *, test: bool = False, **more: Any) -> str:
    async with db.transaction() as tx:
        return await merchants.make_token(tx, account_id, MARKET_NOW, test=test, **more)


async def revoke(db: Db, token_or_prefix: str) -> int:
    async with db.transaction() as tx:
        return await merchants.revoke_token(tx, token_or_prefix, MARKET_NOW)


async def grant(db: Db, merchant: int, seller: int, given_by: GivenBy = "page", floor_bps: int = 0) -> None:
    async with db.transaction() as tx:
        await merchants.grant(tx, merchant, seller, given_by, MARKET_NOW, floor_bps=floor_bps)


async def take_back(db: Db, merchant: int, seller: int) -> list[int]:
    async with db.transaction() as tx:
        return await merchants.revoke_grant(tx, merchant, seller, MARKET_NOW)


# Tokens


@pytest.mark.parametrize("test", [True, False])
async def test_a_token_stands_for_its_account_and_scopes(app: App, test: bool) -> None:
    alice = await Stock(app.db).person()
    token = await make_token(app.db, alice, test=test, scopes=("read", "buy"), label="shop")
    assert token.startswith("test_" if test else "live_")
    assert len(token) == 5 + 43
    caller = await merchants.caller(app, token)
    expected = Caller(
        caller.token_id,
        alice,
        steamid(1),
        frozenset({"read", "buy"}),
        token[: merchants.PREFIX_CHARS],
        "shop",
    )
    assert caller == expected


async def test_only_the_hash_of_a_token_is_kept(db: Db) -> None:
    token = await make_token(db, await Stock(db).person())
    (row,) = await db.fetch("SELECT hash, prefix, api_token::text AS shown FROM api_token")
    assert row["hash"] == hashlib.sha256(token.encode()).digest()
    assert row["prefix"] == token[:13]
    assert token[:14] not in row["shown"]


async def test_no_two_tokens_are_the_same(db: Db) -> None:
    alice = await Stock(db).person()
    assert len({await make_token(db, alice) for _ in range(50)}) == 50


GOOD_FORM = "live_" + "A" * 43
STRANGE = [
    *(
        "",
        " ",
        "live_",
        "test_",
        "A" * 48,
        GOOD_FORM + "A",
        GOOD_FORM[:-1],
        "dead_" + "A" * 43,
        GOOD_FORM + "\n",
    ),
    *(
        "live_" + "\uff21" * 43,
        "live_" + "\ud800" * 43,
        "live_" + "\x00" * 43,
        "LIVE_" + "A" * 43,
        "x" * 100_000,
    ),
]


@pytest.mark.parametrize("token", [GOOD_FORM, *STRANGE], ids=lambda token: ascii(token[:60]))
async def test_an_unknown_token_is_nobodys_whatever_it_looks_like(app: App, token: str) -> None:
    await make_token(app.db, await Stock(app.db).person())
    with pytest.raises(Unauthenticated):
        await merchants.caller(app, token)


@pytest.mark.parametrize("named_by", [slice(None), slice(13)], ids=["whole", "prefix"])
async def test_a_revoked_token_is_refused_in_every_process_within_a_second(app: App, named_by: slice) -> None:
    alice = await Stock(app.db).person()
    token, other = await make_token(app.db, alice), await make_token(app.db, alice)
    await merchants.caller(app, token)
    assert await revoke(app.db, token[named_by]) == 1  # by another process: this one is told nothing
    tick(app, 0.999)
    with pytest.raises(Unauthenticated):
        await merchants.caller(app, token)
    assert (await merchants.caller(app, other)).account_id == alice
    assert await revoke(app.db, token) == 0, "twice is once"


@pytest.mark.parametrize(
    "text", ["", "l", "live_", "%", "live_%", "\x00", "\ud800", "\uff21", "x" * 10_000], ids=ascii
)
async def test_a_part_or_a_pattern_revokes_nothing(db: Db, text: str) -> None:
    token = await make_token(db, await Stock(db).person())
    assert await revoke(db, text) == 0
    assert await revoke(db, token[:12]) == 0
    assert await revoke(db, token[:14]) == 0


async def test_a_token_made_after_a_refusal_is_known_at_once(app: App) -> None:
    alice = await Stock(app.db).person()
    token = await make_token(app.db, alice)
    (row,) = await app.db.fetch("SELECT * FROM api_token")
    await app.db.execute("DELETE FROM api_token")
    with pytest.raises(Unauthenticated):
        await merchants.caller(app, token)
    await app.db.execute("INSERT INTO api_token (account_id, hash, prefix, created_at) VALUES ($1, $2, $3, $4)",
                         alice, row["hash"], row["prefix"], MARKET_NOW)  # fmt: skip
    assert (await merchants.caller(app, token)).account_id == alice


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"scopes": ()}, "scopes"),
        ({"scopes": ("read", "admin")}, "scopes"),
        ({"scopes": "read"}, "scopes"),
        ({"label": "x" * 101}, "label"),
        ({"label": "a\x00b"}, "label"),
        ({"label": "a\nb"}, "label"),
    ],
    ids=str,
)
async def test_a_token_with_odd_scopes_or_label_is_not_made(db: Db, more: dict[str, Any], field: str) -> None:
    alice = await Stock(db).person()
    with pytest.raises(Malformed) as refused:
        await make_token(db, alice, **more)
    assert refused.value.field == field
    assert await db.value("SELECT count(*) FROM api_token") == 0


# Grants


async def refusal_of(db: Db, merchant: int, whose: str) -> str:
    with pytest.raises(Forbidden) as refused:
        await merchants.seller_for(db, merchant, whose)
    return refused.value.sentence


async def test_everybody_may_act_for_his_own_items(db: Db) -> None:
    alice = await Stock(db).person()
    seller = await merchants.seller_for(db, alice, steamid(1))
    assert (seller.account.id, seller.floor_bps) == (alice, 0)


async def test_without_a_grant_a_stranger_and_nobody_are_refused_alike(db: Db) -> None:
    stock = Stock(db)
    shop, _ = await stock.person(), await stock.person()
    stranger, nobody = steamid(2), steamid(77)
    sentences = [await refusal_of(db, shop, whose) for whose in (stranger, nobody, "", "x\x00", "7" * 5000)]
    assert len(set(sentences)) == 1


async def test_a_grant_lets_its_merchant_act_and_nobody_else(db: Db) -> None:
    stock = Stock(db)
    shop, alice, other = [await stock.person() for _ in range(3)]
    await grant(db, shop, alice, floor_bps=8000)
    seller = await merchants.seller_for(db, shop, steamid(2))
    assert (seller.account.id, seller.floor_bps) == (alice, 8000)
    await refusal_of(db, other, steamid(2))
    await refusal_of(db, alice, steamid(1))  # a grant has a direction


async def test_a_grant_taken_back_holds_no_more_and_given_again_has_its_new_floor(db: Db) -> None:
    stock = Stock(db)
    shop, alice = await stock.person(), await stock.person()
    await grant(db, shop, alice, floor_bps=8000)
    assert [g.floor_bps for g in await merchants.grants_of_seller(db, alice)] == [8000]
    await take_back(db, shop, alice)
    await refusal_of(db, shop, steamid(2))
    assert await merchants.grants_of_seller(db, alice) == []
    await grant(db, shop, alice, "pairing", floor_bps=9000)
    assert [
        (g.merchant_id, g.floor_bps, g.given_by, g.revoked_at)
        for g in await merchants.grants_of_seller(db, alice)
    ] == [(shop, 9000, "pairing", None)]


async def test_with_a_grant_go_its_offers_but_no_others_and_none_in_a_trade(db: Db) -> None:
    stock = Stock(db)
    shop, alice, other = [await stock.person() for _ in range(3)]
    for merchant in (shop, other):
        await grant(db, merchant, alice)
    through_shop = [await stock.offer(alice, payee_id=shop) for _ in range(2)]
    kept = [await stock.offer(alice), await stock.offer(alice, payee_id=other), await stock.offer(other)]
    async with db.transaction() as tx:
        in_trade = await stock.offer(alice, payee_id=shop)
        await tx.execute("UPDATE offer SET state = 'reserved' WHERE id = $1", in_trade)
    assert await take_back(db, shop, alice) == through_shop
    states = {row["id"]: row["state"] for row in await db.fetch("SELECT id, state FROM offer")}
    assert states == dict.fromkeys(through_shop, "ended") | dict.fromkeys(kept, "on_sale") | {
        in_trade: "reserved"
    }
    assert await take_back(db, shop, alice) == []
    await db.execute("UPDATE offer SET state = 'on_sale' WHERE id = $1", in_trade)  # so that the books add up


async def test_a_grant_cannot_be_taken_back_under_an_offer_being_made(db: Db) -> None:
    stock = Stock(db)
    shop, alice = await stock.person(), await stock.person()
    await grant(db, shop, alice)
    offer = await stock.offer(alice, payee_id=shop)
    await db.execute("UPDATE offer SET state = 'ended', ended_reason = 'x' WHERE id = $1", offer)
    async with db.transaction() as tx:
        await merchants.seller_for(tx, shop, steamid(2), hold=True)
        taking_back = asyncio.create_task(take_back(db, shop, alice))
        while not await db.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            assert not taking_back.done()
        await tx.execute("UPDATE offer SET state = 'on_sale', ended_reason = NULL WHERE id = $1", offer)
    assert await taking_back == [offer], "what was listed under the grant goes with it"
    with pytest.raises(Forbidden):
        async with db.transaction() as tx:
            await merchants.seller_for(tx, shop, steamid(2), hold=True)


async def test_a_payments_grant_opens_nothing_else_and_takes_nothing_away(db: Db) -> None:
    stock = Stock(db)
    shop, alice = await stock.person(), await stock.person()
    await grant(db, shop, alice, "payment")
    await refusal_of(db, shop, steamid(2))
    await grant(db, shop, alice, "page", floor_bps=5000)
    await grant(db, shop, alice, "payment")
    assert (await merchants.seller_for(db, shop, steamid(2))).floor_bps == 5000
    await take_back(db, shop, alice)
    await grant(db, shop, alice, "payment")
    await refusal_of(db, shop, steamid(2))


async def test_nobody_grants_himself_or_an_impossible_floor(db: Db) -> None:
    stock = Stock(db)
    shop, alice = await stock.person(), await stock.person()
    with pytest.raises(Conflicting):
        await grant(db, alice, alice)
    for floor_bps in (-1, 300_001, 10**12):
        with pytest.raises(Malformed):
            await grant(db, shop, alice, floor_bps=floor_bps)
    assert await merchants.grants_of_seller(db, alice) == []


async def test_grants_are_listed_oldest_first(db: Db) -> None:
    stock = Stock(db)
    alice, *shops = [await stock.person() for _ in range(4)]
    async with db.transaction() as tx:
        for days, shop in enumerate(reversed(shops)):
            await merchants.grant(tx, shop, alice, "operator", MARKET_NOW + timedelta(days=days))
    found = await merchants.grants_of_seller(db, alice)
    assert [g.merchant_id for g in found] == shops[::-1]
    assert (await users.by_id(db, alice)).id == found[0].seller_id
