"""Buy orders: placed, changed, removed, and filled by what is put on sale, repriced or comes back."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from market.ordering import Book, a_book
from stock import wish
from tradepost.db import Db
from tradepost.market import buy_orders, ledger, switches, trades
from tradepost.market.buy_orders import Level
from tradepost.market.buy_orders.rows import READY
from tradepost.market.offers import cancel
from tradepost.rules.matching import AMOUNT_MAX
from tradepost.rules.refusals import Conflicting, Malformed, NotFound
from tradepost.rules.trade import Deadline, Delivered, Leased, OfferSeen, SendUnknown, Settled

pytestmark = pytest.mark.sql


@pytest.fixture
async def book(db: Db) -> AsyncIterator[Book]:
    async with a_book(db) as found:
        yield found


# Placing, changing, removing -----------------------------------------------------------------------------------


async def test_an_order_reserves_nothing_and_wants_no_money_to_be_placed(book: Book) -> None:
    buyer = await book.buyer(cents=0)
    view = await buy_orders.place(book.app, buyer, book.item, 500, 3)
    assert (view.order.price_cents, view.order.amount, view.order.reach_cents) == (500, 3, 500)
    assert view.market_hash_name == "P250 | Valence (Field-Tested)"
    assert await buy_orders.own(book.db, buyer, book.item) == view
    purse = await ledger.wallet(book.db, buyer)
    assert (purse.deposit_cents, purse.held_cents) == (0, 0)


@pytest.mark.parametrize("price_cents", [100, 101])
async def test_who_could_buy_at_once_is_told_to(book: Book, price_cents: int) -> None:
    await book.offer(100)
    with pytest.raises(Conflicting, match=r"is on sale for 1\.00 USD: buy that instead"):
        await book.order(await book.buyer(), price_cents)
    assert await book.db.value("SELECT count(*) FROM buy_order") == 0


async def test_under_the_cheapest_offer_one_may_wait(book: Book) -> None:
    await book.offer(100)
    order = await book.order(await book.buyer(), 99)
    await book.fill()
    assert (await book.read(order)).state == "live"


async def test_an_offer_that_nobody_can_buy_now_keeps_nobody_from_ordering(book: Book) -> None:
    """His own, and one whose seller is away: to say "buy that" would be no help."""
    buyer, away = await book.buyer(), await book.stock.person()
    await book.stock.online(buyer)
    await book.offer(50, seller=buyer)
    await book.offer(60, seller=away)
    order = await book.order(buyer, 100)
    await book.fill()
    assert (await book.read(order)).amount == 1


async def test_an_account_has_one_order_an_item(book: Book) -> None:
    buyer = await book.buyer()
    await book.order(buyer, 100)
    with pytest.raises(Conflicting, match="already"):
        await book.order(buyer, 90)
    await buy_orders.remove(book.app, buyer, book.item)
    await book.order(buyer, 90)


async def test_who_has_no_trade_url_is_told_to_set_it(book: Book) -> None:
    buyer = await book.stock.person(trade_token=None)
    with pytest.raises(Conflicting, match="trade URL"):
        await book.order(buyer, 100)


@pytest.mark.parametrize(
    ("price_cents", "amount", "field"),
    [(1, 1, "value"), (0, 1, "value"), (-5, 1, "value"), (10_000_001, 1, "value"), (2**70, 1, "value"),
     (100, 0, "amount"), (100, -1, "amount"), (100, AMOUNT_MAX + 1, "amount"), (100, 2**70, "amount")],
)  # fmt: skip
async def test_a_price_and_an_amount_have_bounds(
    book: Book, price_cents: int, amount: int, field: str
) -> None:
    buyer = await book.buyer()
    with pytest.raises(Malformed) as refused:
        await buy_orders.place(book.app, buyer, book.item, price_cents, amount)
    assert refused.value.field == field
    await book.order(buyer, 100)
    with pytest.raises(Malformed) as refused:
        await buy_orders.change(book.app, buyer, book.item, price_cents=price_cents, amount=amount)
    assert refused.value.field == field


@pytest.mark.parametrize("item", [999_999, 2**63 - 1, 2**63, 2**100])
async def test_what_the_catalogue_lacks_cannot_be_ordered_nor_asked_for(book: Book, item: int) -> None:
    buyer = await book.buyer()
    deeds = (
        buy_orders.place(book.app, buyer, item, 100, 1),
        buy_orders.change(book.app, buyer, item, price_cents=100, amount=1),
        buy_orders.remove(book.app, buyer, item),
        buy_orders.own(book.db, buyer, item),
        buy_orders.depth(book.db, item),
    )
    for deed in deeds:
        with pytest.raises(NotFound):
            await deed


async def test_an_account_has_so_many_orders_and_no_more(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buy_orders.placing, "ORDERS_MAX", 2)
    buyer, other = await book.buyer(), await book.buyer()
    items = [await book.stock.item(f"Case {number}") for number in range(3)]
    for item in items[:2]:
        await buy_orders.place(book.app, buyer, item, 100, 1)
    with pytest.raises(Conflicting, match="remove one first"):
        await buy_orders.place(book.app, buyer, items[2], 100, 1)
    await buy_orders.place(book.app, other, items[2], 100, 1)


async def test_a_changed_order_keeps_its_place_only_where_it_wants_no_more_than_before(book: Book) -> None:
    first, second = await book.buyer(), await book.buyer()
    order = await book.order(first, 100, 5)
    later = await book.order(second, 100, 5)

    async def is_first() -> bool:
        return (await book.read(order)).place < (await book.read(later)).place

    await buy_orders.change(book.app, first, book.item, price_cents=None, amount=2)
    assert await is_first()
    await buy_orders.change(book.app, first, book.item, price_cents=100, amount=3)
    assert not await is_first()
    await buy_orders.change(book.app, second, book.item, price_cents=101, amount=None)
    await buy_orders.change(book.app, second, book.item, price_cents=100, amount=None)
    assert await is_first()


async def test_a_changed_price_is_refused_where_one_could_buy_at_once_and_an_amount_is_not(
    book: Book,
) -> None:
    buyer = await book.buyer(cents=0)
    order = await book.order(buyer, 100)
    await book.offer(80)
    await book.fill()  # he cannot pay it, so it stays
    assert (await book.read(order)).asleep == "money"
    for price_cents in (80, 90, 200):
        with pytest.raises(Conflicting, match="buy that instead"):
            await buy_orders.change(book.app, buyer, book.item, price_cents=price_cents, amount=None)
    await buy_orders.change(book.app, buyer, book.item, price_cents=None, amount=7)
    assert ((await book.read(order)).amount, (await book.read(order)).asleep) == (7, "money")
    await buy_orders.change(book.app, buyer, book.item, price_cents=79, amount=None)
    assert ((await book.read(order)).reach_cents, (await book.read(order)).asleep) == (79, None)


async def test_a_removed_order_buys_nothing(book: Book) -> None:
    buyer = await book.buyer()
    order = await book.order(buyer, 100)
    removed = await buy_orders.remove(book.app, buyer, book.item)
    assert (removed.id, removed.state) == (order, "removed")
    await book.offer(100)
    await book.fill()
    assert await book.bought() == []
    with pytest.raises(NotFound, match="No buy order found"):
        await buy_orders.remove(book.app, buyer, book.item)


async def test_nobody_changes_or_removes_another_s_order(book: Book) -> None:
    await book.order(await book.buyer(), 100)
    stranger = await book.buyer()
    deeds = (
        buy_orders.change(book.app, stranger, book.item, price_cents=90, amount=1),
        buy_orders.remove(book.app, stranger, book.item),
        buy_orders.own(book.db, stranger, book.item),
    )
    for deed in deeds:
        with pytest.raises(NotFound, match="No buy order found"):
            await deed


async def test_all_orders_of_an_account_end_with_it(book: Book) -> None:
    leaving, staying = await book.buyer(), await book.buyer()
    other = await book.stock.item("Case")
    await book.order(leaving, 100)
    await buy_orders.place(book.app, leaving, other, 100, 2)
    await book.order(staying, 90)
    async with book.db.transaction() as tx:
        assert await buy_orders.end_all(tx, leaving, book.app.now()) == 2
    assert await buy_orders.page(book.db, leaving, first=0, count=50) == ([], 0)
    assert (await buy_orders.page(book.db, staying, first=0, count=50))[1] == 1


async def test_own_orders_are_listed_newest_first_page_by_page(book: Book) -> None:
    buyer = await book.buyer()
    items = [await book.stock.item(f"Case {number}") for number in range(5)]
    placed = [(await buy_orders.place(book.app, buyer, item, 100, 1)).order.id for item in items]
    await book.order(await book.buyer(), 100)
    pages = [await buy_orders.page(book.db, buyer, first=first, count=2) for first in (0, 2, 4, 6)]
    assert [view.order.id for views, _ in pages for view in views] == placed[::-1]
    assert {total for _, total in pages} == {5}


async def test_the_depth_adds_up_what_is_wanted_at_each_price_the_best_first(book: Book) -> None:
    poor = await book.buyer(cents=0)
    await book.order(poor, 500, 9)
    await book.offer(500)
    await book.fill()  # asleep: it would buy nothing, so it is not shown
    for price_cents, amount in ((100, 2), (120, 1), (100, 5)):
        await book.order(await book.buyer(), price_cents, amount)
    depth = await buy_orders.depth(book.db, book.item)
    assert depth.levels == [Level(120, 1, 1), Level(100, 7, 2)]


# Filling ---------------------------------------------------------------------------------------------------


async def test_an_offer_under_a_waiting_order_s_price_sells_to_it_at_the_offer_s_price(book: Book) -> None:
    buyer = await book.buyer()
    order = await book.order(buyer, 100, 2)
    offer = await book.offer(80)
    await book.fill()
    assert await book.bought() == [(buyer, offer, 80)]
    trade = (await book.db.fetch("SELECT * FROM trade"))[0]
    assert (trade["buyer_steamid"], trade["trade_token"]) == (await book.stock.steamid_of(buyer), "tokenabc")
    assert trade["idempotency_key"] == f"own order:{order}:{offer}:1"
    found = await book.read(order)
    assert (found.amount, found.bought, found.state) == (1, 1, "live")
    assert (await ledger.wallet(book.db, buyer)).held_cents == 80
    await book.offer(100)
    await book.fill()
    assert (await book.read(order)).state == "filled"
    assert await book.due() == 0


async def test_a_dearer_offer_sells_to_nobody_until_it_is_repriced(book: Book) -> None:
    buyer = await book.buyer()
    order = await book.order(buyer, 100)
    offer = await book.offer(101)
    await book.fill()
    assert (await book.bought(), await book.due()) == ([], 0)
    await book.reprice(offer, 100)
    await book.fill()
    assert await book.bought() == [(buyer, offer, 100)]
    assert (await book.read(order)).state == "filled"


async def test_what_comes_back_from_a_cancelled_trade_sells_to_who_waits(book: Book) -> None:
    """The trade that failed was nobody's order: what is back on sale is an offer like any other."""
    first, second = await book.buyer(), await book.buyer()
    offer = await book.offer(80)
    await trades.buy(book.app, wish(first, offer, await book.stock.steamid_of(first)))
    await book.order(second, 85)
    await book.declined(offer)
    await book.fill()
    assert await book.bought() == [(first, offer, 80), (second, offer, 80)]


