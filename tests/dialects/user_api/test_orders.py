"""Buy orders as a user's page and program see them: placed, listed, changed, removed, and nobody else's."""

from typing import Any

import pytest

from dialects.user_api.club import OTHER, USER, Club, Member
from stock import NAME, Stock
from tradepost.market import buy_orders, ledger, users

NOBODYS = [2**31, 2**63 - 1, 2**63]  # well formed, and nothing has such an id
HUGE = [10**30, "1e9", "99999999999999999999999999"]
NONSENSE = ["", "x", "-1", "1.5", "5.00", "1;2", "１２", " 5", "5\n", "0x10", True, [1, 2], {"a": 1}]


@pytest.fixture
async def item(club: Club) -> int:
    """An item of the catalogue; USER and OTHER can be sent something."""
    for steamid in (USER, OTHER):
        async with club.db.transaction() as tx:
            account = await users.know(tx, steamid, "sign_in", club.app.now())
            await users.set_trade_token(tx, account.id, "tokenabc")
    stock = Stock(club.db)
    return await stock.item(NAME)


async def on_sale(club: Club, price_cents: int) -> int:
    """Somebody who is online sells the item; the offer's id."""
    stock = Stock(club.db, people=price_cents, assets=70_000_000_000 + price_cents)
    seller = await stock.person()
    await stock.online(seller)
    return await stock.offer(seller, price_cents)


async def placed(member: Member, item: int, **values: Any) -> Any:
    reply = await member.post("/item/buyorder", itemid=item, **{"value": 500, "amount": 3, **values})
    return reply.content["informations"]


async def test_an_order_has_the_document_s_names_and_types(club: Club, item: int) -> None:
    member = await club.program()
    reply = await member.post("/item/buyorder", itemid=item, value=500, amount=3)
    assert reply.content["message"] == "Your buy order is placed."
    order = (await member.get(f"/user/buyorder/{item}")).content["informations"]
    assert order == reply.content["informations"]
    shown = {
        key: order[key]
        for key in ("steamid", "user", "itemid", "item_id", "name", "price", "value", "amount")
    }
    assert shown == {
        "steamid": USER, "user": USER, "itemid": item, "item_id": item, "name": NAME, "price": 500, "value": 500, "amount": 3,
    }  # fmt: skip
    assert isinstance(order["id"], int)
    assert isinstance(order["timestamp"], str)
    assert order["timestamp"].isdecimal()
    assert (order["asleep"], order["bought"]) == (False, 0)


async def test_without_an_order_there_is_none(club: Club, item: int) -> None:
    member = await club.browser()
    for path in (f"/user/buyorder/{item}", "/user/buyorder/999999", f"/user/buyorder/{2**63}"):
        assert (await member.get(path)).refusal == (404, "No buy order found")
    for call in ("update", "remove"):
        reply = await member.post(f"/item/buyorder/{call}", itemid=item, value=100)
        assert reply.refusal == (404, "No buy order found")


async def test_a_browser_and_a_form_do_as_well(club: Club, item: int) -> None:
    member = await club.browser()
    form = {"itemid": str(item), "price": "500"}
    reply = await member.call("POST", "/item/buyorder", data=form)
    assert (reply.content["informations"]["value"], reply.content["informations"]["amount"]) == (500, 1)


async def test_what_could_be_bought_at_once_is_not_ordered(club: Club, item: int) -> None:
    await on_sale(club, 400)
    member = await club.program()
    status, sentence = (await member.post("/item/buyorder", itemid=item, value=400, amount=1)).refusal
    assert status == 300
    assert sentence == f"{NAME} is on sale for 4.00 USD: buy that instead of ordering it for 4.00 USD."
    assert (await placed(member, item, value=399))["price"] == 399


