"""Alerts, reviews and payouts as a user's page and program see them: in cents, once, and nobody else's."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from dialects.user_api.club import OTHER, USER, Club, Member, Reply, club_on
from factors import code_of, turn_on
from market.till import SECRET_KEY, WEBHOOK_SECRET, StripeTill, event, signed, stripe_till
from stock import MARKET_NOW, Stock, wish
from tradepost.db import Db
from tradepost.market import alerts, disputes, ledger, payouts, profiles, trades
from tradepost.rules.trade import Delivered, Leased, OfferSeen

NO_ALERT = (404, "There is no such payment alert.")
NUMBERS = [
    "",
    "x",
    "-1",
    "1.5",
    "40.00",
    "1;2",
    "１２",
    " 5",
    "5\n",
    "0x10",
    "1e3",
    True,
    [1, 2],
    {"a": 1},
    10**30,
]


async def earned(club: Club, steamid: str = USER, cents: int = 10_000) -> int:
    """Somebody has earned money, and saved his Skrill address long ago; his account's id."""
    account_id = await club.account_id(steamid)
    async with club.db.transaction() as tx:
        legs = (ledger.Posting(account_id, "balance", cents), ledger.Posting(None, "world", -cents))
        await ledger.post(tx, f"earned-{account_id}", "deposit", legs, MARKET_NOW)
        await profiles.set_skrill(tx, account_id, "ann@example.com", club.app.real_now() - timedelta(days=9))
    return account_id


async def told(club: Club, member_id: int, *texts: str, kind: alerts.Kind = "alert") -> None:
    async with club.db.transaction() as tx:
        for text in texts:
            await alerts.tell(tx, member_id, kind, text, club.app.now())


async def ids(member: Member, path: str = "/user/getPaymentAlerts") -> list[int]:
    return [row["id"] for row in (await member.get(path)).content["informations"]]


# What one is told --------------------------------------------------------------------------------------------


async def test_notifications_are_two_whole_numbers(club: Club) -> None:
    member = await club.browser()
    assert (await member.get("/user/notifications")).content == {"count": 0, "paymentReviews": 0}
    account_id = await club.account_id()
    await told(club, account_id, "one", "two")
    await told(club, account_id, "three", kind="review")
    assert (await member.get("/user/notifications")).content == {"count": 2, "paymentReviews": 1}
    assert (await (await club.program()).get("/user/notifications")).content["count"] == 2


async def test_an_alert_is_closed_once_and_by_its_owner_alone(club: Club) -> None:
    mine, other = await club.browser(USER), await club.program(OTHER)
    await told(club, await club.account_id(), "one", "two")
    newest, oldest = await ids(mine)
    assert (await other.post("/user/closePaymentAlert", id=newest)).refusal == NO_ALERT
    for _ in range(2):
        reply = await mine.post("/user/closePaymentAlert", id=newest)
        assert reply.content == {"message": "The payment alert is closed."}
    assert (await mine.get("/user/notifications")).content["count"] == 1
    rows = (await mine.get("/user/getPaymentAlerts")).content["informations"]
    assert [(row["id"], row["text"], row["closed"]) for row in rows] == [(newest, "two", True), (oldest, "one", False)]  # fmt: skip
    assert await ids(other) == []


@pytest.mark.parametrize("id_", [1, 2**31, 2**63 - 1, 2**63, 9_999_999_999_999_999_999])
async def test_an_id_that_nothing_has_is_not_found(club: Club, id_: int) -> None:
    member = await club.program()
    assert (await member.post("/user/closePaymentAlert", id=id_)).refusal == NO_ALERT


@pytest.mark.parametrize("id_", [*NUMBERS, 0])
async def test_an_id_that_is_none_is_told_by_its_name(club: Club, id_: Any) -> None:
    member = await club.program()
    reply = await member.post("/user/closePaymentAlert", id=id_)
    assert (reply.refusal[0], reply.body["field"]) == (300, "id")


async def test_a_review_is_no_alert_and_all_reviews_are_closed_at_once(club: Club) -> None:
    member = await club.browser()
    account_id = await club.account_id()
    await told(club, account_id, "one", "two", kind="review")
    await told(club, account_id, "three")
    (review, _) = await ids(member, "/user/getPaymentReviews")
    assert (await member.post("/user/closePaymentAlert", id=review)).refusal == NO_ALERT
    for _ in range(2):
        reply = await member.post("/user/closePaymentReviews")
        assert reply.content == {"message": "The payment reviews are closed."}
    assert (await member.get("/user/notifications")).content == {"count": 1, "paymentReviews": 0}


