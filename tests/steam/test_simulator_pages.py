"""The simulated Steam's profiles, HTML pages and pictures, as programs read them."""

import re
from xml.etree import ElementTree

import aiohttp

from steam.sim import simulator
from steam.visitor import ALICE, BOB, CAROL, ask, people, sent
from tradepost.steam.simulator import pictures, silhouettes

EVIL = "</script><script>alert(1)</script>"


def is_picture(text: str) -> bool:
    """Whether a text is an SVG that every reader of XML can read."""
    return ElementTree.fromstring(text).tag.endswith("svg")  # noqa: S314 - we drew it ourselves


async def test_summaries_come_for_a_token_or_a_key_and_only_of_accounts_that_exist() -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim)
        steamids = f"{BOB},76561198999999999,x,{BOB}"
        for credential in ({}, {"access_token": "", "key": alice.login["api_key"]}):
            reply = await alice.api("GetPlayerSummaries", "ISteamUser", steamids=steamids, **credential)
            (player,) = reply.body["response"]["players"]
            assert (player["steamid"], player["personaname"]) == (BOB, "Bob")
            assert player["avatarfull"].startswith(sim.base_url)
            assert (await ask(sim, "GET", player["avatarfull"].removeprefix(sim.base_url))).status == 200
        assert (await ask(sim, "GET", f"/ISteamUser/GetPlayerSummaries/v2/?steamids={BOB}")).status == 401


async def test_bans_are_told() -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim, bob={"trade_banned": True}, carol={"ban_days": 3})
        body = (await alice.api("GetPlayerBans", "ISteamUser", steamids=f"{ALICE},{BOB},{CAROL}")).body
        assert [each["EconomyBan"] for each in body["players"]] == ["none", "banned", "probation"]


async def test_the_web_token_of_a_signed_in_visitor_is_in_the_page_and_in_the_async_config() -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim)
        body = (await alice.get("/pointssummary/ajaxgetasyncconfig")).body
        assert (body["success"], body["data"]["webapi_token"][:3]) == (1, "eyJ")
        page = (await alice.get(f"/profiles/{ALICE}")).body
        assert f'g_steamID = "{ALICE}";' in page
        found = re.search(r'data-loyalty_webapi_token="&quot;(eyJ[\w.-]+)&quot;"', page)
        assert found is not None
        for token in (found[1], body["data"]["webapi_token"]):
            assert (await alice.api("GetTradeOffers", access_token=token)).status == 200
        stranger = await ask(sim, "GET", f"/profiles/{ALICE}")
        assert "g_steamID = false;" in stranger.body
        assert (await ask(sim, "GET", "/pointssummary/ajaxgetasyncconfig")).body == {"success": 1, "data": []}


async def test_my_leads_to_the_own_profile_or_to_the_sign_in_page() -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim)
        assert (await alice.get("/my")).headers["location"] == f"{sim.base_url}/profiles/{ALICE}"
        steam = alice.cookies | {"Host": "steamcommunity.com"}
        reply = await ask(sim, "GET", "/my/inventory", headers=steam)
        assert reply.headers["location"] == f"https://steamcommunity.com/profiles/{ALICE}/inventory"
        assert "/login/home" in (await ask(sim, "GET", "/my")).headers["location"]
        page = (await ask(sim, "GET", "/login/home/")).body
        assert "<title>Sign In</title>" in page
        assert "g_steamID = false;" in page


async def test_a_new_trade_url_kills_the_old_one() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        path = f"/profiles/{ALICE}/tradeoffers"
        assert f"token={alice.login['trade_token']}" in (await alice.get(f"{path}/privacy")).body
        assert (await bob.get(f"{path}/privacy")).status == 302
        assert (await bob.post(f"{path}/newtradeurl")).status == 403
        token = (await alice.post(f"{path}/newtradeurl")).body
        assert token not in {alice.login["trade_token"], ""}
        item = [(730, 2, (await bob.items())[0])]
        assert (await bob.send(alice, item)).body["strError"].endswith("(15)")
        assert (await bob.send(alice, item, token=token)).status == 200


