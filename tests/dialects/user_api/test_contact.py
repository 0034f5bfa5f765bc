"""How somebody is reached, paid and shown: each value is judged, his own alone is changed, and it is seen in infos."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dialects.user_api.club import OTHER, USER, Club
from stock import Stock
from tradepost.app import App
from tradepost.config import Settings
from tradepost.market import housekeeping, ledger, messages, profiles
from tradepost.routes import routes
from tradepost.rules import contact
from tradepost.rules.refusals import Conflicting
from tradepost.steam.ids import account_id

TOKEN = "abcd-_12"


def url_of(steamid: str = USER, token: str = TOKEN) -> str:
    return f"https://steamcommunity.com/tradeoffer/new/?partner={account_id(steamid)}&token={token}"


async def infos(club: Club, steamid: str = USER) -> dict[str, Any]:
    found: dict[str, Any] = (await (await club.browser(steamid)).get("/user/infos")).content["informations"]
    return found


async def test_infos_have_the_types_of_the_document(club: Club) -> None:
    found = await infos(club)
    texts = ["steamId", "skrill", "tradeurl", "image", "2fa", "name", "discordtag", "discord", "shorturl"]
    numbers = ["balance", "since", "lastactivity", "message", "notification"]
    assert set(found) == {*texts, *numbers}
    assert all(type(found[name]) is str for name in texts)
    assert all(type(found[name]) is int for name in numbers)
    assert [found[name] for name in ("skrill", "tradeurl", "discordtag", "discord", "shorturl")] == [""] * 5
    assert (found["2fa"], found["notification"], found["message"], found["balance"]) == ("false", 1, 0, 0)
    assert found["name"] == "Ann <b>&"
    assert abs(found["lastactivity"] - club.app.real_now().timestamp()) < 60


async def test_a_balance_is_a_hundred_times_that_of_the_merchants_api(club: Club) -> None:
    member = await club.browser()
    me = await club.account_id()
    async with club.db.transaction() as tx:
        await ledger.deposit(tx, me, 1_234, "one", club.app.now())
    assert (await member.get("/user/balance")).content == {"balance": 1234}
    assert (await member.get("/user/infos")).content["informations"]["balance"] == 1234


async def test_a_trade_url_of_ones_own_is_saved(club: Club) -> None:
    await club.site.box.world({"steamid": USER, "trade_token": TOKEN})
    member = await club.browser()
    done = (await member.post("/user/setTradeUrl", tradeurl=url_of())).content
    assert done["message"].startswith("Your trade URL is saved")
    assert (await infos(club))["tradeurl"] == url_of()


async def test_a_trade_url_of_somebody_else_is_refused(club: Club) -> None:
    member = await club.browser()
    reply = await member.post("/user/setTradeUrl", tradeurl=url_of(OTHER))
    assert reply.refusal[0] == 300
    assert "another Steam account" in reply.body["message"]
    assert (await infos(club))["tradeurl"] == ""


@pytest.mark.parametrize(
    "text",
    ["", "x", "https://evil.example/tradeoffer/new/?partner=1&token=abcdefgh", "https://steamcommunity.com.evil.example/tradeoffer/new/?partner=1&token=abcdefgh",
     "https://steamcommunity.com/tradeoffer/new/?partner=1", "https://steamcommunity.com/tradeoffer/new/?partner=1&partner=2&token=abcdefgh",
     "https://steamcommunity.com/tradeoffer/new/?partner=-1&token=abcdefgh", "javascript:alert(1)", url_of() + "\n", url_of() + "x" * 600, ["a"], {"a": 1}, True, 7],
)  # fmt: skip
async def test_what_is_no_trade_url_is_refused_and_named(club: Club, text: object) -> None:
    reply = await (await club.browser()).post("/user/setTradeUrl", tradeurl=text)
    assert reply.refusal[0] == 300
    assert reply.body["field"].startswith("tradeurl")


async def test_a_short_name_is_ones_own_as_long_as_one_keeps_it(club: Club) -> None:
    one, two = await club.browser(), await club.browser(OTHER)
    assert (await one.post("/user/updateShortUrl", shorturl="ann42")).status == 200
    assert (await infos(club))["shorturl"] == "ann42"
    assert (await one.post("/user/updateShortUrl", shorturl="ann42")).status == 200, "twice is once"
    assert "somebody else's" in (await two.post("/user/updateShortUrl", shorturl="ann42")).refusal[1]
    assert (await one.post("/user/updateShortUrl")).status == 200
    assert (await infos(club))["shorturl"] == ""
    assert (await two.post("/user/updateShortUrl", shorturl="ann42")).status == 200


def test_no_short_name_is_the_beginning_of_a_path_of_ours() -> None:
    app = cast(App, SimpleNamespace(settings=Settings(mode="demo")))
    firsts = {str(getattr(route, "path", "")).split("/")[1] for route in routes(app)}
    ours = {name for name in firsts if contact.is_short_name(name)}
    assert {"healthz", "user", "operator", "docs"} <= ours
    assert ours <= contact.RESERVED, ours - contact.RESERVED


@pytest.mark.parametrize("name", ["admin", "api", "support", "steam", "tradepost", "login", "user", "pay"])
async def test_a_reserved_name_is_nobodys(club: Club, name: str) -> None:
    assert "reserved" in (await (await club.browser()).post("/user/updateShortUrl", shorturl=name)).refusal[1]


@pytest.mark.parametrize("name", ["Ann", "a-b", "x" * 13, "аnn", "a b", "../x", "a;b", "ann\u200b"])
async def test_what_is_no_short_name_is_refused_and_named(club: Club, name: str) -> None:
    reply = await (await club.browser()).post("/user/updateShortUrl", shorturl=name)
    assert (reply.refusal[0], reply.body["field"]) == (300, "shorturl")


async def test_where_payouts_go_and_how_one_is_found(club: Club) -> None:
    member = await club.browser()
    assert (await member.post("/user/setSkrill", skrill="ann@example.com")).status == 200
    assert (
        await member.post("/user/setDiscord", discord="80351110224678912", discordtag="ann#1234")
    ).status == 200
    found = await infos(club)
    assert (found["skrill"], found["discord"], found["discordtag"]) == (
        "ann@example.com",
        "80351110224678912",
        "ann#1234",
    )
    assert (await member.post("/user/setDiscord", discordtag="ann")).status == 200
    found = await infos(club)
    assert (found["discord"], found["discordtag"]) == ("", "ann")
    set_at = await club.db.value("SELECT skrill_set_at FROM profile WHERE skrill <> ''")
    await member.post("/user/setSkrill", skrill="ann@example.com")
    assert await club.db.value("SELECT skrill_set_at FROM profile WHERE skrill <> ''") == set_at, (
        "nothing changed"
    )
    assert (await member.post("/user/setSkrill")).status == 200
    assert (await infos(club))["skrill"] == ""


@pytest.mark.parametrize(("field", "value"), [("skrill", "x"), ("skrill", "a@b.de\r\nBcc: c@d.de"), ("skrill", "a@b.de;c@d.de"), ("skrill", "x" * 300 + "@b.de")])  # fmt: skip
async def test_what_is_no_address_is_refused_and_named(club: Club, field: str, value: str) -> None:
    reply = await (await club.browser()).post("/user/setSkrill", **{field: value})
    assert (reply.refusal[0], reply.body["field"]) == (300, field)


async def test_notices_by_mail_go_on_and_off(club: Club) -> None:
    member = await club.browser()
    for status, kept in ((0, 0), (1, 1), ("false", 0), (True, 1)):
        assert (await member.post("/user/setMailNotificationStatus", status=status)).content[
            "notification"
        ] == kept
        assert (await infos(club))["notification"] == kept
    assert (await member.post("/user/setMailNotificationStatus", status=2)).body["field"] == "status"
    assert (await member.post("/user/setMailNotificationStatus")).body["field"] == "status"


async def test_messages_of_operators_are_counted_until_they_are_read(club: Club) -> None:
    member, other = await club.browser(), await club.browser(OTHER)
    async with club.db.transaction() as tx:
        sent = [
            await messages.send(tx, await club.account_id(), text, actor_id=None, now=club.app.real_now())
            for text in ("One.", "Two.", "Three.")
        ]
    assert (await infos(club))["message"] == 3
    assert (await infos(club, OTHER))["message"] == 0
    shown = (await member.get("/user/getMessages", count=2)).content
    assert [row["text"] for row in shown["messages"]] == ["Three.", "Two."]
    older = (await member.get("/user/getMessages", before=sent[1])).content
    assert [(row["text"], row["read"]) for row in older["messages"]] == [("One.", False)]
    assert (await other.get("/user/getMessages")).content == {"messages": [], "unread": 0}
    await other.post("/user/readMessages", id=sent[2])
    assert (await member.post("/user/readMessages", id=sent[0])).content["unread"] == 2
    assert (await member.post("/user/readMessages")).content["unread"] == 0
    assert (await infos(club))["message"] == 0
    for id_ in ("9223372036854775808", "9999999999999999999"):
        assert (await member.get("/user/getMessages", before=id_)).status == 200
        assert (await member.post("/user/readMessages", id=id_)).status == 200


async def test_of_two_who_want_a_short_name_at_once_one_gets_it(club: Club) -> None:
    ids = [await Stock(club.db, people=number).person() for number in range(8)]

    async def take(account_id: int) -> None:
        async with club.db.transaction() as tx:
            await profiles.set_short_name(tx, account_id, "ann42")

    done = await asyncio.gather(*[take(id_) for id_ in ids], return_exceptions=True)
    assert done.count(None) == 1
    assert all(isinstance(one, Conflicting) for one in done if one is not None)
    (taken,) = await club.db.fetch("SELECT account_id FROM profile WHERE shorturl = 'ann42'")
    assert await profiles.by_short_name(club.db, "ann42") == taken["account_id"]
    assert (
        await profiles.by_short_name(club.db, "nobody")
        is await profiles.by_short_name(club.db, "x'--")
        is None
    )


async def test_a_picture_is_read_from_steam_once_also_of_who_has_a_name_already(club: Club) -> None:
    program = await club.program()
    await club.key("76561198000000777")  # whom Steam does not know
    await club.db.execute("UPDATE account SET name = 'as we call her' WHERE steamid = $1", USER)
    assert await housekeeping.learn_profiles(club.app) == 2
    found = (await program.get("/user/infos")).content["informations"]
    assert found["name"] == "as we call her" and found["image"].startswith("http"), found
    assert await housekeeping.learn_profiles(club.app) == 0, "nobody is asked for again"
