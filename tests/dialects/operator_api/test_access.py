"""Who may call the operator API: every call by everybody, and every act by an admin who does not prove who he is."""

import base64
from typing import Any

import pytest

from dialects.operator_api.office import ADMIN, CUSTOMER, REASON, SECOND, Office
from tradepost.dialects.operator_api import CALLS
from tradepost.market import audit, roles, second_factor
from tradepost.rules import totp

PARTS = {"{steamid}": CUSTOMER, "{id}": "1", "{name}": "buying", "{currency}": "EUR"}
# For each act what it is asked with, so that nothing but the caller can be wrong with it.
BODIES: dict[str, dict[str, Any]] = {
    "/operator/users/{steamid}/messages": {"text": "Please write to us."},
    "/operator/users/{steamid}/ban": {"side": "buyer", "days": 3},
    "/operator/users/{steamid}/lift": {"side": "buyer"},
    "/operator/admins": {"steamid": CUSTOMER},
    "/operator/corrections": {"steamid": CUSTOMER, "bucket": "deposit", "amount_cents": 5, "reference": "a"},
    "/operator/deposits": {"steamid": CUSTOMER, "amount_cents": 5, "reference": "a"},
    "/operator/fees/withdraw": {"amount_cents": 5, "reference": "a"},
    "/operator/deposits/reverse": {"reference": "a"},
    "/operator/payouts/{id}/pay": {"reference": "skrill-1"},
    "/operator/cases/{id}/rule": {"verdict": "refund"},
    "/operator/switches/{name}": {"off": True},
    "/operator/rates/{currency}": {"rate": "0.92"},
}
ALL = sorted((method, path) for path, methods in CALLS.items() for method in methods)
ACTS = [(method, path) for method, path in ALL if method == "POST"]


def filled(path: str) -> str:
    for part, value in PARTS.items():
        path = path.replace(part, value)
    return path


def asked(method: str, path: str, **more: Any) -> dict[str, Any]:
    return {} if method == "GET" else {"json": {"reason": REASON, **BODIES.get(path, {}), **more}}


def test_what_acts_is_a_post_and_what_looks_a_get() -> None:
    for path, methods in CALLS.items():
        for name, method in methods.items():
            assert (name == "POST") == method.is_act, path


async def test_nobody_a_user_and_a_token_open_nothing(office: Office) -> None:
    await office.grant(ADMIN)
    nobody = office.caller(office.club.nobody())
    user = office.caller(await office.club.browser(SECOND))
    program = office.caller(await office.club.program(ADMIN))
    await office.customer()
    for method, path in [*ALL, ("GET", "/operator/none-such")]:
        for caller, refusal in (
            (nobody, (401, "unauthenticated")),
            (user, (403, "forbidden")),
            (program, (401, "unauthenticated")),
        ):
            reply = await caller.call(method, filled(path), **asked(method, path))
            assert reply.refusal == refusal, (method, path, reply.body)
    assert [note.deed for note in await audit.page(office.db)] == ["role granted"]


async def test_an_admin_whose_sign_in_is_old_looks_and_does_nothing(office: Office) -> None:
    admin = await office.admin()
    await office.customer()
    await office.club.site.age_sign_ins(6)
    before = len(await audit.page(office.db))
    for method, path in ACTS:
        reply = await admin.call(method, filled(path), **asked(method, path))
        assert reply.refusal == (403, "step_up"), (path, reply.body)
    assert len(await audit.page(office.db)) == before
    assert (await admin.get("/operator/overview")).status == 200


async def test_a_page_of_another_site_makes_no_admin_act(office: Office) -> None:
    admin = await office.admin()
    await office.customer()
    for method, path in ACTS:
        for headers in (
            {"X-CSRF-Token": ""},
            {"X-CSRF-Token": "0" * 64},
            {"Sec-Fetch-Site": "cross-site"},
        ):
            reply = await admin.call(method, filled(path), headers=headers, **asked(method, path))
            assert reply.refusal == (403, "csrf"), (path, headers, reply.body)


