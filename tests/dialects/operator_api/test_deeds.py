"""What admins do by the operator API, and what each act leaves behind: the deed, and its line in the audit."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from dialects.operator_api.office import ADMIN, CUSTOMER, REASON, SECOND, Office
from tradepost.market import audit, bans, corrections, ledger, messages, payouts, profiles

USER_PATH = f"/operator/users/{CUSTOMER}"


async def deeds(office: Office) -> list[tuple[str | None, str | None, str, str]]:
    """The acts in the audit, the newest first."""
    return [
        (note.actor, note.subject, note.deed, note.reason)
        for note in await audit.page(office.db)
        if not note.deed.startswith(("look ", "role "))
    ]


async def test_the_overview_counts_what_waits(office: Office) -> None:
    admin = await office.admin()
    await office.customer(balance_cents=500)
    await admin.post("/operator/corrections", steamid=CUSTOMER, bucket="balance", amount_cents=-7, reason=REASON, reference="a")  # fmt: skip
    await admin.post(f"{USER_PATH}/freeze", reason=REASON)
    seen = (await admin.get("/operator/overview")).data
    assert (seen["waiting"]["corrections"], seen["waiting"]["frozen_accounts"]) == (1, 1)
    assert seen["wallets_cents"]["balance"] == 500
    assert set(seen["spans"]) == {"day", "week", "month"}
    assert seen["queue_ages_seconds"]["notices"] == 0
    assert datetime.fromisoformat(seen["at"]).tzinfo is not None


async def test_users_are_found_by_steamid_and_by_a_part_of_the_name_without_wildcards(office: Office) -> None:
    admin = await office.admin()
    await office.customer()

    async def found(**asked: Any) -> list[str]:
        return [row["steamid"] for row in (await admin.get("/operator/users", **asked)).data]

    assert await found(search=CUSTOMER) == [CUSTOMER]
    assert await found(search="cay % _") == [CUSTOMER]
    assert await found(search="%a%") == []
    assert await found(search="\\") == []
    assert await found(frozen="true") == []
    assert set(await found()) == {ADMIN, CUSTOMER}
    assert len(await found(limit="1")) == 1
    last = (await admin.get("/operator/users", limit="1")).data[0]["account_id"]
    assert await found(before=str(last)) == [ADMIN]


async def test_a_dossier_shows_a_user_and_no_secret_of_his(office: Office) -> None:
    admin = await office.admin()
    await office.customer(balance_cents=123)
    await office.club.program(CUSTOMER)
    seen = (await admin.get(USER_PATH)).data
    assert seen["wallet"]["balance_cents"] == 123
    assert (seen["account"]["steamid"], seen["counts"]["tokens"]) == (CUSTOMER, 1)
    entries = (await admin.get(f"{USER_PATH}/entries")).data
    assert [(row["bucket"], row["amount_cents"], row["after_cents"]) for row in entries] == [
        ("balance", 123, 123)
    ]
    assert "test_" not in str(seen).replace("latest_", "")


async def test_a_ban_has_its_reason_and_its_end_and_can_be_lifted(office: Office) -> None:
    admin, now = await office.admin(), office.club.app.now()
    await office.customer()
    until = (now + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = (
        await admin.post(f"{USER_PATH}/ban", side="seller", until=until, reason="sold what he has not")
    ).data
    assert (made["reason"], made["until_at"]) == ("sold what he has not", until)
    assert await bans.current(office.db, CUSTOMER, "seller", now + timedelta(hours=1)) is not None
    assert (await admin.post(f"{USER_PATH}/lift", side="seller", reason=REASON)).data == {"lifted": 1}
    assert await bans.current(office.db, CUSTOMER, "seller", now + timedelta(hours=1)) is None
    assert (await admin.get(USER_PATH)).data["bans"][0]["lifted_at"] is not None
    assert await deeds(office) == [
        (ADMIN, CUSTOMER, "bans lifted", REASON),
        (ADMIN, CUSTOMER, "ban added", "sold what he has not"),
    ]


async def test_a_frozen_account_is_shown_as_such_until_it_is_thawed(office: Office) -> None:
    admin = await office.admin()
    await office.customer()
    assert (await admin.post(f"{USER_PATH}/freeze", reason=REASON)).data == {
        "frozen": True,
        "offers_ended": [],
    }
    assert (await admin.post(f"{USER_PATH}/freeze", reason=REASON)).refusal == (409, "conflict")
    assert [row["steamid"] for row in (await admin.get("/operator/users", frozen="1")).data] == [CUSTOMER]
    assert (await admin.get(USER_PATH)).data["freezings"][0]["reason"] == REASON
    assert (await admin.post(f"{USER_PATH}/thaw", reason=REASON)).data == {"frozen": False}
    assert (await admin.get(USER_PATH)).data["frozen_at"] is None
    assert [deed for _, _, deed, _ in await deeds(office)] == ["account thawed", "account frozen"]


async def test_a_correction_takes_two_admins(office: Office) -> None:
    one, two = await office.admin(), await office.admin(SECOND)
    account = await office.customer(balance_cents=100)
    body = {
        "steamid": CUSTOMER,
        "bucket": "balance",
        "amount_cents": -40,
        "reason": REASON,
        "reference": "t1",
    }
    made = (await one.post("/operator/corrections", **body)).data
    assert (await one.post("/operator/corrections", **body)).data["id"] == made["id"]
    assert (await one.post("/operator/corrections", **body | {"amount_cents": -41})).refusal == (
        409,
        "reference_used",
    )
    approve = f"/operator/corrections/{made['id']}/approve"
    assert (await one.post(approve, reason=REASON)).refusal == (403, "forbidden")
    assert (await ledger.wallet(office.db, account.id)).balance_cents == 100
    assert (await two.post(approve, reason=REASON)).data["state"] == "posted"
    assert (await two.post(approve, reason=REASON)).refusal == (409, "conflict")
    assert (await ledger.wallet(office.db, account.id)).balance_cents == 60
    too_much = (
        await one.post("/operator/corrections", **body | {"amount_cents": -61, "reference": "t2"})
    ).data
    assert (await two.post(f"/operator/corrections/{too_much['id']}/approve", reason=REASON)).refusal == (
        409,
        "too_little_money",
    )
    assert (await two.post(f"/operator/corrections/{too_much['id']}/refuse", reason=REASON)).data[
        "state"
    ] == "refused"
    listed = (await one.get("/operator/corrections", state="posted", steamid=CUSTOMER)).data
    assert [row["reference"] for row in listed] == ["t1"]


async def test_a_deposit_is_recorded_once_and_taken_back_once(office: Office) -> None:
    admin = await office.admin()
    account = await office.customer()
    body = {"steamid": CUSTOMER, "amount_cents": 2_500, "reference": "invoice-17", "reason": REASON}
    assert (await admin.post("/operator/deposits", **body)).data["recorded"] is True
    assert (await admin.post("/operator/deposits", **body)).data["recorded"] is False
    assert (await admin.post("/operator/deposits", **body | {"amount_cents": 1})).refusal == (409, "conflict")
    assert (await admin.get(f"{USER_PATH}/deposits")).data[0]["reference"] == "invoice-17"
    for _ in range(2):
        back = (await admin.post("/operator/deposits/reverse", reference="invoice-17", reason="bounced")).data
        assert back["reversed_at"] is not None
    assert (await ledger.wallet(office.db, account.id)).deposit_cents == 0


async def test_a_payout_is_approved_sent_and_paid_under_one_reference(office: Office) -> None:
    admin = await office.admin()
    account = await office.customer(balance_cents=5_000)
    async with office.db.transaction() as tx:
        await profiles.set_skrill(tx, account.id, "cay@example.com", office.club.app.real_now())
    await office.db.execute("UPDATE profile SET skrill_set_at = skrill_set_at - interval '30 days'")
    asked = await payouts.ask(office.club.app, account.id, 2_000)
    path = f"/operator/payouts/{asked.id}"
    assert [row["id"] for row in (await admin.get("/operator/payouts")).data] == [asked.id]
    assert (await admin.post(f"{path}/pay", reference="SK-1")).refusal == (409, "conflict")
    for step, state in (("approve", "approved"), ("send", "sending")):
        assert (await admin.post(f"{path}/{step}")).data["state"] == state
    assert (await admin.post(f"{path}/lose", reason="timed out")).data["state"] == "unknown"
    assert (await admin.post(f"{path}/send")).refusal == (409, "conflict")
    assert (await admin.post(f"{path}/pay", reference="SK-1")).data["state"] == "paid"
    shown = (await admin.get(path)).data
    assert [event["step"] for event in shown["events"]] == ["ask", "approve", "send", "lose", "pay"]
    assert [deed for _, subject, deed, _ in await deeds(office) if subject == CUSTOMER] == [
        "payout paid", "payout unknown", "payout taken in hand", "payout approved",
    ]  # fmt: skip


async def test_no_more_fees_are_taken_out_than_there_are(office: Office) -> None:
    admin = await office.admin()
    assert (await admin.get("/operator/fees")).data["left_cents"] == 0
    body = {"amount_cents": 1, "reference": "november", "reason": REASON}
    assert (await admin.post("/operator/fees/withdraw", **body)).refusal == (409, "too_little_money")


async def test_a_user_is_deleted_when_nothing_of_his_is_open(office: Office) -> None:
    admin = await office.admin()
    account = await office.customer(balance_cents=7)
    refused = await admin.post(f"{USER_PATH}/delete", reason=REASON)
    assert refused.refusal == (409, "conflict")
    assert "0.07 USD in its balance" in refused.body["error"]["message"]
    asked = await corrections.ask(
        office.club.app, account.id, account.id, bucket="balance", amount_cents=-7, reason=REASON, reference="r"
    )  # fmt: skip
    await corrections.approve(office.club.app, await office.club.account_id(ADMIN), asked.id, reason=REASON)
    assert (await admin.post(f"{USER_PATH}/delete", reason=REASON)).data == {"deleted": True}
    assert (await admin.get(USER_PATH)).refusal == (404, "not_found")


async def test_a_deposit_by_one_admin_is_another_s_and_below_the_limit_of_two(office: Office) -> None:
    admin = await office.admin()
    await office.customer()
    asked = {"amount_cents": 5, "reference": "wire-9", "reason": REASON}
    assert (await admin.post("/operator/deposits", steamid=ADMIN, **asked)).refusal == (403, "forbidden")
    limit = office.club.app.settings.payout_two_from_cents
    for cents, status in ((limit, 409), (limit - 1, 200)):
        reply = await admin.post("/operator/deposits", **asked | {"steamid": CUSTOMER, "amount_cents": cents})
        assert reply.status == status, reply.body
    account = await office.club.account_id(CUSTOMER)
    assert (await ledger.wallet(office.db, account)).deposit_cents == limit - 1


async def test_a_message_is_counted_until_it_is_read(office: Office) -> None:
    admin = await office.admin()
    account = await office.customer()
    made = (await admin.post(f"{USER_PATH}/messages", text="Please write to us about <b>=1+1</b>.")).data
    assert await messages.unread(office.db, account.id) == 1
    (shown,) = (await admin.get(f"{USER_PATH}/messages")).data
    assert (shown["id"], shown["read_at"]) == (made["id"], None)


async def test_a_message_has_lines_with_one_kind_of_end_and_no_other_control(office: Office) -> None:
    admin = await office.admin()
    reader, path = await office.club.browser(SECOND), f"/operator/users/{SECOND}/messages"
    await admin.post(path, text="Dear Ann,\r\nplease write to us.\r\n\r\nThe market\rBye\n")
    (shown,) = (await admin.get(path)).data
    assert shown["text"] == "Dear Ann,\nplease write to us.\n\nThe market\nBye\n"
    (read,) = (await reader.get("/user/getMessages")).content["messages"]
    assert read["text"] == shown["text"]
    for text in ("a\tb", "a\x00b", "a\x1b[31mb", "a\x85b", "\n \n", "\r\n" * 4_000):
        reply = await admin.post(path, text=text)
        assert reply.refusal == (422, "malformed"), repr(text)
        assert reply.body["error"]["field"] == "text"
    assert (await admin.post(path, text="a\r\n" * 2_000)).status == 200, "an end of line is one character"


async def test_a_user_who_is_signed_out_has_no_session_and_no_jwt(office: Office) -> None:
    admin = await office.admin()
    browser, program = await office.club.browser(SECOND), await office.club.program(SECOND)
    done = (await admin.post(f"/operator/users/{SECOND}/sign-out", reason=REASON)).data
    assert done == {"sessions": 1, "jwts": 1}
    assert (await browser.get("/user/balance")).refusal[0] == 401
    assert (await program.get("/user/balance")).refusal[0] == 401


async def test_what_is_switched_off_says_why_and_comes_back(office: Office) -> None:
    admin = await office.admin()
    seen = (await admin.post("/operator/switches/buying", off=True, reason="until 14:00")).data
    assert {row["name"]: (row["is_off"], row["reason"]) for row in seen}["buying"] == (True, "until 14:00")
    seen = (await admin.post("/operator/switches/buying", off=False, reason="done")).data
    assert {row["name"]: row["is_off"] for row in seen} == {"api": False, "buying": False}
    assert [deed for _, _, deed, _ in await deeds(office)] == ["switched on", "switched off"]


async def test_the_whole_api_off_leaves_operators_theirs(office: Office) -> None:
    admin = await office.admin()
    await admin.post("/operator/switches/api", off=True, reason="incident")
    assert (await admin.get("/operator/switches")).status == 200
    assert (await admin.post("/operator/switches/api", off="false", reason="over")).status == 200


async def test_a_rate_is_set_by_hand(office: Office) -> None:
    admin = await office.admin()
    (rate,) = (await admin.post("/operator/rates/EUR", rate="0.9215", reason=REASON)).data
    assert (rate["currency"], rate["millionths"], rate["is_usable"]) == ("EUR", 921_500, True)
    assert (await admin.get("/operator/rates")).data == [rate]


async def test_the_ledger_is_checked_at_once_and_what_it_found_is_kept(office: Office) -> None:
    admin = await office.admin()
    assert (await admin.get("/operator/check")).data is None
    assert (await admin.post("/operator/check")).data["faults"] == []
    assert (await admin.get("/operator/check")).data["faults"] == []


async def test_admins_make_and_end_admins_but_not_the_last(office: Office) -> None:
    admin = await office.admin()
    await office.customer()
    end_me = f"/operator/admins/{ADMIN}/revoke"
    assert (await admin.post(end_me, reason=REASON)).refusal == (409, "conflict")
    assert (await admin.post("/operator/admins", steamid=CUSTOMER, reason=REASON)).data == {"granted": True}
    assert [row["steamid"] for row in (await admin.get("/operator/admins")).data] == [ADMIN, CUSTOMER]
    assert (await admin.post(end_me, reason=REASON)).data == {"revoked": True}
    assert (await admin.get("/operator/admins")).refusal == (403, "forbidden")


async def test_the_audit_is_read_by_actor_subject_and_deed(office: Office) -> None:
    admin = await office.admin()
    await office.customer()
    await admin.post(f"{USER_PATH}/freeze", reason=REASON)
    lines = (await admin.get("/operator/audit", subject=CUSTOMER)).data
    assert [(line["deed"], line["actor"], line["reason"]) for line in lines] == [
        ("account frozen", ADMIN, REASON)
    ]
    # Reading the audit is in it, too.
    newest = (await admin.get("/operator/audit", actor=ADMIN, limit="1")).data[0]
    assert newest["deed"] == "look /operator/audit"
    assert (await admin.get("/operator/audit", deed="account frozen")).data == lines


WRONG: list[tuple[str, dict[str, Any], str]] = [
    (f"{USER_PATH}/ban", {"side": "payer", "days": 1}, "side"),
    (f"{USER_PATH}/ban", {"side": "buyer", "days": 0}, "days"),
    (f"{USER_PATH}/ban", {"side": "buyer", "days": "1e9"}, "days"),
    (f"{USER_PATH}/ban", {"side": "buyer", "until": "tomorrow"}, "until"),
    (f"{USER_PATH}/ban", {"side": "buyer", "until": "2020-01-01T00:00:00Z"}, "until"),
    (f"{USER_PATH}/ban", {"side": "buyer", "until": "9999-12-31T23:59:59-23:59"}, "until"),
    (f"{USER_PATH}/ban", {"side": "buyer", "days": 1, "reason": ""}, "reason"),
    (f"{USER_PATH}/ban", {"side": "buyer", "days": 1, "reason": "  x  "}, "reason"),
    (f"{USER_PATH}/ban", {"side": "buyer", "days": 1, "reason": "x" * 501}, "reason"),
    (f"{USER_PATH}/messages", {"text": "x" * 4_001}, "text"),
    (f"{USER_PATH}/messages", {"text": "a\x00b"}, "text"),
    ("/operator/corrections", {"bucket": "held", "amount_cents": 1, "reference": "r"}, "bucket"),
    ("/operator/corrections", {"bucket": "deposit", "amount_cents": 0, "reference": "r"}, "amount_cents"),
    ("/operator/corrections", {"bucket": "deposit", "amount_cents": 1.5, "reference": "r"}, "amount_cents"),
    ("/operator/corrections", {"bucket": "deposit", "amount_cents": 10**9, "reference": "r"}, "amount_cents"),
    ("/operator/corrections", {"bucket": "deposit", "amount_cents": 1, "reference": ""}, "reference"),
    ("/operator/corrections", {"bucket": "deposit", "amount_cents": 1, "reference": "r", "steamid": "1;2"}, "steamid"),
    ("/operator/corrections/0/approve", {}, "id"),
    ("/operator/switches/everything", {"off": True}, "name"),
    ("/operator/switches/api", {"off": "maybe"}, "off"),
    ("/operator/rates/USD", {"rate": "1"}, "currency"),
    ("/operator/rates/EUR", {"rate": "NaN"}, "rate"),
    ("/operator/rates/EUR", {"rate": "0"}, "rate"),
    ("/operator/cases/1/rule", {"verdict": "give me all"}, "verdict"),
    ("/operator/admins", {"steamid": "me"}, "steamid"),
]  # fmt: skip


async def test_each_wrong_value_is_named_and_does_nothing(office: Office) -> None:
    admin = await office.admin()
    await office.customer()
    for path, values, field in WRONG:
        asked = {"reason": REASON, "steamid": CUSTOMER, **values}
        reply = await admin.post(path, **asked)
        assert reply.refusal == (422, "malformed"), (path, values, reply.body)
        assert reply.body["error"]["field"] == field, (path, values, reply.body)
    both = {"side": "buyer", "days": 1, "until": "2099-01-01T00:00:00Z", "reason": REASON}
    assert (await admin.post(f"{USER_PATH}/ban", **both)).refusal == (409, "conflict")
    assert await deeds(office) == []


@pytest.mark.parametrize(
    "body", [b"[", b'{"reason": NaN}', b'{"a":1,"a":2}', b"\xff", b"{" * 1000, b"x" * 70_000]
)
async def test_no_body_is_an_error_of_ours(office: Office, body: bytes) -> None:
    admin = await office.admin()
    reply = await admin.call(
        "POST", "/operator/switches/api", data=body, headers={"Content-Type": "application/json"}
    )
    assert reply.status in (413, 422), reply.body