async def test_what_an_order_s_owner_let_go_sells_to_the_next_in_line(book: Book) -> None:
    first, second = await book.buyer(), await book.buyer()
    order = await book.order(first, 90)
    offer = await book.offer(80)
    await book.fill()
    await book.order(second, 85)
    await book.declined(offer)
    await book.fill()
    assert await book.bought() == [(first, offer, 80), (second, offer, 80)]
    assert (await book.read(order)).state == "filled"


async def test_the_best_price_buys_first_and_of_equal_ones_the_oldest(book: Book) -> None:
    names = [await book.buyer() for _ in range(4)]
    for buyer, price_cents in zip(names, (100, 120, 120, 110), strict=True):
        await book.order(buyer, price_cents)
    offers = [await book.offer(100) for _ in range(4)]
    await book.fill()
    buyers = [buyer for buyer, _, _ in await book.bought()]
    assert buyers == [names[1], names[2], names[3], names[0]]
    assert [offer for _, offer, _ in await book.bought()] == offers


async def test_who_places_the_order_pays_no_more_than_he_has(book: Book) -> None:
    buyer = await book.buyer(cents=250)
    order = await book.order(buyer, 100, 5)
    for _ in range(4):
        await book.offer(100)
    await book.fill()
    found = await book.read(order)
    assert (found.bought, found.amount, found.asleep, found.reach_cents) == (2, 3, "money", 99)
    assert await book.due() == 0