async def test_the_offer_page_tells_names_and_holds_in_the_layout_that_programs_look_for() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim, alice={"name": EVIL}, bob={"hold_days": 15})
        query = {"partner": bob.accountid, "token": bob.login["trade_token"]}
        page = (await alice.get("/tradeoffer/new/", **query)).body
        pattern = r'\n\W*<script type="text/javascript">\W*\r?\n?(\W*var g_rgAppContextData[\s\S]*)</script>'
        assert re.search(pattern, page)
        assert "var g_daysMyEscrow = 0;" in page
        assert "var g_daysTheirEscrow = 15;" in page
        assert 'var g_strTradePartnerPersonaName = "Bob";' in page
        assert EVIL not in page
        assert re.search(f'<img src="[^"]+" alt="" data-miniprofile="{bob.accountid}">', page)
        offerid = await sent(alice, bob, [(730, 2, (await alice.items())[0])])
        assert "var g_daysTheirEscrow = 0;" in (await bob.get(f"/tradeoffer/{offerid}/")).body


async def test_the_offer_page_says_in_error_msg_why_there_is_no_trade() -> None:
    async with simulator() as sim:
        alice, bob, carol = await people(sim, carol={"available": False})
        for query, words in (
            ({"partner": bob.accountid, "token": "wrongone"}, "no longer valid"),
            ({"partner": bob.accountid}, "no longer valid"),
            ({"partner": carol.accountid, "token": carol.login["trade_token"]}, "not available to trade"),
            ({"partner": "1"}, "Could not load"),
            ({"partner": "9" * 40}, "Could not load"),
            ({}, "Could not load"),
        ):
            page = (await alice.get("/tradeoffer/new/", **query)).body
            found = re.search(r'<div id="error_msg">\s*([^<]+)\s*</div>', page)
            assert found is not None
            assert words in found[1]
        assert "does not exist" in (await alice.get("/tradeoffer/123/")).body
        assert (await ask(sim, "GET", "/tradeoffer/123/")).status == 302


async def test_the_receipt_builds_what_was_received_under_its_new_id() -> None:
    async with simulator() as sim:
        alice, bob, carol = await people(sim)
        offerid = await sent(alice, bob, [(730, 2, (await alice.items())[0])])
        tradeid = (await bob.accept(offerid)).body["tradeid"]
        new = (await bob.items(contextid=16))[0]
        page = (await bob.get(f"/trade/{tradeid}/receipt/")).body
        assert re.search(r"(var oItem;[\s\S]*)</script>", page)
        assert f'"id": "{new}"' in page
        assert f'"id": "{new}"' not in (await alice.get(f"/trade/{tradeid}/receipt/")).body
        assert "error_msg" in (await carol.get(f"/trade/{tradeid}/receipt/")).body


async def test_the_inventory_page_counts_by_context_and_hides_what_is_private() -> None:
    async with simulator() as sim:
        await people(sim, bob={"private": True})
        page = (await ask(sim, "GET", f"/profiles/{ALICE}/inventory/")).body
        assert re.search(r'var g_rgAppContextData = \{"440".*"730".*\};\n', page)
        page = (await ask(sim, "GET", f"/profiles/{BOB}/inventory/")).body
        assert "inventory is currently private." in page
        assert "var g_rgAppContextData = {};\n" in page


async def test_a_profile_is_there_as_xml_too() -> None:
    async with simulator() as sim:
        await people(sim, alice={"name": "<&>"})
        text = (await ask(sim, "GET", f"/profiles/{ALICE}/?xml=1")).body
        assert f"<steamID64>{ALICE}</steamID64><steamID>&lt;&amp;&gt;</steamID>" in text
        assert "could not be found" in (await ask(sim, "GET", "/profiles/76561198999999999/?xml=1")).body


