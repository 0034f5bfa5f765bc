"""Signing in with a password, as clients do it: IAuthenticationService, then login.steampowered.com's cookies."""

import base64
import binascii
import secrets
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from tradepost.steam.simulator.calls import Call, answer, route
from tradepost.steam.simulator.entities import User
from tradepost.steam.simulator.messages import Field, Message, read_message, write_message
from tradepost.steam.simulator.rsa import EXPONENT, own_key
from tradepost.steam.simulator.sessions import (
    REFRESH_SECONDS,
    TOKEN_SECONDS,
    account_name,
    mint_token,
    sign_in_codes,
    user_of_audience,
)

ATTEMPT_SECONDS = 300
ATTEMPTS_MAX = 1_000
TRANSFER_SECONDS = 60
POLL_SECONDS = 0.1
MOBILE_PLATFORM = 3
OK, INVALID_PASSWORD, ACCESS_DENIED, EXPIRED, CODE_MISMATCH = 1, 5, 15, 27, 88
GUARDS = {
    "none": [1],
    "email": [2],
    "mobile": [3, 4],
}  # nothing; a code by mail; a code or a tap on the phone

RSA_REQUEST: Message = {"account_name": Field(1, "text")}
RSA_RESPONSE: Message = {
    "publickey_mod": Field(1, "text"),
    "publickey_exp": Field(2, "text"),
    "timestamp": Field(3, "number"),
}
BEGIN_REQUEST: Message = {
    "account_name": Field(2, "text"),
    "encrypted_password": Field(3, "text"),
    "platform_type": Field(6, "number"),
    "website_id": Field(8, "text"),
}
BEGIN_RESPONSE: Message = {
    "client_id": Field(1, "number"),
    "request_id": Field(2, "bytes"),
    "interval": Field(3, "float"),
    "allowed_confirmations": Field(4, "messages"),
    "steamid": Field(5, "number"),
    "weak_token": Field(6, "text"),
}
CODE_REQUEST: Message = {
    "client_id": Field(1, "number"),
    "steamid": Field(2, "fixed64"),
    "code": Field(3, "text"),
    "code_type": Field(4, "number"),
}
POLL_REQUEST: Message = {"client_id": Field(1, "number"), "request_id": Field(2, "bytes")}
POLL_RESPONSE: Message = {
    "refresh_token": Field(3, "text"),
    "access_token": Field(4, "text"),
    "had_remote_interaction": Field(5, "number"),
    "account_name": Field(6, "text"),
}
GENERATE_REQUEST: Message = {"refresh_token": Field(1, "text"), "steamid": Field(2, "fixed64")}
GENERATE_RESPONSE: Message = {"access_token": Field(1, "text")}


@dataclass
class Attempt:
    """Somebody who gave the right password and may still owe a code."""

    user: User
    request_id: str
    ends: float
    audience: tuple[str, ...]
    approved: bool


def get_rsa_key(call: Call) -> Response:
    """IAuthenticationService/GetPasswordRSAPublicKey: the same key whoever asks, known account or not."""
    key = {"publickey_mod": own_key().modulus_hex, "publickey_exp": f"{EXPONENT:06x}"}
    return write_message(call, RSA_RESPONSE, key | {"timestamp": int(call.world.real_now())})


def begin(call: Call) -> Response:
    """IAuthenticationService/BeginAuthSessionViaCredentials."""
    asked = read_message(call, BEGIN_REQUEST)
    name = asked.get("account_name", "").lower()
    user = next((each for each in call.world.users.values() if account_name(each) == name), None)
    if user is None or _password(asked.get("encrypted_password", "")) != user.password:
        return write_message(call, BEGIN_RESPONSE, {}, INVALID_PASSWORD)
    is_mobile = asked.get("platform_type") == MOBILE_PLATFORM or asked.get("website_id") == "Mobile"
    number = secrets.randbits(63)
    request_id = base64.b64encode(secrets.token_bytes(16)).decode()
    attempt = Attempt(
        user=user,
        request_id=request_id,
        ends=call.world.real_now() + ATTEMPT_SECONDS,
        audience=("web", "mobile") if is_mobile else ("web",),
        approved=user.confirmation == "none",
    )
    attempts = _attempts(call)
    attempts[number] = attempt
    if len(attempts) > ATTEMPTS_MAX:
        del attempts[next(iter(attempts))]
    begun: dict[str, Any] = {
        "client_id": number,
        "request_id": request_id,
        "interval": POLL_SECONDS,
        "allowed_confirmations": [
            {"confirmation_type": kind, "associated_message": ""} for kind in GUARDS[user.confirmation]
        ],
        "steamid": int(user.steamid),
        "weak_token": mint_token(call.world, user, ATTEMPT_SECONDS, ("weak",)),
    }
    return write_message(call, BEGIN_RESPONSE, begun)


def submit_code(call: Call) -> Response:
    """IAuthenticationService/UpdateAuthSessionWithSteamGuardCode."""
    asked = read_message(call, CODE_REQUEST)
    attempt = _attempt(call, asked)
    if attempt is None or str(asked.get("steamid")) != attempt.user.steamid:
        return write_message(call, {}, {}, EXPIRED)
    if str(asked.get("code", "")).upper() not in sign_in_codes(call.world, attempt.user):
        return write_message(call, {}, {}, CODE_MISMATCH)
    attempt.approved = True
    return write_message(call, {}, {})