async def test_nobody_s_order_buys_from_himself_and_the_next_in_line_does(book: Book) -> None:
    merchant, seller, third = await book.buyer(), await book.buyer(), await book.buyer()
    await book.stock.online(seller)
    await book.order(merchant, 120)
    await book.order(seller, 110)
    await book.order(third, 100)
    offer = await book.offer(100, seller=seller, payee=merchant)
    await book.fill()
    assert await book.bought() == [(third, offer, 100)]


async def test_an_order_of_two_items_of_one_person_s_is_one_trade_each(book: Book) -> None:
    buyer = await book.buyer()
    order = await book.order(buyer, 100, 10)
    for price_cents in (90, 80, 100, 70):
        await book.offer(price_cents)
    await book.fill()
    assert [cents for _, _, cents in await book.bought()] == [70, 80, 90, 100]
    keys = [
        row["idempotency_key"] for row in await book.db.fetch("SELECT idempotency_key FROM trade ORDER BY id")
    ]
    assert [key.rpartition(":")[2] for key in keys] == ["1", "2", "3", "4"]
    assert ((await book.read(order)).amount, (await book.read(order)).bought) == (6, 4)


async def test_while_buying_is_off_nothing_is_filled_and_nothing_is_lost(book: Book) -> None:
    buyer = await book.buyer()
    await book.order(buyer, 100)
    offer = await book.offer(100)
    await _turn_buying(book, off=True)
    await book.fill()
    assert await book.bought() == []
    await _turn_buying(book, off=False)
    await book.fill()
    assert await book.bought() == [(buyer, offer, 100)]


