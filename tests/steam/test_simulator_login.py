"""Signing in to the simulated Steam with a password and a code, as a client does before it has any token."""

import base64
import hmac
import secrets
import time
from typing import Any

import aiohttp
import pytest

from steam.sim import Sim, simulator
from steam.visitor import ALICE, BOB, Reply, Visitor, ask, people

OK, WRONG_PASSWORD, ACCESS_DENIED, EXPIRED, WRONG_CODE = "1", "5", "15", "27", "88"


async def service(sim: Sim, method: str, **fields: Any) -> Reply:
    return await ask(sim, "POST", f"/IAuthenticationService/{method}/v1/", data=fields)


async def encrypted(sim: Sim, password: str) -> str:
    """The password under Steam's public key, padded as PKCS #1 v1.5 says."""
    key = (await service(sim, "GetPasswordRSAPublicKey", account_name="whoever")).body["response"]
    modulus, exponent = int(key["publickey_mod"], 16), int(key["publickey_exp"], 16)
    size = (modulus.bit_length() + 7) // 8
    padding = bytes(1 + secrets.randbelow(255) for _ in range(size - 3 - len(password)))
    message = b"\0\2" + padding + b"\0" + password.encode()
    number = pow(int.from_bytes(message, "big"), exponent, modulus)
    return base64.b64encode(number.to_bytes(size, "big")).decode()


async def begin(sim: Sim, visitor: Visitor, password: str = "password", **more: Any) -> Reply:
    name = visitor.login["account_name"]
    fields = {"account_name": name, "encrypted_password": await encrypted(sim, password)} | more
    return await service(sim, "BeginAuthSessionViaCredentials", **fields)


def code_of(visitor: Visitor) -> str:
    """The five letters that the account's phone shows now."""
    step = (int(time.time()) // 30).to_bytes(8, "big")
    digest = hmac.digest(base64.b64decode(visitor.login["shared_secret"]), step, "sha1")
    start = digest[19] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    alphabet, code = "23456789BCDFGHJKMNPQRTVWXY", ""
    for _ in range(5):
        number, index = divmod(number, 26)
        code += alphabet[index]
    return code


async def signed_in(sim: Sim, visitor: Visitor, **more: Any) -> dict[str, str]:
    """The tokens that a whole sign-in ends with."""
    begun = (await begin(sim, visitor, **more)).body["response"]
    code = {
        "client_id": begun["client_id"],
        "steamid": visitor.steamid,
        "code": code_of(visitor),
        "code_type": 3,
    }
    assert (await service(sim, "UpdateAuthSessionWithSteamGuardCode", **code)).headers["x-eresult"] == OK
    attempt = {"client_id": begun["client_id"], "request_id": begun["request_id"]}
    tokens: dict[str, str] = (await service(sim, "PollAuthSessionStatus", **attempt)).body["response"]
    return tokens


async def test_a_password_and_a_code_give_tokens_and_the_tokens_cookies_that_sign_in() -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim)
        tokens = await signed_in(sim, alice)
        assert tokens["account_name"] == alice.login["account_name"]
        assert (await alice.api("GetTradeOffers", access_token=tokens["access_token"])).status == 200
        form = {"nonce": tokens["refresh_token"], "sessionid": "abc", "redir": "https://steamcommunity.com/"}
        final = (await ask(sim, "POST", "/jwt/finalizelogin", data=form)).body
        (transfer,) = final["transfer_info"]
        assert transfer["url"] == f"{sim.base_url}/login/settoken"
        reply = await ask(sim, "POST", "/login/settoken", data={"steamID": ALICE} | transfer["params"])
        assert reply.body["result"] == 1
        cookie = reply.headers["set-cookie"].partition(";")[0]
        assert "; Secure" not in reply.headers["set-cookie"]
        page = await ask(sim, "GET", "/my", headers={"Cookie": cookie})
        assert page.headers["location"].endswith(f"/profiles/{ALICE}")


async def test_under_steams_own_name_the_cookies_go_to_each_of_its_sites() -> None:
    async with simulator(tls=True) as sim:
        alice, _, _ = await people(sim)
        tokens = await signed_in(sim, alice)
        with aiohttp.MultipartWriter("form-data") as form:
            part = form.append(tokens["refresh_token"])
            part.set_content_disposition("form-data", name="nonce")
        headers = {"Host": "login.steampowered.com"}
        reply = await ask(sim, "POST", "/jwt/finalizelogin", data=form, headers=headers)
        assert [each["url"] for each in reply.body["transfer_info"]] == [
            "https://steamcommunity.com/login/settoken",
            "https://store.steampowered.com/login/settoken",
            "https://help.steampowered.com/login/settoken",
        ]
        assert reply.headers["set-cookie"].startswith(f"steamRefresh_steam={ALICE}%7C%7CeyJ")
        assert "; Secure" in reply.headers["set-cookie"]


async def test_a_wrong_password_and_an_unknown_account_get_the_same_answer() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim, bob={"password": "hunter22"})
        for reply in (
            await begin(sim, alice, "wrong"),
            await begin(sim, alice, ""),
            await begin(sim, bob, "password"),
            await begin(sim, alice, account_name="nobody"),
            await begin(sim, alice, encrypted_password="!"),
            await begin(sim, alice, encrypted_password="AAAA"),
            await begin(sim, alice, encrypted_password=base64.b64encode(b"\xff" * 200).decode()),
        ):
            assert (reply.body, reply.headers["x-eresult"]) == ({"response": {}}, WRONG_PASSWORD)
        assert (await begin(sim, bob, "hunter22")).headers["x-eresult"] == OK