async def test_an_order_is_changed_and_removed(club: Club, item: int) -> None:
    member = await club.program()
    await placed(member, item)
    reply = await member.post("/item/buyorder/update", itemid=item, value=450)
    assert (reply.content["informations"]["price"], reply.content["informations"]["amount"]) == (450, 3)
    reply = await member.post("/item/buyorder/update", itemid=item, amount=7)
    assert (reply.content["informations"]["price"], reply.content["informations"]["amount"]) == (450, 7)
    assert (await member.post("/item/buyorder/update", itemid=item)).refusal[0] == 300
    assert (await member.post("/item/buyorder", itemid=item, value=100)).refusal[0] == 300
    assert (await member.post("/item/buyorder/remove", itemid=item)).content["itemid"] == item
    assert (await member.get(f"/user/buyorder/{item}")).status == 404


async def test_orders_are_one_s_own(club: Club, item: int) -> None:
    """Whoever asks by whatever id: another's order is not there for him."""
    theirs = await club.program(OTHER)
    order = await placed(theirs, item)
    mine = await club.program(USER)
    assert (await mine.get(f"/user/buyorder/{item}")).refusal == (404, "No buy order found")
    assert (await mine.get(f"/user/buyorder/{order['id']}", steamid=OTHER, user=OTHER)).status == 404
    assert (await mine.get("/user/getBuyorder", userid=OTHER)).content["informations"] == []
    for call in ("update", "remove"):
        reply = await mine.post(
            f"/item/buyorder/{call}", itemid=item, value=1_000, steamid=OTHER, id=order["id"]
        )
        assert reply.refusal == (404, "No buy order found")
    assert (await theirs.get(f"/user/buyorder/{item}")).content["informations"] == order
    assert (await mine.get(f"/user/buyorder/{item}/{OTHER}")).status == 404


async def test_who_is_not_connected_or_lacks_the_scope_orders_nothing(club: Club, item: int) -> None:
    paths = ["/item/buyorder", "/item/buyorder/update", "/item/buyorder/remove", "/item/buyorder/bulk"]
    for path in paths:
        assert (await club.nobody().post(path, itemid=item, value=500)).status == 401
    for path in (f"/user/buyorder/{item}", "/user/getBuyorder", f"/item/buyorderList/{item}"):
        assert (await club.nobody().get(path)).status == 401
    reader = await club.program(scopes=["read", "sell"])
    for path in paths:
        assert (await reader.post(path, itemid=item, value=500)).status == 403
    assert (await reader.get("/user/getBuyorder")).status == 200
    browser = await club.browser()
    browser.headers = {}
    for path in paths:
        reply = await browser.post(path, itemid=item, value=500)
        assert (reply.status, reply.body["error"]) == (403, "CSRF")
    assert await club.db.value("SELECT count(*) FROM buy_order") == 0


async def test_who_has_no_trade_url_is_told_so(club: Club, item: int) -> None:
    await club.db.execute("UPDATE account SET trade_token = NULL")
    status, sentence = (await (await club.program()).post("/item/buyorder", itemid=item, value=500)).refusal
    assert (status, sentence[:24]) == (300, "Set your trade URL first")


async def test_own_orders_come_page_by_page(club: Club, item: int) -> None:
    member, stock = await club.program(), Stock(club.db)
    items = [await stock.item(f"Case {number}") for number in range(5)]
    for each in items:
        await placed(member, each)
    pages = [(await member.get("/user/getBuyorder", page=page, count=2)).content for page in range(4)]
    assert [row["itemid"] for page in pages for row in page["informations"]] == items[::-1]
    assert {(page["count"], page["total"]) for page in pages} == {(2, 5)}
    assert (await member.get("/user/getBuyorder", count=1_000)).content["count"] == 50
    assert (await member.get("/user/getBuyorder", page=999_999_999)).content["informations"] == []
    for name, value in (
        ("page", -1),
        ("page", "1;2"),
        ("page", 10**20),
        ("count", 0),
        ("count", -5),
        ("count", "ten"),
    ):
        reply = await member.get("/user/getBuyorder", **{name: str(value)})
        assert (reply.refusal[0], reply.body["field"]) == (300, name)


async def test_the_depth_shows_prices_and_nobody(club: Club, item: int) -> None:
    await placed(await club.program(USER), item)
    await placed(await club.program(OTHER), item, amount=4)
    reply = await (await club.program()).get(f"/item/buyorderList/{item}")
    found = reply.content["informations"]
    assert (found["itemid"], found["name"]) == (item, NAME)
    assert found["buyorders"] == [{"price": 500, "value": 500, "amount": 7, "orders": 2}]
    assert USER not in str(reply.body)
    assert (await (await club.program()).get("/item/buyorderList/999999")).status == 404