async def _turn_buying(book: Book, *, off: bool) -> None:
    async with book.db.transaction() as tx:
        await switches.set_switch(tx, "buying", off)
    switches._recent.forget(book.app, lambda _: True)  # what half a second does


# What cannot be bought now -------------------------------------------------------------------------------------


async def test_an_offline_seller_s_offer_stays_and_the_next_one_is_bought_meanwhile(book: Book) -> None:
    away = await book.stock.person()
    buyer = await book.buyer()
    order = await book.order(buyer, 100, 2)
    cheap = await book.offer(50, seller=away)
    dear = await book.offer(90)
    await book.fill()
    assert await book.bought() == [(buyer, dear, 90)]
    assert await book.due() == 1
    await book.stock.online(away)
    await book.fill()
    assert len(await book.bought()) == 1, "it is looked at again when it is time"
    await book.pass_time(61)
    await book.fill()
    assert await book.bought() == [(buyer, dear, 90), (buyer, cheap, 50)]
    assert (await book.read(order)).state == "filled"
    assert await book.due() == 0


async def test_a_hundred_offers_that_cannot_be_bought_starve_nobody(book: Book) -> None:
    away = await book.stock.person()
    buyer = await book.buyer()
    await book.order(buyer, 100)
    for _ in range(120):
        await book.offer(50, seller=away)
    offer = await book.offer(100)
    await book.fill()
    assert await book.bought() == [(buyer, offer, 100)]


async def test_a_hundred_orders_without_money_starve_nobody(book: Book) -> None:
    for _ in range(120):
        await book.order(await book.buyer(cents=0), 200)
    buyer = await book.buyer()
    await book.order(buyer, 100)
    offer = await book.offer(100)
    await book.fill()
    assert await book.bought() == [(buyer, offer, 100)]
    assert await book.db.value("SELECT count(*) FROM buy_order WHERE asleep = 'money'") == 120