def poll(call: Call) -> Response:
    """IAuthenticationService/PollAuthSessionStatus: the tokens once everything asked for was given."""
    asked = read_message(call, POLL_REQUEST)
    attempt = _attempt(call, asked)
    if attempt is None or asked.get("request_id") != attempt.request_id:
        return write_message(call, POLL_RESPONSE, {}, EXPIRED)
    if not attempt.approved:
        return write_message(call, POLL_RESPONSE, {"had_remote_interaction": 0})
    del _attempts(call)[asked["client_id"]]
    refresh = ("web", "renew", "derive", *attempt.audience[1:])
    access = attempt.audience if len(attempt.audience) > 1 else ("web:community",)
    tokens = {
        "refresh_token": mint_token(call.world, attempt.user, REFRESH_SECONDS, refresh),
        "access_token": mint_token(call.world, attempt.user, TOKEN_SECONDS, access),
        "had_remote_interaction": 0,
        "account_name": account_name(attempt.user),
    }
    return write_message(call, POLL_RESPONSE, tokens)


def generate_access_token(call: Call) -> Response:
    """IAuthenticationService/GenerateAccessTokenForApp: for the mobile app's refresh tokens alone."""
    asked = read_message(call, GENERATE_REQUEST)
    user = user_of_audience(call.world, asked.get("refresh_token", ""), "derive", "mobile")
    if user is None or str(asked.get("steamid")) != user.steamid:
        return write_message(call, GENERATE_RESPONSE, {}, ACCESS_DENIED)
    token = mint_token(call.world, user, TOKEN_SECONDS, ("web", "mobile"))
    return write_message(call, GENERATE_RESPONSE, {"access_token": token})


def finalize(call: Call) -> Response:
    """POST /jwt/finalizelogin: where to take the sign-in, for each of Steam's sites."""
    token = call.argument("nonce")
    user = user_of_audience(call.world, token, "derive", "web")
    if user is None:
        return answer({"success": False, "error": EXPIRED}, eresult=None)
    body = {
        "steamID": user.steamid,
        "redir": call.argument("redir"),
        "transfer_info": [{"url": url, "params": _transfer(call, user)} for url in _settoken_addresses(call)],
        "primary_domain": "steamcommunity.com",
    }
    response = answer(body, eresult=None)
    _set_cookie(call, response, "steamRefresh_steam", f"{user.steamid}%7C%7C{token}", REFRESH_SECONDS)
    return response


def refresh(call: Call) -> Response:
    """POST /jwt/ajaxrefresh: a new sign-in for who has the refresh cookie."""
    steamid, _, token = call.cookies.get("steamRefresh_steam", "").replace("%7C", "|").partition("||")
    user = user_of_audience(call.world, token, "derive", "web")
    if user is None or user.steamid != steamid:
        return answer({"success": False, "error": ACCESS_DENIED}, eresult=None)
    body = {"success": True, "login_url": _settoken_addresses(call)[0], "redir": call.argument("redir")}
    return answer(body | {"steamID": user.steamid} | _transfer(call, user), eresult=None)


def set_token(call: Call) -> Response:
    """POST /login/settoken: the cookie that signs in."""
    user = user_of_audience(call.world, call.argument("nonce"), "transfer")
    if user is None or call.argument("steamID") != user.steamid:
        return answer({"result": ACCESS_DENIED}, eresult=None)
    response = answer({"result": OK, "rtExpiry": int(call.world.real_now()) + TOKEN_SECONDS}, eresult=None)
    token = mint_token(call.world, user, TOKEN_SECONDS)
    _set_cookie(call, response, "steamLoginSecure", f"{user.steamid}%7C%7C{token}", TOKEN_SECONDS)
    return response


def _password(encrypted: str) -> str | None:
    try:
        return own_key().decrypt(base64.b64decode(encrypted))
    except (binascii.Error, ValueError):
        return None


def _attempts(call: Call) -> dict[int, Attempt]:
    """The sign-ins under way; like a phone call they do not outlive the process."""
    attempts: dict[int, Attempt] | None = getattr(call.request.app.state, "attempts", None)
    if attempts is None:
        call.request.app.state.attempts = attempts = {}
    return attempts


def _attempt(call: Call, asked: dict[str, Any]) -> Attempt | None:
    attempt = _attempts(call).get(asked.get("client_id", 0))
    return attempt if attempt is not None and attempt.ends > call.world.real_now() else None


def _transfer(call: Call, user: User) -> dict[str, str]:
    nonce = mint_token(call.world, user, TRANSFER_SECONDS, ("transfer",))
    return {"nonce": nonce, "auth": secrets.token_hex(16)}


def _settoken_addresses(call: Call) -> list[str]:
    origins = [call.community]
    if call.community == "https://steamcommunity.com":
        origins += ["https://store.steampowered.com", "https://help.steampowered.com"]
    return [f"{origin}/login/settoken" for origin in origins]


def _set_cookie(call: Call, response: Response, name: str, value: str, seconds: int) -> None:
    # Over plain HTTP a cookie marked Secure would be thrown away by every client.
    secure = "; Secure; SameSite=None" if call.request.url.scheme == "https" else ""
    response.headers.append("Set-Cookie", f"{name}={value}; Max-Age={seconds}; Path=/; HttpOnly{secure}")


def _service(method: str, handler: Any) -> Route:
    return route(f"/IAuthenticationService/{method}/{{version}}", handler, "GET", "POST")


ROUTES: list[Route] = [
    _service("GetPasswordRSAPublicKey", get_rsa_key),
    _service("BeginAuthSessionViaCredentials", begin),
    _service("UpdateAuthSessionWithSteamGuardCode", submit_code),
    _service("PollAuthSessionStatus", poll),
    _service("GenerateAccessTokenForApp", generate_access_token),
    route("/jwt/finalizelogin", finalize, "POST"),
    route("/jwt/ajaxrefresh", refresh, "POST"),
    route("/login/settoken", set_token, "POST"),
]