async def test_a_page_is_a_page(club: Club) -> None:
    member = await club.program()
    await told(club, await club.account_id(), *(f"alert {number}" for number in range(5)))
    content = (await member.get("/user/getPaymentAlerts", page=1, count=2)).content
    assert [row["text"] for row in content["informations"]] == ["alert 2", "alert 1"]
    assert (content["page"], content["count"], content["total"]) == (1, 2, 5)
    far = (await member.get("/user/getPaymentAlerts", page=999_999_999, count=10**17)).content
    assert (far["informations"], far["count"]) == ([], 50)
    for wrong in ({"page": "-1"}, {"count": "0"}, {"page": "x"}):
        assert (await member.get("/user/getPaymentAlerts", **wrong)).refusal[0] == 300


PATHS = {
    "GET": ["/user/notifications", "/user/getPaymentAlerts", "/user/getPaymentReviews", "/user/getPayouts"],
    "POST": ["/user/closePaymentAlert", "/user/closePaymentReviews", "/user/cashout", "/user/dispute"],
}


@pytest.mark.parametrize(
    ("method", "path"), [(name, path) for name, paths in PATHS.items() for path in paths]
)
async def test_money_is_for_who_is_connected_and_of_himself_alone(club: Club, method: str, path: str) -> None:
    assert (await club.nobody().call(method, path)).status == 401
    member = await club.program()
    assert (await member.call(method, f"{path}/{OTHER}")).status == 404
    if method == "POST":
        reader = await club.program(scopes=["read", "buy"])
        assert (await reader.post(path, id=1, amount=1_000, text="wrong")).refusal[0] == 403
        browser = await club.browser()
        browser.headers = {}
        reply = await browser.post(path, id=1, amount=1_000, text="wrong")
        assert (reply.status, reply.body.get("error")) == (403, "CSRF")


# Payouts -----------------------------------------------------------------------------------------------------


async def test_a_cashout_is_held_and_looked_at(club: Club) -> None:
    member = await club.browser()
    account_id = await earned(club)
    content = (await member.post("/user/cashout", amount=4_000, method="skrill")).content
    assert content["message"] == "40.00 USD are held; you are told when they are paid."
    row = content["informations"]
    assert (row["amount"], row["method"], row["address"], row["state"]) == (4_000, "skrill", "ann@example.com", "asked")  # fmt: skip
    assert (await member.get("/user/balance")).content == {"balance": 6_000}
    assert (await member.get("/user/notifications")).content == {"count": 0, "paymentReviews": 1}
    assert (await member.get("/user/getPayouts")).content["informations"] == [row]
    async with club.db.transaction() as tx:
        await payouts.refuse(tx, row["id"], by="anna", reason="The name is another one.", now=club.app.now())
    assert (await member.get("/user/balance")).content == {"balance": 10_000}
    assert (await member.get("/user/notifications")).content == {"count": 1, "paymentReviews": 1}
    (refused,) = (await member.get("/user/getPayouts")).content["informations"]
    assert (refused["state"], refused["reason"]) == ("refused", "The name is another one.")
    assert (await ledger.wallet(club.db, account_id)).payout_cents == 0


async def test_another_s_payouts_are_nowhere(club: Club) -> None:
    mine, other = await club.browser(), await club.program(OTHER)
    await earned(club)
    await mine.post("/user/cashout", amount=1_000)
    assert (await other.get("/user/getPayouts", userid=USER)).content["informations"] == []


@pytest.mark.parametrize("amount", [*NUMBERS, 0, 999, 500_001, 1_000_000_000])
async def test_an_amount_that_is_none_is_told_by_its_name(club: Club, amount: Any) -> None:
    member = await club.browser()
    await earned(club)
    reply = await member.post("/user/cashout", amount=amount)
    assert (reply.refusal[0], reply.body["field"]) == (300, "amount")


@pytest.mark.parametrize("method", ["paypal", "skrill;", "", "s" * 1_000, 7])
async def test_there_is_one_way_out(club: Club, method: Any) -> None:
    member = await club.browser()
    await earned(club)
    reply = await member.post("/user/cashout", amount=1_000, method=method)
    if method == "":  # an empty one counts as one that was not sent
        assert reply.content["informations"]["method"] == "skrill"
    else:
        assert (reply.refusal[0], reply.body["field"]) == (300, "method")


async def test_more_than_was_earned_is_not_paid_out(club: Club) -> None:
    member = await club.browser()
    account_id = await earned(club, cents=2_000)
    async with club.db.transaction() as tx:
        await ledger.deposit(tx, account_id, 50_000, "topped up", MARKET_NOW)
    status, sentence = (await member.post("/user/cashout", amount=2_001)).refusal
    assert status == 300
    assert sentence == "You have earned 20.00 USD that can be paid out; what was deposited is for buying."


