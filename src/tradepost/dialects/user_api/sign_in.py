"""The user API's calls about being connected: by Steam, by an API key, and no longer."""

from typing import Annotated
from urllib.parse import quote

import msgspec
from starlette.responses import RedirectResponse

from tradepost.dialects.shapes import Also
from tradepost.dialects.user_api import answers
from tradepost.dialects.user_api.calls import Call, Calls, Content, Method, Nothing, succeeded
from tradepost.dialects.web import cookies
from tradepost.dialects.web.addresses import OwnPath
from tradepost.market import jwts, sessions, switches, tokens
from tradepost.rules.refusals import Conflicting, Forbidden, Unauthenticated

KEY_CHARS_MAX = 200
BAD_KEY = "The API key is missing, unknown, revoked or expired."


class ApiKey(str):
    """An API token, as this API calls it a key."""

    @classmethod
    def read(cls, text: str) -> "ApiKey":
        """The key as it is; whether it is one, is looked up."""
        if len(text) > KEY_CHARS_MAX:
            raise ValueError(f"must have at most {KEY_CHARS_MAX} characters")
        return cls(text)


class KeyAsked(msgspec.Struct, rename={"api_key": "apiKey"}):
    """With which API key a JWT is asked for."""

    api_key: Annotated[ApiKey, Also("apikey"), Also("api_key")] = ApiKey("")


class Way(msgspec.Struct):
    """Where somebody is led once he is signed in."""

    next: OwnPath | None = None


async def to_steam(call: Call, asked: Way) -> Content:
    """Lead a browser to sign in through Steam; it comes back with the cookie of a session."""
    base_url, next_path = call.app.settings.base_url, str(asked.next or "/")
    return RedirectResponse(f"{base_url}/sign-in?next={quote(next_path, safe='')}", 302)


async def by_key(call: Call, asked: KeyAsked) -> Content:
    """Make a JWT for the owner of an API key: for 31 days, with what the key may do, until the key is revoked."""
    app = call.app
    in_url = any(name in call.query for name in ("apiKey", "apikey", "api_key"))
    try:
        caller = await tokens.caller(app, asked.api_key)
        tokens.refuse_misplaced(app, caller, call.address, in_url=in_url)
    except Unauthenticated:
        call.paces.wrong(call.address, app.real_now())
        raise Forbidden(BAD_KEY) from None
    except Forbidden:
        call.paces.wrong(call.address, app.real_now())
        raise
    await switches.refuse_if_off(app, "api")
    made, expires_at = await jwts.issue(app, caller, call.header("user-agent"))
    seconds = int((expires_at - app.real_now()).total_seconds())
    return {"jwt": made, "expires_in": seconds, "scopes": sorted(caller.scopes)}


async def is_connected(call: Call, asked: Nothing) -> Content:
    """Say whether somebody is connected, and who."""
    person = call.person
    return {"isConnected": person is not None, "steamId": person.steamid if person else None}


async def disconnect(call: Call, asked: Nothing) -> Content:
    """End the session, or the JWT, that the call is made with."""
    app, person = call.app, call.person
    if person is not None:
        async with app.db.transaction() as tx:
            if person.jwt_id is not None:
                await jwts.end(tx, person.account_id, person.jwt_id)
            elif person.session_id is not None:
                await sessions.end_of_account(tx, person.account_id, person.session_id)
                call.headers.append(cookies.write(app.settings, cookies.SESSION, "", 0))
    return {"message": "You are disconnected."}


async def csrf_token(call: Call, asked: Nothing) -> Content:
    """What a session's writes carry in the header `X-CSRF-Token`, for as long as the session lasts."""
    app, me = call.app, call.me
    if me.session_id is None:
        raise Conflicting("A JWT needs no CSRF token: only a browser's session does.")
    found = await sessions.of_account(app.db, app.settings, me.account_id, app.real_now())
    ends = next((one.expires_at for one in found if one.id == me.session_id), app.real_now())
    content = {"csrf_token": me.csrf, "expires_in": int((ends - app.real_now()).total_seconds())}
    # At the root as well: clients read it there.
    return succeeded(content, **content)


CALLS: Calls = {
    "/user/login": {
        "GET": Method(to_steam, who="anybody", answers=answers.REDIRECT),
        "POST": Method(by_key, who="anybody", answers=answers.JwtMade),
    },
    "/user/isConnected": {"GET": Method(is_connected, who="anybody", answers=answers.Connected)},
    "/user/disconnect": {
        "GET": Method(disconnect, who="anybody", changes=True, of_session=True, answers=answers.Done)
    },
    "/csrf/token": {"GET": Method(csrf_token, answers=answers.CsrfToken)},
}
