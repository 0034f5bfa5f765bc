"""Exports as browsers and programs fetch them: tokens that no other site makes, and CSV that is only data."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from dialects.user_api.club import OTHER, USER, Club, Member
from past import trades
from tradepost.market import ledger, roles, users

PATH = "/user/generateCSVToken"


async def traded(club: Club, count: int = 3, name: str = "=2+5") -> None:
    ids = []
    async with club.db.transaction() as tx:
        for steamid in (USER, OTHER):
            ids.append((await users.know(tx, steamid, "sign_in", club.app.now())).id)
        await ledger.deposit(tx, ids[1], 10_000, "test", club.app.now())
    await trades(club.db, ids[1], ids[0], count, begin=club.app.now() - timedelta(days=20), name=name)


async def token(member: Member, path: str = PATH) -> str:
    made: str = (await member.get(path)).content["token"]
    return made


async def test_a_token_fetches_a_sheet_without_being_connected(club: Club) -> None:
    await traded(club)
    made = await token(await club.program())
    assert len(made) == 128
    assert set(made) <= set("0123456789abcdef")
    for kind, count in (("sales", 3), ("balance", 3), ("purchases", 0)):
        reply = await club.nobody().get("/user/exportCSV", token=made, type=kind)
        assert reply.status == 200
        assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert reply.headers["Content-Disposition"] == f'attachment; filename="tradepost-{kind}.csv"'
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Cache-Control"] == "no-store"
        rows = list(csv.DictReader(io.StringIO(reply.body)))
        assert len(rows) == count
        if kind == "sales":
            assert {row["item"] for row in rows} == {"'=2+5"}


async def test_a_new_token_takes_the_place_of_the_one_before(club: Club) -> None:
    member = await club.program()
    first, second = await token(member), await token(member)
    refused = await club.nobody().get("/user/exportCSV", token=first, type="sales")
    assert refused.refusal == (403, "This export token is unknown or no longer good: make a new one.")
    assert (await club.nobody().get("/user/exportCSV", token=second, type="sales")).status == 200


@pytest.mark.parametrize(
    "asked",
    [{}, {"token": "0" * 128}, {"type": "sales"}, {"token": "0" * 127, "type": "sales"}, {"token": "0" * 128, "type": "all"},
     {"token": "0" * 128, "type": "sales;balance"}, {"token": "' OR 1=1 --", "type": "sales"}],
)  # fmt: skip
async def test_what_is_no_export_is_refused_with_the_field_named(club: Club, asked: dict[str, Any]) -> None:
    reply = await club.nobody().get("/user/exportCSV", **asked)
    assert reply.refusal[0] == 300
    assert reply.body["field"] in ("token", "type")


@pytest.mark.parametrize(
    ("site", "made"),
    [("same-origin", True), ("none", True), ("cross-site", False), ("same-site", False)],
)
async def test_no_other_site_makes_a_browser_make_a_token(club: Club, site: str, made: bool) -> None:
    member = await club.browser()
    member.headers = {}
    reply = await member.call("GET", PATH, headers={"Sec-Fetch-Site": site})
    assert reply.status == (200 if made else 403)
    assert await club.db.value("SELECT count(*) FROM export_token") == int(made)
    assert made or reply.body["error"] == "CSRF"


async def test_asking_for_the_head_alone_makes_nothing(club: Club) -> None:
    member = await club.program()
    assert (await member.call("HEAD", PATH)).status == 404
    assert await club.db.value("SELECT count(*) FROM export_token") == 0


async def test_an_admin_exports_another_s_rows_and_it_is_written_down(club: Club) -> None:
    await traded(club)
    admin, stranger = await club.program(OTHER), await club.program(USER)
    assert (await stranger.get(f"{PATH}/{OTHER}")).refusal[0] == 403
    async with club.db.transaction() as tx:
        await roles.grant(tx, await club.account_id(OTHER), club.app.real_now())
    own = await token(stranger)
    made = await token(admin, f"{PATH}/{USER}")
    reply = await club.nobody().get("/user/exportCSV", token=made, type="sales")
    assert len(list(csv.DictReader(io.StringIO(reply.body)))) == 3
    deeds = [row["deed"] for row in await club.db.fetch("SELECT deed FROM audit ORDER BY id")]
    assert deeds[-2:] == ["look /user/generateCSVToken", "export sales"]
    # The user's own token is good all the same.
    assert (await club.nobody().get("/user/exportCSV", token=own, type="sales")).status == 200
