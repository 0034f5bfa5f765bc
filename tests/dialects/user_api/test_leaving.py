"""Taking one's data along, and leaving: asked for by who proves that it is he, and of himself alone."""

import io
import json
import zipfile
from typing import Any

from dialects.user_api.club import OTHER, USER, Club, Member
from tradepost.market import audit, ledger, users


async def fetch(member: Member, **values: Any) -> tuple[int, str, bytes]:
    url = f"{member.club.url}/user/exportData"
    async with member.http.post(url, headers=member.headers, json=values) as answer:
        return answer.status, answer.headers["Content-Type"], await answer.read()


async def test_a_user_takes_his_data_along(club: Club) -> None:
    me = await club.browser(USER)
    await me.post("/user/setDiscord", discordtag="canary#1234")
    await club.browser(OTHER)
    status, kind, whole = await fetch(me)
    assert (status, kind) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        data = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    assert data["account.json"][0]["steamid"] == USER
    assert data["profile.json"][0]["discordtag"] == "canary#1234"
    assert OTHER not in json.dumps(data)
    await club.site.age_sign_ins(6)
    assert (await fetch(me))[0] == 403


async def test_a_user_leaves_and_is_signed_out_everywhere(club: Club) -> None:
    me, program = await club.browser(USER), await club.program(USER)
    account_id = await club.account_id(USER)
    assert (await me.post("/user/deleteAccount", steamid=OTHER)).refusal[0] == 300
    assert (await me.post("/user/deleteAccount", steamid=USER)).status == 200
    assert (await me.get("/user/balance")).refusal[0] == 401
    assert (await program.get("/user/balance")).refusal[0] == 401
    assert await users.by_steamid(club.db, USER) is None
    newest = (await audit.page(club.db))[0]
    assert newest.deed == "account left"
    # The same person may come again, as a new one.
    await club.browser(USER)
    assert await club.account_id(USER) != account_id


async def test_who_has_money_hears_what_is_open_and_stays(club: Club) -> None:
    me = await club.browser(USER)
    account_id = await club.account_id(USER)
    async with club.db.transaction() as tx:
        await ledger.deposit(tx, account_id, 1_250, "test", club.app.now())
    status, sentence = (await me.post("/user/deleteAccount", steamid=USER)).refusal
    assert (status, "12.50 USD in its deposit" in sentence) == (300, True)
    assert (await me.get("/user/balance")).content == {"balance": 1_250}


async def test_an_old_sign_in_deletes_nobody(club: Club) -> None:
    me = await club.browser(USER)
    await club.site.age_sign_ins(6)
    reply = await me.post("/user/deleteAccount", steamid=USER)
    assert (reply.refusal[0], reply.body["error"]) == (403, "STEP_UP")
    assert (await me.get("/user/balance")).status == 200