async def test_without_the_right_code_there_are_no_tokens() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        begun = (await begin(sim, alice)).body["response"]
        assert [each["confirmation_type"] for each in begun["allowed_confirmations"]] == [3, 4]
        code = {"client_id": begun["client_id"], "steamid": ALICE, "code_type": 3}
        for wrong, result in (
            ({"code": "AAAAA"}, WRONG_CODE),
            ({"code": code_of(bob)}, WRONG_CODE),
            ({"code": ""}, WRONG_CODE),
            ({"code": code_of(alice), "client_id": "1"}, EXPIRED),
            ({"code": code_of(alice), "steamid": BOB}, EXPIRED),
        ):
            reply = await service(sim, "UpdateAuthSessionWithSteamGuardCode", **(code | wrong))
            assert reply.headers["x-eresult"] == result
        attempt = {"client_id": begun["client_id"], "request_id": begun["request_id"]}
        assert "access_token" not in (await service(sim, "PollAuthSessionStatus", **attempt)).body["response"]
        reply = await service(sim, "PollAuthSessionStatus", **(attempt | {"request_id": "AAAA"}))
        assert reply.headers["x-eresult"] == EXPIRED


async def test_an_account_without_a_phone_signs_in_with_its_password_alone() -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim, alice={"confirmation": "none"})
        begun = (await begin(sim, alice)).body["response"]
        assert [each["confirmation_type"] for each in begun["allowed_confirmations"]] == [1]
        attempt = {"client_id": begun["client_id"], "request_id": begun["request_id"]}
        assert (await service(sim, "PollAuthSessionStatus", **attempt)).body["response"]["access_token"]
        assert (await service(sim, "PollAuthSessionStatus", **attempt)).headers["x-eresult"] == EXPIRED


async def test_only_the_mobile_app_makes_access_tokens_out_of_its_refresh_token() -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim)
        web, mobile = await signed_in(sim, alice), await signed_in(sim, alice, platform_type=3)
        for token, steamid, result in (
            (web["refresh_token"], ALICE, ACCESS_DENIED),
            (mobile["access_token"], ALICE, ACCESS_DENIED),
            (mobile["refresh_token"], BOB, ACCESS_DENIED),
            ("x", ALICE, ACCESS_DENIED),
            (mobile["refresh_token"], ALICE, OK),
        ):
            reply = await service(sim, "GenerateAccessTokenForApp", refresh_token=token, steamid=steamid)
            assert reply.headers["x-eresult"] == result
        token = reply.body["response"]["access_token"]
        assert (await alice.api("GetTradeOffers", access_token=token)).status == 200


async def test_a_refresh_cookie_signs_in_anew_until_the_session_is_ended() -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim)
        cookie = {"Cookie": f"steamRefresh_steam={ALICE}%7C%7C{alice.login['refresh_token']}"}
        body = (await ask(sim, "POST", "/jwt/ajaxrefresh", data={"redir": "/"}, headers=cookie)).body
        form = {name: body[name] for name in ("steamID", "nonce", "auth")}
        assert (await ask(sim, "POST", "/login/settoken", data=form)).body["result"] == 1
        assert (await ask(sim, "POST", "/login/settoken", data=form | {"steamID": BOB})).body["result"] == 15
        await sim.control("POST", f"/_sim/users/{ALICE}/logout")
        assert (await ask(sim, "POST", "/jwt/ajaxrefresh", headers=cookie)).body["success"] is False
        assert (await ask(sim, "POST", "/login/settoken", data=form)).body["result"] == 15


@pytest.mark.parametrize("use", ["refresh_token", "access_token"])
async def test_neither_token_does_the_others_work(use: str) -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim)
        token = alice.login[use]
        status = (await alice.api("GetTradeOffers", access_token=token)).status
        final = (await ask(sim, "POST", "/jwt/finalizelogin", data={"nonce": token})).body
        assert (status == 200, "transfer_info" in final) == (use == "access_token", use == "refresh_token")


async def test_what_is_asked_in_protobuf_is_answered_in_protobuf() -> None:
    async with simulator() as sim:
        encoded = base64.b64encode(b"\x0a\x03bob").decode()
        query = {"input_protobuf_encoded": encoded}
        url = f"{sim.base_url}/IAuthenticationService/GetPasswordRSAPublicKey/v1/"
        async with sim.http.get(url, params=query) as reply:
            raw = await reply.read()
            assert reply.headers["x-eresult"] == OK
        assert raw[:3] == b"\x0a\x80\x02"
        assert raw[3 + 256 :].startswith(b"\x12\x06010001\x18")
        for broken in (
            "!",
            "AAAA",
            base64.b64encode(b"\xff" * 30).decode(),
            base64.b64encode(b"\x0a\xff").decode(),
        ):
            reply_ = await service(sim, "BeginAuthSessionViaCredentials", input_protobuf_encoded=broken)
            assert reply_.headers["x-eresult"] == WRONG_PASSWORD