async def test_without_an_address_nothing_is_paid_out_and_after_a_change_it_waits(club: Club) -> None:
    member = await club.browser()
    account_id = await earned(club)
    async with club.db.transaction() as tx:
        await profiles.set_skrill(tx, account_id, "", club.app.real_now())
    status, sentence = (await member.post("/user/cashout", amount=1_000)).refusal
    assert (status, sentence) == (300, "Save the address of your Skrill account first: payouts go there.")
    await member.post("/user/setSkrill", skrill="new@example.com")
    status, sentence = (await member.post("/user/cashout", amount=1_000)).refusal
    assert (status, "changed lately" in sentence) == (300, True)


async def test_who_asks_proves_who_he_is(club: Club) -> None:
    browser, program = await club.browser(), await club.program()
    account_id = await earned(club)
    await club.site.age_sign_ins(6)
    for member in (browser, program):
        reply = await member.post("/user/cashout", amount=1_000)
        assert (reply.status, reply.body["error"]) == (403, "STEP_UP")
    await turn_on(club.app, account_id)
    await club.db.execute("UPDATE profile SET factor_set_at = skrill_set_at")  # long ago
    for code in (None, "000000"):
        reply = await program.post("/user/cashout", amount=1_000, code=code)
        assert (reply.status, reply.body["error"]) == (403, "STEP_UP")
    reply = await program.post("/user/cashout", amount=1_000, code=await code_of(club.app, account_id))
    assert reply.content["informations"]["state"] == "asked"
    assert (await ledger.wallet(club.db, account_id)).payout_cents == 1_000


@pytest.mark.parametrize("way", ["header", "body", "camel"])
async def test_the_same_key_is_the_same_payout(club: Club, way: str) -> None:
    member = await club.program()
    await (await club.browser()).get("/user/isConnected")  # a sign-in of now, which counts for the program
    account_id = await earned(club)

    async def ask(amount: int, key: str) -> Any:
        if way == "header":
            json = {"amount": amount}
            return await member.call("POST", "/user/cashout", json=json, headers={"Idempotency-Key": key})
        name = "idempotency_key" if way == "body" else "idempotencyKey"
        return await member.post("/user/cashout", amount=amount, **{name: key})

    first, again = await ask(1_000, "k1"), await ask(1_000, "k1")
    assert first.content == again.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await ask(2_000, "k1")).refusal[0] == 300
    assert (await ask(1_000, "k2")).content["informations"]["id"] != first.content["informations"]["id"]
    assert (await ledger.wallet(club.db, account_id)).payout_cents == 2_000


async def test_a_key_that_cannot_be_is_told_by_its_name(club: Club) -> None:
    member = await club.browser()
    for key in ("a b", "é", "x" * 256):
        reply = await member.post("/user/cashout", amount=1_000, idempotency_key=key)
        assert (reply.refusal[0], reply.body["field"]) == (300, "idempotency_key")


# Disputes ----------------------------------------------------------------------------------------------------


async def bought(club: Club, steamid: str = USER) -> int:
    """Somebody has bought something, and has it; the trade's id."""
    app, buyer = club.app, await club.account_id(steamid)
    stock = Stock(club.db, people=500, assets=80_000_000_000)
    seller = await stock.person()
    await stock.online(seller)
    async with club.db.transaction() as tx:
        await ledger.deposit(tx, buyer, 1_000, "for a purchase", MARKET_NOW)
    trade = await trades.buy(app, wish(buyer, await stock.offer(seller, 400), steamid))
    for one in (Leased(), OfferSeen(2, "7000000001"), Delivered("50000000001")):
        async with club.db.transaction() as tx:
            decision = await trades.happened(
                tx, app.settings, trade.id, one, witness="public_inventory", now=app.now()
            )
            assert not decision.refused
    return trade.id


async def test_a_buyer_disputes_what_he_got(club: Club) -> None:
    member = await club.browser()
    trade = await bought(club)
    content = (
        await member.post("/user/dispute", trade=trade, text=" It is  another item.\r\nReally. ")
    ).content
    assert (
        content["message"]
        == f"An operator looks at trade {trade}; the seller is not paid before he has ruled."
    )
    assert content["trade"] == trade
    (found,) = await disputes.open_disputes(club.db)
    assert found.text == "It is  another item.\nReally."
    again = await member.post("/user/dispute", trade=trade, text="Hurry!")
    assert again.refusal == (300, "This trade was disputed already.")
    assert (await member.get("/user/notifications")).content["paymentReviews"] == 1


