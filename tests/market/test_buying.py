"""Buying under races, and `buy_batch` held against its twin in Python."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from stock import MARKET_NOW, Stock, moment, wish
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.market import ledger
from tradepost.market.buying import Batches, Buy, Desk, Outcome
from tradepost.rules.buying import Bought, Facts, Wish, decide_buy

pytestmark = pytest.mark.sql
SETTINGS = Settings()


async def buy(db: Db, wished: Buy, batches: Batches | None = None) -> Outcome:
    return await (batches or Batches()).decide(Desk(db, SETTINGS, moment), wished)


async def a_seller_with(stock: Stock, offers: int, price_cents: int = 100) -> tuple[int, list[int]]:
    seller = await stock.person()
    await stock.online(seller)
    return seller, [await stock.offer(seller, price_cents) for _ in range(offers)]


async def test_a_buy_holds_the_price_and_reserves_the_item(db: Db) -> None:
    stock = Stock(db)
    _, (offer,) = await a_seller_with(stock, 1, 250)
    buyer = await stock.person(deposit_cents=200, balance_cents=100)
    outcome = await buy(db, wish(buyer, offer, await stock.steamid_of(buyer)))
    assert outcome.code == "bought"
    purse = await ledger.wallet(db, buyer)
    assert (purse.deposit_cents, purse.balance_cents, purse.held_cents) == (0, 50, 250)
    row = await db.fetch("SELECT paid_deposit_cents, paid_balance_cents, fee_cents, state FROM trade")
    assert tuple(row[0]) == (200, 50, 13, "created")
    assert await db.value("SELECT state FROM offer WHERE id = $1", offer) == "reserved"


async def test_of_64_buyers_of_one_item_one_wins(db: Db) -> None:
    stock = Stock(db)
    _, (offer,) = await a_seller_with(stock, 1)
    buyers = [await stock.person(deposit_cents=1000) for _ in range(64)]
    steamids = [await stock.steamid_of(buyer) for buyer in buyers]
    # Half of them wait in one process, the others come from many.
    one = Batches()
    outcomes = await asyncio.gather(
        *(
            buy(db, wish(b, offer, s), one if n % 2 else None)
            for n, (b, s) in enumerate(zip(buyers, steamids, strict=True))
        )
    )
    assert Counter(outcome.code for outcome in outcomes) == {"bought": 1, "no_item": 63}


@pytest.mark.parametrize("processes", [1, 8])
async def test_a_wallet_worth_seven_buys_seven_of_64(db: Db, processes: int) -> None:
    stock = Stock(db)
    _, offers = await a_seller_with(stock, 64)
    buyer = await stock.person(deposit_cents=450, balance_cents=299)
    receiver = await stock.steamid_of(buyer)
    queues = [Batches() for _ in range(processes)]
    outcomes = await asyncio.gather(
        *(buy(db, wish(buyer, offer, receiver), queues[n % processes]) for n, offer in enumerate(offers))
    )
    assert Counter(outcome.code for outcome in outcomes) == {"bought": 7, "too_little_money": 57}
    purse = await ledger.wallet(db, buyer)
    assert (purse.deposit_cents + purse.balance_cents, purse.held_cents) == (49, 700)


@pytest.mark.parametrize("processes", [1, 8])
async def test_the_same_custom_id_from_32_sides_is_one_trade_and_one_answer(db: Db, processes: int) -> None:
    stock = Stock(db)
    _, (offer,) = await a_seller_with(stock, 1)
    buyer = await stock.person(deposit_cents=1000)
    wished = wish(buyer, offer, await stock.steamid_of(buyer), custom_id="order-1")
    queues = [Batches() for _ in range(processes)]
    outcomes = await asyncio.gather(*(buy(db, wished, queues[n % processes]) for n in range(32)))
    assert len(set(outcomes)) == 1
    assert outcomes[0].code == "bought"
    assert await db.value("SELECT count(*) FROM trade") == 1


async def test_the_same_custom_id_with_other_content_is_refused_and_a_refusal_leaves_it_free(db: Db) -> None:
    stock = Stock(db)
    _, (dear, cheap, third) = await a_seller_with(stock, 3, 500)
    buyer = await stock.person(deposit_cents=1000)
    receiver = await stock.steamid_of(buyer)
    refused = await buy(db, wish(buyer, dear, receiver, custom_id="a", ceiling_cents=499))
    assert refused.code == "dearer"
    assert (await buy(db, wish(buyer, cheap, receiver, custom_id="a"))).code == "bought"
    assert (await buy(db, wish(buyer, third, receiver, custom_id="a"))).code == "key_used"
    # Both keys in one batch: the second wish meets the first one's key before it is in any table.
    queue = Batches()
    await asyncio.gather(*(_fill(queue, db) for _ in range(2)))
    pair = await asyncio.gather(
        buy(db, wish(buyer, third, receiver, custom_id="b", idempotency_key="k"), queue),
        buy(db, wish(buyer, dear, receiver, custom_id="c", idempotency_key="k"), queue),
    )
    assert sorted(outcome.code for outcome in pair) == ["bought", "key_used"]


async def _fill(queue: Batches, db: Db) -> None:
    """Occupy one of the places in flight, so that what comes next waits together."""
    await queue.decide(Desk(db, SETTINGS, moment), wish(1, 999_999_999, "76561198000000001"))


async def test_a_reprice_against_a_buy_never_charges_another_price_than_was_seen(db: Db) -> None:
    stock = Stock(db)
    _, offers = await a_seller_with(stock, 20)
    buyer = await stock.person(deposit_cents=100_000)
    receiver = await stock.steamid_of(buyer)

    async def dearer(offer: int) -> None:
        await db.execute("UPDATE offer SET price_cents = 200 WHERE id = $1 AND state = 'on_sale'", offer)

    for offer in offers:
        outcome, _ = await asyncio.gather(
            buy(db, wish(buyer, offer, receiver, ceiling_cents=100)), dearer(offer)
        )
        if outcome.code == "bought":
            assert await db.value("SELECT price_cents FROM trade WHERE offer_id = $1", offer) == 100
            assert await db.value("SELECT price_cents FROM offer WHERE id = $1", offer) == 100
        else:
            assert outcome.code == "dearer"


async def test_one_impossible_buy_does_not_spoil_the_others_of_its_batch(db: Db) -> None:
    stock = Stock(db)
    _, offers = await a_seller_with(stock, 3)
    buyer = await stock.person(deposit_cents=1000)
    receiver = await stock.steamid_of(buyer)
    queue = Batches()
    broken = Buy(buyer, offers[1], receiver, "no", None, None, None, b"\x00", )  # fmt: skip
    broken = Buy(2**70, offers[1], receiver, "tokenabc", None, None, None, broken.digest)
    blocker = asyncio.gather(*(_fill(queue, db) for _ in range(2)))
    outcomes = await asyncio.gather(
        buy(db, wish(buyer, offers[0], receiver), queue),
        buy(db, broken, queue),
        buy(db, wish(buyer, offers[2], receiver), queue),
        return_exceptions=True,
    )
    await blocker
    assert isinstance(outcomes[1], Exception)
    assert [outcome.code for outcome in outcomes if isinstance(outcome, Outcome)] == ["bought", "bought"]


async def test_a_merchant_may_sell_to_himself_only_by_flag_and_between_two_steamids(db: Db) -> None:
    stock = Stock(db)
    seller = await stock.person()
    merchant = await stock.person(deposit_cents=1000)
    customer = await stock.person()
    await stock.online(seller)
    offers = [await stock.offer(seller, payee_id=merchant) for _ in range(3)]
    to_customer = await stock.steamid_of(customer)
    assert (await buy(db, wish(merchant, offers[0], to_customer))).code == "own_item"
    await db.execute("UPDATE account SET may_trade_with_self = true WHERE id = $1", merchant)
    assert (await buy(db, wish(merchant, offers[0], to_customer))).code == "bought"
    assert (await buy(db, wish(merchant, offers[1], await stock.steamid_of(seller)))).code == "own_item"


async def test_the_batch_in_sql_decides_as_the_rule_in_python(db: Db) -> None:
    """Hundreds of drawn situations, each decided by both: the answer, the split and the fee are the same."""
    draw = random.Random(7)
    stock = Stock(db)
    seen: Counter[str] = Counter()
    for number in range(250):
        seller = await stock.person(trade_token=draw.choice(["tokenabc", "tokenabc", "tokenabc", None]))
        payee = draw.choice([seller, await stock.person()])
        buyer = draw.choice([payee, seller, *([await stock.person(deposit_cents=draw.choice([0, 40, 90]) or 0,
                                                                  balance_cents=draw.choice([0, 20, 200]))] * 6)])  # fmt: skip
        price_cents = draw.choice([2, 3, 19, 20, 21, 100, 101])
        offer = await stock.offer(seller, price_cents, payee_id=payee)
        receiver = draw.choice(
            [await stock.steamid_of(buyer)] * 3 + [await stock.steamid_of(seller), "76561199999999999"]
        )
        facts, wished = await _situation(db, draw, seller, payee, buyer, offer, receiver, price_cents, number)
        expected = decide_buy(Wish(receiver, wished.ceiling_cents, wished.digest), facts, SETTINGS.fee_bps)
        outcome = await buy(db, wished)
        if isinstance(expected, Bought):
            assert outcome.code == "bought", (number, expected, outcome)
            row = await db.fetch(
                "SELECT paid_deposit_cents, paid_balance_cents, fee_cents FROM trade WHERE id = $1",
                outcome.trade_id,
            )
            assert tuple(row[0]) == (
                expected.from_deposit_cents,
                expected.from_balance_cents,
                expected.fee_cents,
            )
            seen["bought"] += 1
        elif isinstance(expected, int):
            assert outcome == Outcome("bought", expected)
            seen["again"] += 1
        else:
            assert outcome == Outcome(expected, None), (number, facts)
            seen[expected] += 1
    assert len(seen) >= 14, seen
    await db.execute("UPDATE account SET frozen_at = NULL")  # which by itself is no freeze that adds up


async def _situation(
    db: Db,
    draw: random.Random,
    seller: int,
    payee: int,
    buyer: int,
    offer: int,
    receiver: str,
    price_cents: int,
    number: int,
) -> tuple[Facts, Buy]:
    real = datetime.now(UTC)

    def rarely() -> bool:
        return draw.random() < 0.07

    heartbeat = None if rarely() else real - timedelta(seconds=300 if rarely() else 1)
    session_ok, missing, refused, self_ok = not rarely(), rarely(), rarely(), draw.random() < 0.5
    scanned = None if rarely() else real - timedelta(hours=3 if rarely() else 0)
    state = "ended" if rarely() else "on_sale"
    seller_banned, receiver_banned, hold = (
        rarely(),
        rarely(),
        MARKET_NOW + timedelta(days=1) if rarely() else None,
    )
    seller_steamid: str = await db.value("SELECT steamid FROM account WHERE id = $1", seller)
    if heartbeat:
        await db.execute("INSERT INTO presence VALUES ($1, $2, $3)", seller, heartbeat, session_ok)
    if scanned:
        await db.execute("INSERT INTO inventory_scan VALUES ($1, 'csgo', $2, true)", seller, scanned)
    await db.execute("UPDATE offer SET missing_at = $2, state = $3, ended_reason = $4 WHERE id = $1", offer, real if missing else None,
                     state, "gone" if state == "ended" else None)  # fmt: skip
    await db.execute(
        "UPDATE account SET trade_token_refused_at = $2 WHERE id = $1", seller, real if refused else None
    )
    await db.execute("UPDATE account SET may_trade_with_self = $2 WHERE id = $1", buyer, self_ok)
    frozen = {who for who in (buyer, payee, seller) if draw.random() < 0.03}
    await db.execute("UPDATE account SET frozen_at = $2 WHERE id = ANY ($1)", list(frozen), MARKET_NOW)
    away = {who for who in (buyer, payee, seller) if draw.random() < 0.03}
    back_at = draw.choice([None, MARKET_NOW + timedelta(days=1), MARKET_NOW])
    await db.execute(
        "UPDATE account SET away_since = $2::timestamptz - interval '1 day', away_until = $3 WHERE id = ANY ($1)",
        list(away), MARKET_NOW, back_at,
    )  # fmt: skip
    await db.execute("UPDATE account SET hold_until = $2 WHERE steamid = $1", receiver, hold)
    for banned, who, side in (
        (seller_banned, seller_steamid, "seller"),
        (receiver_banned, receiver, "buyer"),
    ):
        if banned:
            await db.execute("INSERT INTO ban (steamid, side, reason, from_at, until_at) VALUES ($1, $2, 'test', $3, $4)",
                             who, side, MARKET_NOW - timedelta(days=1), MARKET_NOW + timedelta(days=1))  # fmt: skip
    wished = wish(
        buyer, offer, receiver, ceiling_cents=draw.choice([None, None, 100, 20]), custom_id=f"c{number}"
    )
    used: tuple[tuple[int, bytes], ...] = ()
    if rarely() and (
        earlier := await db.fetch("SELECT id, digest FROM trade WHERE buyer_id = $1 LIMIT 1", buyer)
    ):
        await db.execute("UPDATE trade SET custom_id = $2 WHERE id = $1", earlier[0]["id"], f"c{number}")
        used = ((earlier[0]["id"], earlier[0]["digest"]),)
    elif draw.random() < 0.1:
        # The very same wish was made a moment ago: possible or not, asking again is the same answer.
        first = await buy(db, wished)
        if first.trade_id is not None:
            used = ((first.trade_id, wished.digest),)
    purse = await ledger.wallet(db, buyer)
    known = await db.value("SELECT count(*) FROM account WHERE steamid = $1", receiver) > 0
    return Facts(
        now=MARKET_NOW, online_after=real - timedelta(seconds=2 * SETTINGS.heartbeat_ttl_seconds),
        scanned_after=real - timedelta(minutes=SETTINGS.presence_minutes), used_by=used, offer_state=state,
        price_cents=price_cents, seller_steamid=seller_steamid, seller_banned=seller_banned, seller_frozen=bool(frozen & {payee, seller}), buyer_frozen=buyer in frozen,
        seller_away=bool(away & {payee, seller}) and back_at != MARKET_NOW,
        buyer_is_payee_or_seller=buyer in (payee, seller), may_trade_with_self=self_ok, receiver_known=known,
        receiver_banned=receiver_banned, receiver_hold_until=hold if known else None, heartbeat_at=heartbeat,
        session_ok=session_ok, seller_trade_token=await db.value("SELECT trade_token FROM account WHERE id = $1", seller),
        seller_token_refused=refused, missing=missing, scanned_at=scanned, deposit_cents=purse.deposit_cents,
        balance_cents=purse.balance_cents,
    ), wished  # fmt: skip


async def test_buys_of_one_moment_are_one_statement(db: Db) -> None:
    stock = Stock(db)
    _, offers = await a_seller_with(stock, 20)
    buyer = await stock.person(deposit_cents=10_000)
    receiver, batches = await stock.steamid_of(buyer), Batches()
    outcomes = await asyncio.gather(*(buy(db, wish(buyer, one, receiver), batches) for one in offers))
    assert {outcome.code for outcome in outcomes} == {"bought"}
    assert await db.value("SELECT count(DISTINCT xmin::text) FROM trade") == 1


async def test_a_buy_waits_for_company_but_not_for_a_batch_that_is_held_up(db: Db) -> None:
    stock = Stock(db)
    _, (first, second, free) = await a_seller_with(stock, 3)
    buyer = await stock.person(deposit_cents=10_000)
    receiver, batches = await stock.steamid_of(buyer), Batches()
    other = await stock.person(deposit_cents=10_000)
    async with db.transaction() as held:
        await held.execute("SELECT 1 FROM offer WHERE id = $1 FOR UPDATE", first)
        two = [asyncio.create_task(buy(db, wish(buyer, one, receiver), batches)) for one in (first, second)]
        while not batches.in_flight:
            await asyncio.sleep(0)
        async with asyncio.timeout(4):  # far less than a lock is waited for
            assert (await buy(db, wish(other, free, receiver), batches)).code == "bought"
        assert not any(task.done() for task in two)
    assert [(await task).code for task in two] == ["bought", "bought"]


async def test_a_buy_is_planned_once_a_connection_and_by_indexes(db: Db) -> None:
    # Whoever replaces the function says so again, or each single buy takes four times as long: sql/0020.
    settings = await db.value("SELECT proconfig FROM pg_proc WHERE proname = 'buy_batch'")
    assert settings == ["plan_cache_mode=force_generic_plan", "enable_seqscan=off"]