async def test_where_a_second_factor_is_on_each_act_takes_a_code_and_a_fresh_sign_in_is_none(
    office: Office,
) -> None:
    admin, app = await office.admin(), office.club.app
    await office.customer()
    account_id = await office.club.account_id(ADMIN)
    begun = await second_factor.begin(app, account_id, "admin")
    secret = base64.b32decode(begun.secret)
    step = totp.step_at(int(app.real_now().timestamp()))
    codes = await second_factor.confirm(app, account_id, totp.code_of(secret, step))
    await office.db.execute("UPDATE session SET code_given_at = $1", app.real_now())
    path = f"/operator/users/{CUSTOMER}/freeze"
    assert (await admin.post(path, reason=REASON)).refusal == (403, "step_up")
    assert (await admin.post(path, reason=REASON, code="000000")).refusal == (403, "step_up")
    assert (await admin.post(path, reason=REASON, code=codes[0])).data["frozen"] is True
    path = f"/operator/users/{CUSTOMER}/thaw"
    assert (await admin.post(path, reason=REASON, code=codes[0])).refusal == (403, "step_up")  # used up


async def test_every_look_is_in_the_audit(office: Office) -> None:
    admin = await office.admin()
    await office.customer()
    for method, path in ALL:
        if method != "GET":
            continue
        before = len(await audit.page(office.db, limit=500))
        await admin.get(filled(path))
        newest = (await audit.page(office.db))[0]
        seen = len(await audit.page(office.db, limit=500)) - before
        assert seen == 1, path
        assert (newest.actor, newest.deed) == (ADMIN, f"look {path}")
        assert newest.subject == (CUSTOMER if "{steamid}" in path else None), path
        assert newest.request_id


async def test_a_role_that_is_taken_back_opens_nothing_any_more(office: Office) -> None:
    admin = await office.admin()
    assert (await admin.get("/operator/users")).status == 200
    async with office.db.transaction() as tx:
        await roles.revoke(tx, await office.club.account_id(ADMIN), office.club.app.real_now())
    assert (await admin.get("/operator/users")).refusal == (403, "forbidden")


async def test_a_frozen_admin_looks_at_nothing_and_thaws_nobody_and_nobody_lifts_his_own_ban(
    office: Office,
) -> None:
    admin, second = await office.admin(), await office.admin(SECOND)
    about = f"/operator/users/{ADMIN}"
    assert (await second.post(f"{about}/ban", side="buyer", days=3, reason=REASON)).status == 200
    assert (await admin.post(f"{about}/lift", side="buyer", reason=REASON)).refusal == (403, "forbidden")
    assert (await second.post(f"{about}/freeze", reason=REASON)).status == 200
    for reply in (
        await admin.post(f"{about}/thaw", reason=REASON),
        await admin.get("/operator/overview"),
        await admin.get("/operator/none-such"),
    ):
        assert reply.refusal == (403, "forbidden")
        assert "frozen" in reply.body["error"]["message"]
    assert (await second.post(f"{about}/thaw", reason=REASON)).status == 200
    assert (await admin.get("/operator/overview")).status == 200


async def test_nobody_makes_his_own_second_admin(office: Office) -> None:
    admin = await office.admin()
    await office.customer()
    asked = (await admin.post("/operator/corrections", **BODIES["/operator/corrections"], reason=REASON)).data
    puppet = office.caller(await office.club.browser(SECOND))
    assert (await admin.post("/operator/admins", steamid=SECOND, reason=REASON)).data == {"granted": True}
    reply = await puppet.post(f"/operator/corrections/{asked['id']}/approve", reason=REASON)
    assert reply.refusal == (403, "forbidden")
    assert "count as one" in reply.body["error"]["message"]
    told = (await admin.get("/operator/alerts")).data[0]
    assert (told["kind"], told["text"]) == ("role", f"User {SECOND} is an admin now, by {ADMIN}.")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
async def test_a_call_takes_its_own_methods_alone(office: Office, method: str) -> None:
    admin = await office.admin()
    assert (await admin.call(method, "/operator/overview")).refusal == (404, "unknown_route")
    assert (await admin.get("/operator/none-such")).refusal == (404, "unknown_route")


async def test_who_is_not_known_is_not_found(office: Office) -> None:
    admin = await office.admin()
    for path in (f"/operator/users/{CUSTOMER}", f"/operator/users/{CUSTOMER}/entries"):
        assert (await admin.get(path)).refusal == (404, "not_found")
    assert (await admin.get("/operator/users/1234")).refusal == (422, "malformed")