async def test_another_s_trade_is_not_there_to_be_disputed(club: Club) -> None:
    await club.browser()
    other = await club.program(OTHER)
    trade = await bought(club)
    for id_ in (trade, 2**31, 2**63 - 1, 2**63):
        reply = await other.post("/user/dispute", trade=id_, text="Mine!")
        assert reply.refusal == (404, "There is no such trade of yours.")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"text": "x"}, "trade"), ({"trade": "x", "text": "x"}, "trade"), ({"trade": 1}, "text"),
        ({"trade": 1, "text": "x" * 2_001}, "text"), ({"trade": 1, "text": "a\x07b"}, "text"), ({"trade": 1, "text": "a\u202eb"}, "text"), ({"trade": 1, "text": [1]}, "text"),
    ],
)  # fmt: skip
async def test_a_dispute_that_says_nothing_is_told_so(club: Club, values: Any, field: str) -> None:
    reply = await (await club.program()).post("/user/dispute", **values)
    assert (reply.refusal[0], reply.body["field"]) == (300, field)


async def test_a_dispute_sent_twice_under_its_key_is_one(club: Club) -> None:
    member = await club.browser()
    trade = await bought(club)
    how = {"json": {"trade": trade, "text": "wrong"}, "headers": {"Idempotency-Key": "d1"}}
    first, again = [await member.call("POST", "/user/dispute", **how) for _ in range(2)]
    assert first.content == again.content


# Deposits ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def till() -> AsyncIterator[StripeTill]:
    async with stripe_till() as made:
        yield made


@pytest.fixture
async def card_club(db: Db, till: StripeTill) -> AsyncIterator[Club]:
    """A club whose members can deposit by card."""
    settings = {"stripe_secret_key": SECRET_KEY, "stripe_webhook_secret": WEBHOOK_SECRET, "stripe_api_url": till.url}  # fmt: skip
    async with club_on(db, **settings) as made:
        yield made


async def says(club: Club, body: bytes, header: str | None = None) -> Reply:
    """Stripe calls, which is nobody that we know by a cookie or a JWT."""
    signature = signed(body, int(club.app.real_now().timestamp())) if header is None else header
    headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
    return await club.nobody().call("POST", "/user/deposit/stripe", data=body, headers=headers)


async def test_a_user_is_led_to_stripe_and_has_his_money_when_stripe_says_so(
    card_club: Club, till: StripeTill
) -> None:
    member = await card_club.browser()
    url = (await member.post("/user/deposit", amount=5_000)).content["url"]
    assert url == till.newest["url"]
    assert (await member.get("/user/balance")).content == {"balance": 0}
    body = event("checkout.session.completed", till.pay())
    for _ in range(2):
        assert (await says(card_club, body)).content == {"message": "Noted."}
    assert (await member.get("/user/balance")).content == {"balance": 5_000}
    assert (await member.get("/user/notifications")).content["count"] == 1


async def test_who_is_not_stripe_says_nothing(card_club: Club, till: StripeTill) -> None:
    member = await card_club.browser()
    await member.post("/user/deposit", amount=5_000)
    body = event("checkout.session.completed", till.pay())
    for header in ("", "t=1,v1=0", "é" * 10, signed(body, 1)):
        assert (await says(card_club, body, header)).refusal == (
            403,
            "The signature is missing, wrong, or too old.",
        )
    assert (await says(card_club, b"{}")).content == {"message": "This is about nothing of ours."}
    assert (await says(card_club, b"no json")).refusal[0] == 300
    assert (await member.get("/user/balance")).content == {"balance": 0}


async def test_where_cards_are_not_set_up_it_is_said(club: Club) -> None:
    member = await club.browser()
    reply = await member.post("/user/deposit", amount=5_000)
    assert reply.refusal == (300, "Deposits by card are not set up at this market.")
    assert (await says(club, b"{}")).refusal[0] == 300


@pytest.mark.parametrize("amount", [*NUMBERS, 0, 499, 100_001])
async def test_a_deposit_of_an_amount_that_is_none_is_told_by_its_name(card_club: Club, amount: Any) -> None:
    reply = await (await card_club.program()).post("/user/deposit", amount=amount)
    assert (reply.refusal[0], reply.body["field"]) == (300, "amount")


async def test_a_deposit_wants_the_scope_that_buys(card_club: Club) -> None:
    assert (await card_club.nobody().post("/user/deposit", amount=5_000)).status == 401
    assert (await (await card_club.program(scopes=["read", "sell"])).post("/user/deposit", amount=5_000)).status == 403  # fmt: skip
