"""Cases by the operator API: every verdict in every state in which it can be, a closed case, and all that lists show."""

import pytest

from dialects.operator_api.office import ADMIN, REASON, SECOND, Caller, Office
from stock import MARKET_NOW, Stock, wish
from tradepost.market import cases, disputes, ledger, trades
from tradepost.market.ledger import Posting
from tradepost.rules.trade import Delivered, Event, Leased, OfferSeen, TakenBack

FAR = (Leased(), OfferSeen(2, "7000000001"), Delivered("50000000001"))
WHY = "the evidence, of which there is enough, is clear"


async def bought(office: Office, *events: Event) -> int:
    """Somebody has bought something, and this came of it; the trade's id."""
    app = office.club.app
    account = await office.customer(SECOND)
    stock = Stock(office.db, people=500, assets=80_000_000_000)
    seller = await stock.person()
    await stock.online(seller)
    async with office.db.transaction() as tx:
        await ledger.deposit(tx, account.id, 1_000, "for a purchase", MARKET_NOW)
    trade = await trades.buy(app, wish(account.id, await stock.offer(seller, 400), SECOND))
    for one in events:
        async with office.db.transaction() as tx:
            done = await trades.happened(
                tx, app.settings, trade.id, one, witness="public_inventory", now=app.now()
            )
            assert not done.refused, done.refused
    return trade.id


@pytest.mark.parametrize("verdict", ["refund", "deliver", "settle", "reverse"])
@pytest.mark.parametrize("events", [1, 3], ids=["sending", "disputed"])
async def test_every_verdict_is_done_or_refused_with_a_sentence(
    office: Office, verdict: str, events: int
) -> None:
    admin = await office.admin()
    trade = await bought(office, *FAR[:events])
    if events == 3:
        await disputes.begin(office.club.app, await office.club.account_id(SECOND), trade, "It is another.")
    shown = (await admin.get(f"/operator/trades/{trade}")).data
    assert shown["evidence"]["dispute"] == ("It is another." if events == 3 else None)
    reply = await admin.post(f"/operator/cases/{trade}/rule", verdict=verdict, causer="seller", reason=WHY)
    if reply.status == 200:
        event = (await cases.evidence(office.db, trade)).events[-1]
        assert event.witness == f"operator:{ADMIN}" and event.detail["reason"] == WHY
        assert reply.data["state"] == (await admin.get(f"/operator/trades/{trade}")).data["state"]
        assert (await admin.get("/operator/audit", deed="case ruled")).data[0]["reason"] == WHY
    else:
        assert reply.refusal == (409, "conflict")
    assert (reply.status == 200) == ((verdict, events) in POSSIBLE), (verdict, events, reply.body)


POSSIBLE = {("refund", 1), ("deliver", 1), ("reverse", 1), ("settle", 3), ("reverse", 3)}


async def test_a_case_of_a_trade_that_has_ended_is_closed_with_its_reason(office: Office) -> None:
    admin = await office.admin()
    trade = await bought(office, *FAR, TakenBack())
    (case,) = (await admin.get("/operator/cases")).data
    assert case["trade_id"] == trade
    assert (await admin.post(f"/operator/cases/{trade}/close", reason=WHY)).data == {"closed": True}
    assert (await admin.get("/operator/cases")).data == []
    shown = (await admin.get(f"/operator/trades/{trade}")).data
    assert shown["evidence"]["cases"][0]["ruling"] == f"closed by {ADMIN}: {WHY}"


async def test_lists_with_something_in_them_are_as_their_papers_say(office: Office) -> None:
    """Each reply is held against the document by the caller; here every list has a row."""
    admin, about = await office.admin(), f"/operator/users/{SECOND}"
    await bought(office)
    account = await office.club.account_id(SECOND)
    async with office.db.transaction() as tx:
        legs = (Posting(account, "deposit", -7), Posting(None, "fees", 7))
        await ledger.post(tx, "fee", "test", legs, MARKET_NOW)
    for path, values in (
        ("/operator/deposits", {"steamid": SECOND, "amount_cents": 5, "reference": "wire-1"}),
        ("/operator/deposits/reverse", {"reference": "wire-1"}),
        ("/operator/fees/withdraw", {"amount_cents": 5, "reference": "october"}),
        (f"{about}/ban", {"side": "seller", "days": 3}),
        (f"{about}/messages", {"text": "Hello."}),
        (f"{about}/freeze", {}),
        ("/operator/rates/EUR", {"rate": "0.92"}),
        ("/operator/check", {}),
    ):
        assert (await admin.post(path, reason=REASON, **values)).status == 200, path
    for path in ("entries", "deposits", "messages"):
        assert (await admin.get(f"{about}/{path}")).data, path
    for path in ("fees", "rates", "alerts", "audit", "admins", "users", "overview", "check", "switches"):
        assert (await admin.get(f"/operator/{path}")).data, path
    shown = (await admin.get(about)).data
    assert shown["freezings"] and shown["bans"] and shown["counts"]["trades_open"] == 1
    await _whose(admin)


async def _whose(admin: Caller) -> None:
    """Money rows say whose they are, and how much in cents."""
    (deposit,) = [row for row in (await admin.get(f"/operator/users/{SECOND}/deposits")).data if row["reference"] == "wire-1"]  # fmt: skip
    assert (deposit["steamid"], deposit["amount_cents"], deposit["reversed_note"] is None) == (
        SECOND,
        5,
        False,
    )
