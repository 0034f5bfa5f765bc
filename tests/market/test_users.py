"""Who the market knows, and by what."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from stock import MARKET_NOW, Stock, steamid
from tradepost.db import Db
from tradepost.market import ledger, users
from tradepost.market.users import Account, KnownBy
from tradepost.rules.refusals import Malformed

ALICE = steamid(1)


async def know(db: Db, name_of: str = ALICE, known_by: KnownBy = "sign_in", **more: str) -> Account:
    async with db.transaction() as tx:
        return await users.know(tx, name_of, known_by, MARKET_NOW, **more)


async def test_a_person_is_made_with_a_wallet_and_found_by_both_names(db: Db) -> None:
    account = await know(db, name="Alice", avatar="https://a.example/face.jpg")
    assert (account.steamid, account.name, account.known_by) == (ALICE, "Alice", "sign_in")
    assert (account.sold_count, account.trade_token, account.may_trade_with_self) == (0, None, False)
    assert account.created_at == MARKET_NOW
    assert await users.by_steamid(db, ALICE) == await users.by_id(db, account.id) == account
    assert await db.value("SELECT count(*) FROM wallet WHERE account_id = $1", account.id) == 1
    assert (await ledger.wallet(db, account.id)).balance_cents == 0


async def test_of_32_who_meet_a_person_at_once_all_know_the_same(db: Db) -> None:
    met = await asyncio.gather(*(know(db) for _ in range(32)))
    assert len({account.id for account in met}) == 1
    assert await db.value("SELECT count(*) FROM wallet") == 1


async def test_the_first_way_of_knowing_stays_and_a_new_name_is_kept(db: Db) -> None:
    first = await know(db, known_by="payment", name="Alice")
    again = await know(db, known_by="sign_in", name="Alicia")
    assert (again.id, again.known_by, again.name) == (first.id, "payment", "Alicia")
    assert (await know(db)).name == "Alicia", "who tells no name takes none away"


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("Zoë 宝", "Zoë 宝"),
        ("a\x00b", "ab"),
        ("\ud800lone", "lone"),
        ("\u202egnp.exe", "gnp.exe"),
        ("zero\u200bwidth", "zerowidth"),
        ("line\r\nbreak", "linebreak"),
        ("x" * 5000, "x" * users.NAME_CHARS_MAX),
        ("<script>'; DROP TABLE account", "<script>'; DROP TABLE account"),
    ],
    ids=ascii,
)
async def test_a_strangers_name_is_kept_as_far_as_it_can_be_shown(db: Db, told: str, kept: str) -> None:
    assert (await know(db, name=told, avatar=told)).name == kept


NOBODY = [
    "",
    "1",
    "76561198",
    "7656119800000000\x00",
    "\uff176561198000000001",
    "76561198000000001\n",
    "76561190000000001",
]


@pytest.mark.parametrize("text", NOBODY, ids=ascii)
async def test_what_is_no_steamid_is_nobody_and_never_becomes_somebody(db: Db, text: str) -> None:
    assert await users.by_steamid(db, text) is None
    with pytest.raises(Malformed) as refused:
        await know(db, text)
    assert refused.value.field == "steamid"
    assert await db.value("SELECT count(*) FROM account") == 0


async def test_an_id_that_we_never_gave_out_is_a_bug(db: Db) -> None:
    assert await users.by_steamid(db, steamid(99)) is None
    with pytest.raises(LookupError):
        await users.by_id(db, 99)


async def test_a_new_trade_token_forgets_that_steam_refused_the_old_one(db: Db) -> None:
    alice = await Stock(db).person(trade_token="old-token")
    refused_at = datetime.now(UTC) - timedelta(days=1)
    await db.execute("UPDATE account SET trade_token_refused_at = $2 WHERE id = $1", alice, refused_at)
    async with db.transaction() as tx:
        await users.set_trade_token(tx, alice, "zPvo-jv3")
    account = await users.by_id(db, alice)
    assert (account.trade_token, account.trade_token_refused_at) == ("zPvo-jv3", None)
    async with db.transaction() as tx:
        await users.set_trade_token(tx, alice, None)
    assert (await users.by_id(db, alice)).trade_token is None


@pytest.mark.parametrize(
    "token", ["", "short", "x" * 17, "has space", "abcdef\n", "abc\x00def", "abcde\uff46"], ids=ascii
)
async def test_what_is_no_trade_token_is_refused_and_the_old_one_stays(db: Db, token: str) -> None:
    alice = await Stock(db).person(trade_token="tokenabc")
    with pytest.raises(Malformed) as refused:
        async with db.transaction() as tx:
            await users.set_trade_token(tx, alice, token)
    assert refused.value.field == "trade_token"
    assert (await users.by_id(db, alice)).trade_token == "tokenabc"
