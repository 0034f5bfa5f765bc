"""Signing in through the simulated Steam: the chooser, the signed way back, and the one check of it."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from steam.sim import Sim, simulator
from steam.visitor import ALICE, BOB, ask, people

NS = "http://specs.openid.net/auth/2.0"
RETURN_TO = "https://market.example/login/steam?next=%2F"
REQUEST = {
    "openid.ns": NS,
    "openid.mode": "checkid_setup",
    "openid.return_to": RETURN_TO,
    "openid.realm": "https://market.example",
    "openid.identity": f"{NS}/identifier_select",
    "openid.claimed_id": f"{NS}/identifier_select",
}


async def signed_in(sim: Sim, steamid: str = ALICE, **changed: str) -> dict[str, str]:
    """The fields with which Steam sends an account back to the site."""
    request = REQUEST | {f"openid.{name}": value for name, value in changed.items()}
    reply = await ask(sim, "GET", "/openid/login", params=request | {"steamid": steamid})
    assert reply.status == 302, reply
    return dict(parse_qsl(urlsplit(reply.headers["location"]).query))


async def is_valid(sim: Sim, fields: dict[str, str]) -> bool:
    form = {name: value for name, value in fields.items() if name.startswith("openid.")}
    reply = await ask(sim, "POST", "/openid/login", data=form | {"openid.mode": "check_authentication"})
    assert reply.headers["content-type"].startswith("text/plain")
    lines = reply.body.split("\n")
    assert lines[0] == f"ns:{NS}"
    return bool(lines[1] == "is_valid:true")


async def test_the_way_back_carries_steams_fields_and_the_sites_own() -> None:
    async with simulator() as sim:
        await people(sim)
        fields = await signed_in(sim)
        assert fields["next"] == "/"
        assert fields["openid.op_endpoint"] == "https://steamcommunity.com/openid/login"
        assert (
            fields["openid.claimed_id"]
            == fields["openid.identity"]
            == f"https://steamcommunity.com/openid/id/{ALICE}"
        )
        assert (fields["openid.mode"], fields["openid.return_to"]) == ("id_res", RETURN_TO)
        signed = "signed,op_endpoint,claimed_id,identity,return_to,response_nonce,assoc_handle"
        assert fields["openid.signed"] == signed
        moment = datetime.strptime(fields["openid.response_nonce"][:20], "%Y-%m-%dT%H:%M:%SZ").replace(
            tzinfo=UTC
        )
        assert abs((datetime.now(UTC) - moment).total_seconds()) < 10


async def test_an_answer_is_valid_once() -> None:
    async with simulator() as sim:
        await people(sim)
        fields = await signed_in(sim)
        assert await is_valid(sim, fields)
        assert not await is_valid(sim, fields)


@pytest.mark.parametrize(
    "forged",
    [
        {"openid.claimed_id": f"https://steamcommunity.com/openid/id/{BOB}"},
        {"openid.identity": f"https://steamcommunity.com/openid/id/{BOB}"},
        {"openid.return_to": "https://evil.example/"},
        {"openid.response_nonce": "2026-01-01T00:00:00Zx"},
        {"openid.op_endpoint": "https://evil.example/openid"},
        {"openid.signed": "signed,op_endpoint"},
        {"openid.signed": ""},
        {"openid.sig": "AAAA"},
        {"openid.sig": ""},
        {"openid.sig": "é\u0000"},
        {"openid.assoc_handle": "1"},
    ],
)
async def test_whatever_is_changed_the_answer_is_no_longer_valid(forged: dict[str, str]) -> None:
    async with simulator() as sim:
        await people(sim)
        fields = await signed_in(sim)
        assert not await is_valid(sim, fields | forged)
        assert await is_valid(sim, fields)


async def test_another_simulators_signature_means_nothing_here() -> None:
    async with simulator() as one, simulator() as other:
        await people(one)
        await people(other)
        assert not await is_valid(other, await signed_in(one))


async def test_the_chooser_lists_the_accounts_escaped_and_its_form_signs_one_in() -> None:
    async with simulator() as sim:
        await people(sim, alice={"name": "<b>Al"})
        reply = await ask(sim, "GET", "/openid/login", params=REQUEST)
        assert reply.status == 200
        assert "&lt;b&gt;Al" in reply.body
        assert "<b>Al" not in reply.body
        assert f'value="{BOB}"' in reply.body
        reply = await ask(sim, "POST", "/openid/login", data=REQUEST | {"steamid": BOB})
        assert reply.headers["location"].startswith("https://market.example/login/steam?next=%2F&openid.ns=")


@pytest.mark.parametrize(
    ("return_to", "realm"),
    [
        ("https://evil.example/", "https://market.example"),
        ("https://market.example.evil.example/", "https://market.example"),
        ("https://market.example@evil.example/", "https://market.example"),
        ("https://market.example@evil.example/", "https://market.example@evil.example"),
        ("http://market.example/", "https://market.example"),
        ("https://market.example/other", "https://market.example/login"),
        ("https://market.example/loginx", "https://market.example/login"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("", ""),
        ("https://[", "https://["),
    ],
)
async def test_nobody_is_sent_to_an_address_outside_the_realm(return_to: str, realm: str) -> None:
    async with simulator() as sim:
        await people(sim)
        request = REQUEST | {"openid.return_to": return_to, "openid.realm": realm, "steamid": ALICE}
        assert (await ask(sim, "GET", "/openid/login", params=request)).status == 400


@pytest.mark.parametrize("request_", [{}, {"openid.mode": "associate"}, REQUEST | {"openid.ns": "x"}])
async def test_what_is_no_openid_request_gets_a_page_that_says_sorry(request_: dict[str, Any]) -> None:
    async with simulator() as sim:
        reply = await ask(sim, "GET", "/openid/login", params=request_)
        assert reply.status == 400
        assert "<h1>Sorry!</h1>" in reply.body