async def test_a_refusal_that_was_not_foreseen_sets_the_offer_aside_for_now(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What READY says and what buying says may differ for a moment, and no look may go round in circles."""
    buyer = await book.buyer()
    await book.order(buyer, 100)
    unready = await book.offer(50)
    await book.db.execute("UPDATE offer SET missing_at = $2 WHERE id = $1", unready, datetime.now(UTC))
    without = READY.replace("AND o.missing_at IS NULL", "")
    monkeypatch.setattr("tradepost.market.buy_orders.book.READY", without)
    offer = await book.offer(90)
    await book.fill()
    assert await book.bought() == [(buyer, offer, 90)]


async def test_a_banned_owner_s_order_sleeps_and_wakes_when_the_ban_is_over(book: Book) -> None:
    banned, other = await book.buyer(), await book.buyer()
    steamid = await book.stock.steamid_of(banned)
    now = book.app.now()
    await book.db.execute(
        "INSERT INTO ban (steamid, side, reason, from_at, until_at) VALUES ($1, 'buyer', 'test', $2, $3)",
        steamid, now - timedelta(hours=1), now + timedelta(hours=1),
    )  # fmt: skip
    order = await book.order(banned, 120)
    await book.order(other, 100)
    first, second = await book.offer(100), await book.offer(100)
    await book.fill()
    assert await book.bought() == [(other, first, 100)]
    assert (await book.read(order)).asleep == "banned"
    for _ in range(12):
        assert (await book.read(order)).state == "live"
        await book.pass_time(301)
        await book.fill()
    assert (await book.bought())[1:] == [(banned, second, 100)]


@pytest.mark.parametrize(
    ("column", "value", "asleep"),
    [("trade_token", None, "trade_url"), ("hold_until", datetime(2099, 1, 1, tzinfo=UTC), "on_hold")],
)
async def test_an_owner_who_cannot_receive_keeps_nobody_waiting(
    book: Book, column: str, value: object, asleep: str
) -> None:
    cannot, other = await book.buyer(), await book.buyer()
    order = await book.order(cannot, 120)
    await book.order(other, 100)
    await book.db.execute(f"UPDATE account SET {column} = $2 WHERE id = $1", cannot, value)
    first, second = await book.offer(100), await book.offer(100)
    await book.fill()
    assert await book.bought() == [(other, first, 100)]
    assert (await book.read(order)).asleep == asleep
    fine = "tokenabc" if column == "trade_token" else None
    await book.db.execute(f"UPDATE account SET {column} = $2 WHERE id = $1", cannot, fine)
    await book.pass_time(301)
    await book.fill()
    assert (await book.bought())[1:] == [(cannot, second, 100)]


# Asleep and awake --------------------------------------------------------------------------------------------


async def test_an_order_sleeps_for_what_its_wallet_cannot_pay_and_still_buys_what_it_can(book: Book) -> None:
    buyer = await book.buyer(cents=90)
    order = await book.order(buyer, 200, 2)
    dear = await book.offer(100)
    await book.fill()
    found = await book.read(order)
    assert (found.asleep, found.reach_cents) == ("money", 99)
    cheap = await book.offer(90)
    await book.fill()
    assert await book.bought() == [(buyer, cheap, 90)]
    await book.pay_in(buyer, 100)
    await book.fill()
    assert (await book.bought())[1:] == [(buyer, dear, 100)]


async def test_money_that_is_still_too_little_wakes_nobody(book: Book) -> None:
    buyer = await book.buyer(cents=0)
    order = await book.order(buyer, 200)
    await book.offer(100)
    await book.fill()
    before = await book.read(order)
    await book.pay_in(buyer, 99)
    assert await book.due() == 0
    await book.db.execute("INSERT INTO buy_order_match (steam_item_id) VALUES ($1)", book.item)
    await book.fill()
    assert await book.read(order) == before
    await book.pay_in(buyer, 1)
    assert await book.due() == 1
    await book.fill()
    assert (await book.read(order)).state == "filled"


async def test_a_refund_and_a_settlement_wake_as_a_deposit_does(book: Book) -> None:
    """Whatever adds to a wallet: the verbs that move money know nothing of orders."""
    buyer = await book.buyer(cents=100)
    other_item = await book.stock.offer(book.seller, 100, name="Case")
    case = await book.stock.item("Case")
    await book.db.execute("UPDATE offer SET price_cents = 101 WHERE id = $1", other_item)
    await buy_orders.place(book.app, buyer, case, 100, 1)
    await book.db.execute("UPDATE offer SET price_cents = 100 WHERE id = $1", other_item)
    await book.fill()
    order = await book.order(buyer, 90)
    offer = await book.offer(90)
    await book.fill()
    assert (await book.read(order)).asleep == "money"
    await book.never_sent(other_item)
    await book.fill()
    assert (await book.bought())[-1] == (buyer, offer, 90)
    seller_order = await _sell_something(book, offer)
    assert (await book.read(seller_order)).state == "filled"


async def _sell_something(book: Book, sold: int) -> int:
    """The seller orders for what he earns with an offer that was sold; the order, when he is paid."""
    item, other = await book.stock.item("Capsule"), await book.stock.person()
    await book.stock.online(other)
    order = (await buy_orders.place(book.app, book.seller, item, 80, 1)).order.id
    await book.stock.offer(other, 80, name="Capsule")
    await book.fill()
    assert (await book.read(order)).asleep == "money"
    trade = await book.trade_of(sold)
    await book.happen(trade, Leased(), Delivered("50000000001"), Deadline())
    await book.pass_time(9 * 86_400)
    await book.happen(trade, Settled())
    await book.fill()
    return order


# What became of it ---------------------------------------------------------------------------------------------


async def test_what_the_seller_never_sent_is_wanted_again(book: Book) -> None:
    buyer = await book.buyer()
    order = await book.order(buyer, 100)
    offer = await book.offer(100)
    await book.fill()
    await book.never_sent(offer)
    await book.fill()
    found = await book.read(order)
    assert (found.state, found.amount, found.bought, found.ended_at) == ("live", 1, 0, None)
    second = await book.offer(100)
    await book.fill()
    assert await book.bought() == [(buyer, offer, 100), (buyer, second, 100)]


async def test_what_the_buyer_let_go_is_not_bought_for_him_again(book: Book) -> None:
    buyer = await book.buyer()
    order = await book.order(buyer, 100, 2)
    offer = await book.offer(100)
    await book.fill()
    await book.declined(offer)
    await book.fill()
    found = await book.read(order)
    assert (found.amount, found.bought) == (1, 1)
    assert await book.bought() == [(buyer, offer, 100)]
    assert await book.due() == 0
    assert await book.db.value("SELECT state FROM offer WHERE id = $1", offer) == "on_sale"


async def test_what_an_operator_ended_is_wanted_again_but_not_from_the_same_offer(book: Book) -> None:
    buyer = await book.buyer()
    order = await book.order(buyer, 100)
    offer = await book.offer(100)
    await book.fill()
    await book.ended_by_operator(offer)
    await book.fill()
    assert ((await book.read(order)).state, len(await book.bought())) == ("live", 1)


async def test_what_is_given_back_goes_to_no_removed_order_and_to_none_that_was_replaced(book: Book) -> None:
    remover, replacer = await book.buyer(), await book.buyer()
    await book.order(replacer, 101, 1)
    await book.order(remover, 100, 2)
    offers = [await book.offer(100), await book.offer(100)]
    await book.fill()
    await buy_orders.remove(book.app, remover, book.item)
    new = await book.order(replacer, 50)
    for offer in offers:
        await book.never_sent(offer)
    await book.fill()
    rows = await book.db.fetch("SELECT id, state, amount, bought FROM buy_order ORDER BY id")
    assert [tuple(row)[1:] for row in rows] == [("filled", 0, 0), ("removed", 1, 0), ("live", 1, 0)]
    assert rows[-1]["id"] == new


async def test_an_item_that_comes_late_all_the_same_counts_again(book: Book) -> None:
    buyer = await book.buyer()
    order = await book.order(buyer, 100)
    offer = await book.offer(100)
    await book.fill()
    trade = await book.trade_of(offer)
    steam_offer = str(7 * 10**9)
    await book.happen(trade, Leased(), SendUnknown(), OfferSeen(2, steam_offer), OfferSeen(6, steam_offer))
    await book.fill()
    assert ((await book.read(order)).state, (await book.read(order)).amount) == ("live", 1)
    await book.happen(trade, OfferSeen(3, steam_offer), Delivered("50000000001"))
    assert await book.db.value("SELECT state FROM trade WHERE id = $1", trade) == "accepted"
    await book.fill()
    found = await book.read(order)
    assert (found.state, found.amount, found.bought) == ("filled", 0, 1)


# The books -----------------------------------------------------------------------------------------------------


@pytest.mark.broken_books
@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        ("UPDATE buy_order SET bought = bought + 1", "and its fills disagree"),
        ("UPDATE buy_order_fill SET no = 2", "and its fills disagree"),
        ("UPDATE buy_order_fill SET limit_cents = 99", "is not what its buy order asked for"),
        ("UPDATE buy_order SET account_id = (SELECT max(id) FROM account)", "is not what its buy order asked for"),
        ("DELETE FROM buy_order_fill", "was made for a buy order that does not know of it"),
    ],
)  # fmt: skip
async def test_an_order_that_does_not_add_up_is_found(book: Book, harm: str, fault: str) -> None:
    await book.order(await book.buyer(), 100)
    await book.offer(100)
    await book.fill()
    await book.buyer()
    assert await ledger.faults(book.db) == []
    await book.db.execute(harm)
    assert any(fault in found for found in await ledger.faults(book.db))


async def test_offers_that_meet_no_order_leave_nothing_to_do(book: Book) -> None:
    await book.order(await book.buyer(), 50)
    offer = await book.offer(100)
    await book.reprice(offer, 60)
    await book.reprice(offer, 70)
    steamid = await book.stock.steamid_of(book.seller)
    await cancel(book.app, book.seller, steamid, [offer])
    await book.stock.offer(book.seller, 10, name="Something else")
    assert await book.due() == 0
