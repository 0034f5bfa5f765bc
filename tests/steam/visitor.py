"""Somebody signed in to the simulated Steam, speaking its raw wire: no client of ours between test and rule."""

import base64
import hmac
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from steam.sim import Sim

ALICE, BOB, CAROL = "76561198000000001", "76561198000000002", "76561198000000003"
REDLINE = "AK-47 | Redline (Field-Tested)"
CASE = "Chroma 2 Case"
KEY = "Mann Co. Supply Crate Key"


@dataclass
class Reply:
    """An answer as it came: status, headers, and the body as JSON or text."""

    status: int
    headers: dict[str, str]
    body: Any


class Visitor:
    """An account of the simulator at work."""

    def __init__(self, sim: Sim, login: dict[str, Any]) -> None:
        self.sim = sim
        self.login = login
        self.steamid: str = login["steamid"]
        self.cookies = {
            "Cookie": f"steamLoginSecure={login['steamLoginSecure']}; sessionid={login['sessionid']}",
        }

    @property
    def accountid(self) -> int:
        return int(self.steamid) & 0xFFFFFFFF

    async def get(self, path: str, **params: Any) -> Reply:
        return await ask(self.sim, "GET", path, params=params, headers=self.cookies)

    async def api(self, method: str, interface: str = "IEconService", **params: Any) -> Reply:
        params = {"access_token": self.login["access_token"]} | params
        return await ask(self.sim, "GET", f"/{interface}/{method}/v1/", params=params)

    async def post(self, path: str, referer: str | None = None, **form: Any) -> Reply:
        headers = self.cookies | ({"Referer": referer} if referer else {})
        form = {"sessionid": self.login["sessionid"]} | form
        return await ask(self.sim, "POST", path, data=form, headers=headers)

    async def send(self, to: "Visitor", give: list[Any], receive: Sequence[Any] = (), **form: Any) -> Reply:
        """Sends an offer; items are (appid, contextid, assetid)."""
        token = form.pop("token", to.login["trade_token"])
        referer = f"https://steamcommunity.com/tradeoffer/new/?partner={to.accountid}&token={token}"
        sides = {
            "newversion": True,
            "version": len(give) + len(receive) + 1,
            "me": {"assets": [_asset(*item) for item in give], "currency": [], "ready": False},
            "them": {"assets": [_asset(*item) for item in receive], "currency": [], "ready": False},
        }
        usual = {
            "serverid": "1",
            "partner": to.steamid,
            "tradeoffermessage": "",
            "json_tradeoffer": json.dumps(sides),
            "captcha": "",
            "trade_offer_create_params": json.dumps({"trade_offer_access_token": token} if token else {}),
        }
        return await self.post("/tradeoffer/new/send", form.pop("referer", referer), **(usual | form))

    async def accept(self, offerid: str, **form: Any) -> Reply:
        referer = form.pop("referer", f"https://steamcommunity.com/tradeoffer/{offerid}/")
        return await self.post(f"/tradeoffer/{offerid}/accept", referer, tradeofferid=offerid, **form)

    async def offer(self, offerid: str) -> Any:
        reply = await self.api("GetTradeOffer", tradeofferid=offerid)
        return reply.body["response"].get("offer")

    async def trade(self, tradeid: str) -> Any:
        return (await self.api("GetTradeStatus", tradeid=tradeid)).body["response"]["trades"][0]

    def signed(self, tag: str, at: int | None = None, secret: str | None = None) -> dict[str, str]:
        """The parameters with which a phone signs a request."""
        moment = int(time.time()) if at is None else at
        key = base64.b64decode(secret or self.login["identity_secret"])
        digest = hmac.digest(key, moment.to_bytes(8, "big") + tag.encode(), "sha1")
        signature = base64.b64encode(digest).decode()
        return {
            "p": "android:1", "a": self.steamid, "k": signature, "t": str(moment), "m": "react", "tag": tag
        }  # fmt: skip

    async def confirmations(self) -> list[dict[str, Any]]:
        reply = await self.get("/mobileconf/getlist", **self.signed("list"))
        found: list[dict[str, Any]] = reply.body["conf"]
        return found

    async def items(self, appid: int = 730, contextid: int = 2, of: str | None = None) -> list[str]:
        """The asset ids of an inventory, as Steam lists them."""
        reply = await self.get(f"/inventory/{of or self.steamid}/{appid}/{contextid}", count=2000)
        return [asset["assetid"] for asset in reply.body.get("assets", [])]


async def ask(sim: Sim, method: str, path: str, **options: Any) -> Reply:
    """One request, never following a redirect."""
    async with sim.http.request(method, sim.base_url + path, allow_redirects=False, **options) as response:
        text = await response.text()
        try:
            body = json.loads(text)
        except ValueError:
            body = text
        return Reply(response.status, {k.lower(): v for k, v in response.headers.items()}, body)


async def people(sim: Sim, **settings: Any) -> tuple[Visitor, Visitor, Visitor]:
    """Alice, Bob and Carol, each with two cases, six rifles (the newest) and a TF2 key; settings are by name."""
    users = [
        {
            "steamid": steamid,
            "name": name.capitalize(),
            "items": [{"appid": 730, "market_hash_name": CASE, "commodity": True} for _ in range(2)]
            + [{"appid": 730, "market_hash_name": REDLINE} for _ in range(6)]
            + [{"appid": 440, "market_hash_name": KEY, "commodity": True}],
        }
        | settings.get(name, {})
        for name, steamid in (("alice", ALICE), ("bob", BOB), ("carol", CAROL))
    ]
    await sim.control("POST", "/_sim/world", {"users": users})
    alice, bob, carol = [Visitor(sim, await sim.login(steamid)) for steamid in (ALICE, BOB, CAROL)]
    return alice, bob, carol


async def sent(alice: Visitor, bob: Visitor, give: list[Any], receive: Sequence[Any] = ()) -> str:
    """An offer on its way: sent, and confirmed where that was needed."""
    reply = await alice.send(bob, give, receive)
    assert reply.status == 200, reply
    if reply.body.get("needs_mobile_confirmation"):
        await alice.sim.control("POST", f"/_sim/offers/{reply.body['tradeofferid']}/confirm")
    offerid: str = reply.body["tradeofferid"]
    return offerid


def _asset(appid: int, contextid: int, assetid: str) -> dict[str, Any]:
    return {"appid": appid, "contextid": str(contextid), "amount": 1, "assetid": str(assetid)}
