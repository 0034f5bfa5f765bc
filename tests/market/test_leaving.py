"""Who leaves: nothing of him is left but money rows without him, and nobody leaves who has something open."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from market.ordering import Book, a_book
from stock import wish
from tradepost.db import Db
from tradepost.market import (
    affiliates,
    bans,
    buy_orders,
    freezing,
    leaving,
    ledger,
    merchants,
    messages,
    own_data,
    payouts,
    profiles,
    roles,
    tokens,
    trades,
    users,
)
from tradepost.market.ledger import Posting
from tradepost.market.users import Account
from tradepost.rules.refusals import Conflicting, Frozen, Unauthenticated
from tradepost.rules.trade import Leased, OfferSeen, Ruled, SettlementKnown
from tradepost.steam.ids import is_steamid

CANARY = "canary"


@pytest.fixture
async def shop(db: Db) -> AsyncIterator[Book]:
    async with a_book(db) as made:
        yield made


@dataclass
class Life:
    """A user with a past: sold, bought, paid out, told, looked at."""

    shop: Book
    account: Account
    token: str

    @property
    def id(self) -> int:
        return self.account.id

    async def data(self) -> dict[str, Any]:
        whole = b"".join([piece async for piece in own_data.stream(self.shop.app, self.id)])
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            assert archive.testzip() is None
            return {name.removesuffix(".json"): json.loads(archive.read(name)) for name in archive.namelist()}

    async def leave(self) -> None:
        await leaving.leave(self.shop.app, self.account, actor_id=self.id, reason="his own wish")


async def lived(shop: Book) -> Life:
    """A user whose money has gone out again, with a trade on each side behind him."""
    app, now = shop.app, shop.app.now()
    person = await shop.stock.person(deposit_cents=200, trade_token="canary12")
    account = await users.by_id(shop.db, person)
    await shop.stock.online(person)
    bought = await shop.offer(200)
    first = await trades.buy(app, wish(person, bought, account.steamid))
    sold = await shop.stock.offer(person, 1_100)
    buyer = await shop.buyer()
    second = await trades.buy(app, wish(buyer, sold, await shop.stock.steamid_of(buyer)))
    for number, trade in enumerate((first.id, second.id)):
        await shop.happen(trade, Leased(), OfferSeen(2, str(70 + number)), Ruled("deliver"))
        await shop.happen(trade, SettlementKnown(app.now() + timedelta(days=7)))
    await shop.pass_time(8 * 86_400)
    for trade in (first.id, second.id):
        await shop.happen(trade, Ruled("settle"))
    async with shop.db.transaction() as tx:
        await profiles.set_skrill(tx, person, "canary@example.com", app.real_now())
        await profiles.set_discord(tx, person, None, "canary#1234")
        await messages.send(tx, person, "canary, please write", actor_id=None, now=app.real_now())
        token = await merchants.make_token(tx, person, now, test=True, label=CANARY)
        await bans.ban(tx, account.steamid, "buyer", "declined", app.now(), timedelta(days=300))
    await shop.db.execute("UPDATE account SET name = 'canary', avatar = 'canary.png' WHERE id = $1", person)
    await shop.db.execute("UPDATE profile SET skrill_set_at = skrill_set_at - interval '30 days'")
    earned = (await ledger.wallet(shop.db, person)).balance_cents
    payout = await payouts.ask(app, person, earned)
    async with shop.db.transaction() as tx:
        await payouts.approve(tx, payout.id, by="operator", now=app.now())
        await payouts.pay(tx, payout.id, by="operator", reference="SK-1", now=app.now())
    await affiliates.click(app, account.steamid, account_id=None)
    await affiliates.click(app, account.steamid, account_id=await shop.buyer())
    return Life(shop, await users.by_id(shop.db, person), token)


async def traces(db: Db, *words: str) -> list[str]:
    """The tables in which one of these words stands, whatever the column."""
    found = []
    for row in await db.fetch("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"):
        table = row["tablename"]
        for word in words:
            if await db.value(f"SELECT EXISTS (SELECT FROM {table} x WHERE x::text ILIKE $1)", f"%{word}%"):
                found.append(f"{table}: {word}")
    return sorted(found)


async def test_nothing_of_the_person_is_left_and_all_money_rows_are(shop: Book) -> None:
    life = await lived(shop)
    entries = await shop.db.fetch("SELECT * FROM entry ORDER BY transfer_id, book, no")
    count = await shop.db.value("SELECT count(*) FROM trade")
    steamid = life.account.steamid
    assert await traces(shop.db, CANARY, steamid)
    await life.leave()
    # His ban stays by his steamid until it is over, and what operators noted in the audit by his number.
    assert await traces(shop.db, CANARY, steamid) == [f"ban: {steamid}"]
    assert await shop.db.fetch("SELECT * FROM entry ORDER BY transfer_id, book, no") == entries
    assert await shop.db.value("SELECT count(*) FROM trade") == count
    assert await shop.db.value("SELECT count(*) FROM referral WHERE affiliate_id = $1", life.id) == 1
    after = await users.by_id(shop.db, life.id)
    assert not is_steamid(after.steamid) and len(after.steamid) == 17
    assert (after.name, after.avatar, after.trade_token) == (leaving.NAME, "", None)
    assert await ledger.faults(shop.db) == []


async def test_whatever_acted_for_him_is_ended(shop: Book) -> None:
    life = await lived(shop)
    merchant = await shop.stock.person()
    async with shop.db.transaction() as tx:
        await merchants.grant(tx, merchant, life.id, "page", shop.app.now())
    own, through = await shop.stock.offer(life.id), await shop.stock.offer(life.id, payee_id=merchant)
    await buy_orders.place(shop.app, life.id, await shop.stock.item("AWP | Asiimov (Well-Worn)"), 100, 1)
    await life.leave()
    states = {row["id"]: row["state"] for row in await shop.db.fetch("SELECT id, state FROM offer")}
    assert (states[own], states[through]) == ("ended", "ended")
    assert await shop.db.value("SELECT count(*) FROM buy_order WHERE state = 'live'") == 0
    with pytest.raises(Unauthenticated):
        await tokens.caller(shop.app, life.token)
    async with shop.db.transaction() as tx:
        with pytest.raises(Frozen):
            await freezing.refuse_if_frozen(tx, life.id)
    late = await shop.stock.offer(life.id)
    await freezing.end_offers_of_frozen(shop.app)
    assert await shop.db.value("SELECT state FROM offer WHERE id = $1", late) == "ended"


async def test_who_comes_back_is_a_new_account_and_still_banned(shop: Book) -> None:
    life = await lived(shop)
    await life.leave()
    async with shop.db.transaction() as tx:
        again = await users.know(tx, life.account.steamid, "sign_in", shop.app.now())
    assert again.id != life.id
    assert await bans.current(shop.db, again.steamid, "buyer", shop.app.now()) is not None
    assert (await ledger.wallet(shop.db, again.id)).balance_cents == 0


async def move(shop: Book, account: int, bucket: str) -> None:
    async with shop.db.transaction() as tx:
        legs = (Posting(account, bucket, 5), Posting(None, "world", -5))  # type: ignore[arg-type] # of the two
        await ledger.post(tx, f"test:{bucket}:{account}", "deposit", legs, shop.app.now())


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("deposit", "0.05 USD in its deposit"),
        ("balance", "0.05 USD in its balance"),
        ("buying", "1 trades under way"),
        ("selling", "1 trades under way"),
        ("receiving", "1 trades under way"),
        ("frozen", "an operator who looks into the account"),
        ("admin", "the role of an admin"),
    ],
)
async def test_nobody_leaves_who_has_something_open(shop: Book, what: str, sentence: str) -> None:
    life = await lived(shop)
    await shop.db.execute("UPDATE ban SET lifted_at = until_at")
    await shop.stock.online(shop.seller)
    if what in ("deposit", "balance"):
        await move(shop, life.id, what)
    elif what == "buying":
        await shop.pay_in(life.id, 100)
        await trades.buy(shop.app, wish(life.id, await shop.offer(100), life.account.steamid))
    elif what == "selling":
        await shop.stock.online(life.id)
        buyer = await shop.buyer()
        offer = await shop.stock.offer(life.id)
        await trades.buy(shop.app, wish(buyer, offer, await shop.stock.steamid_of(buyer)))
    elif what == "receiving":
        await trades.buy(shop.app, wish(await shop.buyer(), await shop.offer(100), life.account.steamid))
    elif what == "frozen":
        await freezing.freeze(shop.app, life.id, actor_id=None, reason="looked into")
    else:
        async with shop.db.transaction() as tx:
            await roles.grant(tx, life.id, shop.app.real_now())
    before = await traces(shop.db, CANARY)
    with pytest.raises(Conflicting, match=sentence):
        await life.leave()
    assert await traces(shop.db, CANARY) == before
    assert (await users.by_id(shop.db, life.id)).steamid == life.account.steamid


async def test_an_export_has_all_that_is_his_and_no_secret(
    shop: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_data, "ROWS_AT_ONCE", 2)  # so that parts go on where the questions before ended
    life = await lived(shop)
    data = await life.data()
    assert data.keys() == own_data.PARTS.keys()
    assert data["account"][0]["steamid"] == life.account.steamid
    assert data["profile"][0]["skrill"] == "canary@example.com"
    assert sorted(row["side"] for row in data["trades"]) == ["bought", "sold"]
    kept = await shop.db.value("SELECT count(DISTINCT transfer_id) FROM entry WHERE account_id = $1", life.id)
    assert len(data["ledger"]) == kept > 2
    assert (data["payouts"][0]["reference"], data["messages"][0]["text"]) == ("SK-1", "canary, please write")
    text = json.dumps(data)
    assert life.token not in text and "hash" not in {
        key for rows in data.values() for row in rows for key in row
    }
    other = await users.by_id(shop.db, shop.seller)
    theirs = await Life(shop, other, "").data()
    assert CANARY not in json.dumps(theirs)


async def test_an_export_of_much_is_made_piece_by_piece(shop: Book) -> None:
    account = await shop.buyer()
    await shop.db.execute(
        "INSERT INTO message (account_id, text, at) SELECT $1, md5(n::text) || md5((n + 1)::text), $2 FROM generate_series(1, 5000) n",
        account, shop.app.real_now(),
    )  # fmt: skip
    pieces = [piece async for piece in own_data.stream(shop.app, account)]
    assert len(pieces) > 10
    assert max(map(len, pieces)) < 200_000