async def test_the_web_api_key_is_on_its_page() -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim)
        assert f"<p>Key: {alice.login['api_key']}</p>" in (await alice.get("/dev/apikey")).body
        body = (await alice.post("/dev/requestkey", domain="x")).body
        assert (body["success"], body["api_key"]) == (1, alice.login["api_key"])


async def test_icons_are_drawn_here() -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim)
        about = (await alice.get(f"/inventory/{ALICE}/730/2")).body["descriptions"][0]
        reply = await ask(sim, "GET", f"/economy/image/{about['icon_url']}/96fx96f")
        assert reply.headers["content-type"].startswith("image/svg+xml")
        assert is_picture(reply.body)
        assert (await ask(sim, "GET", "/economy/image/nothing-we-know/96fx96f")).status == 200


def test_every_kind_of_item_has_a_picture_of_its_own_in_the_colours_of_its_name() -> None:
    drawn = {key: pictures.drawn(key[0], key[1], "Wildfire", "#eb4b4b") for key in silhouettes.OF_TYPE}
    assert all(map(is_picture, drawn.values()))
    assert len(set(drawn.values())) >= len(drawn) - 4  # a rifle is a rifle in Rust, too
    red, camo = (pictures.drawn(730, "Rifle", name, "#fff") for name in ("AK-47 | Redline", "AK-47 | Jungle"))
    assert "hsl(2 72% 40%)" in red and red != camo
    assert red == pictures.drawn(730, "Rifle", "StatTrak™ AK-47 | Redline (Well-Worn)", "#fff")
    awkward = pictures.drawn(730, "<b>", "</svg><script>", '"><script>')
    assert "<script" not in awkward and is_picture(awkward)


async def test_a_person_accepts_an_offer_in_a_browser() -> None:
    async with simulator() as sim, aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        alice, bob, _ = await people(sim)
        item = (await alice.get(f"/inventory/{ALICE}/730/2")).body["assets"][0]["assetid"]
        offerid = await sent(alice, bob, [(730, 2, item)])
        page = f"{sim.base_url}/tradeoffer/{offerid}/"
        # Who is not signed in chooses who he is, and comes back to the offer.
        async with http.get(page) as seen:
            text = await seen.text()
            assert "/login/home/" in str(seen.url) and BOB in text
        form = {"goto": f"tradeoffer/{offerid}", "steamid": CAROL}
        async with http.post(f"{sim.base_url}/login/home", data=form) as seen:
            assert "belongs to another user" in await seen.text()
        async with http.post(page, data={"do": "accept", "sessionid": "guessed"}) as seen:
            assert seen.status == 403
        # Signing in to a site is signing in here, too.
        query = {
            "openid.ns": "http://specs.openid.net/auth/2.0",
            "openid.mode": "checkid_setup",
            "openid.return_to": f"{sim.base_url}/_sim",
            "openid.realm": sim.base_url,
            "steamid": BOB,
        }
        async with http.post(f"{sim.base_url}/openid/login", data=query, allow_redirects=False) as seen:
            assert seen.status == 302
        async with http.get(page) as seen:
            text = await seen.text()
        assert "You are Bob." in text and "g_daysTheirEscrow" in text
        sessionid = re.findall(r'name="sessionid" value="([^"]+)"', text)[0]
        async with http.post(page, data={"do": "accept", "sessionid": sessionid}) as seen:
            assert "You accepted the offer" in await seen.text()
        assert (await sim.control("GET", f"/_sim/offers/{offerid}"))["state"] == 3
        async with http.post(page, data={"do": "decline", "sessionid": sessionid}) as seen:
            assert "over already" in await seen.text()


async def test_a_browser_is_led_nowhere_but_to_an_offer() -> None:
    async with simulator() as sim:
        await people(sim)
        for goal in ("//evil.example", "https://evil.example/", "tradeoffer/1/../../x", "profiles/1"):
            form = {"goto": goal, "steamid": BOB}
            reply = await ask(sim, "POST", "/login/home", data=form)
            assert reply.headers["location"] == f"{sim.base_url}/"