async def test_of_many_at_once_each_is_placed_or_refused_by_itself(club: Club, item: int) -> None:
    member, stock = await club.program(), Stock(club.db)
    case = await stock.item("Case")
    asked: list[dict[str, Any]] = [
        {"itemid": item, "value": 500, "amount": 2},
        {"itemid": 999_999, "value": 500},
        {"itemid": case, "value": "5.00"},
        {"itemid": case, "value": 300},
        {"itemid": case, "value": 200},
        {"value": 200},
    ]
    reply = await member.post("/item/buyorder/bulk", orders=asked)
    results = reply.content["results"]
    assert [result["success"] for result in results] == [True, False, False, True, False, False]
    assert reply.content["message"] == "2 of 6 buy orders are placed."
    assert all(result["message"] for result in results if not result["success"])
    assert (await member.get("/user/getBuyorder")).content["total"] == 2
    form = {f"orders[0][{name}]": str(value) for name, value in asked[0].items()}
    assert (await member.call("POST", "/item/buyorder/bulk", data=form)).content["results"][0][
        "success"
    ] is False
    for many in ([], [{"itemid": item, "value": 5}] * 101, "x", 7, None):
        assert (await member.post("/item/buyorder/bulk", orders=many)).refusal[0] == 300


@pytest.mark.parametrize("call", ["/item/buyorder", "/item/buyorder/update"])
@pytest.mark.parametrize("field", ["itemid", "value", "amount"])
async def test_what_cannot_be_read_is_refused_and_named(club: Club, item: int, call: str, field: str) -> None:
    member = await club.program()
    if call.endswith("update"):
        await placed(member, item)
    may_be_absent = field == "amount" or (field == "value" and call.endswith("update"))
    for wrong in [*HUGE, *NONSENSE]:
        if wrong == "" and may_be_absent:
            continue  # it counts as not sent
        reply = await member.post(call, **{"itemid": item, "value": 500, "amount": 3, field: wrong})
        assert reply.refusal[0] == 300, wrong
        assert reply.body["field"].startswith(field), wrong
    for wrong in NOBODYS:
        reply = await member.post(call, **{"itemid": item, "value": 500, "amount": 3, field: wrong})
        assert reply.refusal[0] == (404 if field == "itemid" else 300), wrong
    assert await club.db.value("SELECT count(*) FROM buy_order") == call.endswith("update")


async def test_a_repeat_with_its_key_is_told_the_same_and_does_nothing(club: Club, item: int) -> None:
    member = await club.program()
    key = {"headers": {"Idempotency-Key": "place-1"}, "json": {"itemid": item, "value": 500, "amount": 3}}
    first = await member.call("POST", "/item/buyorder", **key)
    await member.post("/item/buyorder/remove", itemid=item)
    again = await member.call("POST", "/item/buyorder", **key)
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    assert (await member.get(f"/user/buyorder/{item}")).status == 404
    await placed(member, item)
    gone = {"headers": {"Idempotency-Key": "remove-1"}, "json": {"itemid": item}}
    assert (await member.call("POST", "/item/buyorder/remove", **gone)).content
    assert (await member.call("POST", "/item/buyorder/remove", **gone)).content


async def test_an_order_that_is_filled_counts_down_and_one_that_sleeps_says_why(
    club: Club, item: int
) -> None:
    member = await club.program()
    account_id = await club.account_id()
    async with club.db.transaction() as tx:
        await ledger.deposit(tx, account_id, 450, "test", club.app.now())
    await placed(member, item, amount=2)
    await on_sale(club, 400)
    await on_sale(club, 410)
    while await buy_orders.fill_buy_orders(club.app):
        pass
    order = (await member.get(f"/user/buyorder/{item}")).content["informations"]
    assert (order["amount"], order["bought"], order["asleep"]) == (1, 1, True)
    assert "wallet" in order["explanation"]
    assert (await member.get("/user/balance")).content["balance"] == 50
