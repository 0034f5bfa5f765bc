"""The user API's calls about who acts for an account: its sessions, its JWTs, and the API keys that these are made with."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec

from tradepost.dialects.fields import ID_DIGITS_MAX, Code, Flag
from tradepost.dialects.shapes import COMMAS, FILLED, Also, Rows
from tradepost.dialects.user_api import answers
from tradepost.dialects.user_api.calls import Call, Calls, Content, Method, Nothing
from tradepost.dialects.user_api.fields import Days, KeyPrefix, KeyScope, Label, Network, SessionId
from tradepost.market import api_keys, jwts, sessions, tokens
from tradepost.market.api_keys import Wanted
from tradepost.market.tokens import ADDRESSES_MAX, PREFIX_CHARS, SCOPES
from tradepost.rules.refusals import Forbidden, NotFound

NO_SESSION = "There is no such session."
NO_KEY = "There is no such API key."
BROWSER, PROGRAM = "s", "j"  # a session's id begins with what kind it is
YES = Flag(1)

# Sessions ----------------------------------------------------------------------------------------------------


async def list_sessions(call: Call, asked: Nothing) -> Content:
    """Where the account is used: browsers that are signed in, and JWTs, the newest first."""
    app, me = call.app, call.me
    browsers = await sessions.of_account(app.db, app.settings, me.account_id, app.real_now())
    programs = await jwts.of_account(app.db, me.account_id, app.real_now())
    rows = [
        {
            "id": f"{BROWSER}{one.id}",
            "kind": "browser",
            "name": one.browser,
            "apiKey": None,
            "since": _unix(one.signed_in_at),
            "lastSeen": _unix(one.seen_at),
            "expires": _unix(one.expires_at),
            "current": one.id == me.session_id,
        }
        for one in browsers
    ]
    rows += [
        {
            "id": f"{PROGRAM}{one.id}",
            "kind": "jwt",
            "name": one.program,
            "apiKey": one.token_prefix,
            "since": _unix(one.made_at),
            "lastSeen": None,
            "expires": _unix(one.expires_at),
            "current": one.id == me.jwt_id,
        }
        for one in programs
    ]
    return {"sessions": sorted(rows, key=lambda row: -int(row["since"] or 0))}


class SessionAsked(msgspec.Struct):
    """Which session is to end."""

    id: SessionId


async def end_session(call: Call, asked: SessionAsked) -> Content:
    """End one of the account's sessions or JWTs, at once."""
    account_id, kind, name = call.me.account_id, asked.id[0], asked.id[1:]
    async with call.app.db.transaction() as tx:
        done = False
        if kind == BROWSER and name.isdecimal() and len(name) < ID_DIGITS_MAX:
            done = await sessions.end_of_account(tx, account_id, int(name))
        elif kind == PROGRAM:
            done = await jwts.end(tx, account_id, name)
        if not done:
            raise NotFound(NO_SESSION)
    return {"message": "The session is ended."}


async def end_sessions(call: Call, asked: Nothing) -> Content:
    """End all of the account's sessions and JWTs but the one that asks."""
    me = call.me
    async with call.app.db.transaction() as tx:
        count = await sessions.end_others(tx, me.account_id, me.session_id or 0)
        count += await jwts.end_others(tx, me.account_id, me.jwt_id)
    return {"message": f"Ended: {count}.", "ended": count}


# API keys ----------------------------------------------------------------------------------------------------


async def list_keys(call: Call, asked: Nothing) -> Content:
    """The account's API keys that are not revoked, the oldest first; none of them can be seen whole again."""
    found = await tokens.tokens_of(call.app.db, call.me.account_id)
    return {
        "keys": [
            {
                "prefix": one.prefix,
                "label": one.label,
                "scopes": one.scopes,
                "allowAddresses": [str(network) for network in one.allow_addresses],
                "allowUrl": one.allow_url,
                "created": _unix(one.created_at),
                "expires": _unix(one.expires_at),
                "lastUsed": _unix(one.last_used_at),
            }
            for one in found
            if one.revoked_at is None
        ]
    }


class NewKey(msgspec.Struct):
    """What a new API key may do, from where, and for how long."""

    label: Label = Label("")
    scopes: Annotated[list[KeyScope], COMMAS, Rows(len(SCOPES)), FILLED] = []
    allow_addresses: Annotated[list[Network], COMMAS, Rows(ADDRESSES_MAX), Also("allowAddresses")] = []
    allow_url: Annotated[Flag, Also("allowUrl")] = YES
    days: Days | None = None
    code: Code | None = None


async def create_key(call: Call, asked: NewKey) -> Content:
    """Make an API key, which is shown this once; a JWT makes none that may do more, or ends later, than its own key."""
    app, me = call.app, call.me
    scopes = set(asked.scopes) or me.scopes
    if not scopes <= me.scopes:
        raise Forbidden("A JWT makes no API key that may do more than the one it was made with.")
    expires_at = None if asked.days is None else app.real_now() + timedelta(days=asked.days)
    own_end = None if me.jwt_id is None else await jwts.key_ends_at(app.db, me.jwt_id)
    if own_end is not None and (expires_at is None or expires_at > own_end):
        expires_at = own_end
    wanted = Wanted(scopes, asked.label, asked.allow_addresses, bool(asked.allow_url), expires_at)
    made = await api_keys.make(app, me.account_id, wanted)
    return {
        "apiKey": made,
        "prefix": made[:PREFIX_CHARS],
        "scopes": sorted(scopes),
        "expires": _unix(expires_at),
    }


class KeyNamed(msgspec.Struct):
    """Which API key."""

    prefix: KeyPrefix


async def revoke_key(call: Call, asked: KeyNamed) -> Content:
    """Revoke an API key, and with it every JWT that was made with it."""
    async with call.app.db.transaction() as tx:
        if not await api_keys.revoke(tx, call.me.account_id, asked.prefix, call.app.now()):
            raise NotFound(NO_KEY)
    return {"message": "The API key is revoked."}


def _unix(at: datetime | None) -> Any:
    return None if at is None else int(at.timestamp())


CALLS: Calls = {
    "/user/getSessions": {"GET": Method(list_sessions, answers=answers.Sessions)},
    "/user/endSession": {"POST": Method(end_session, scope="sell", answers=answers.Done)},
    "/user/endSessions": {"POST": Method(end_sessions, scope="sell", answers=answers.Ended)},
    "/user/getApiKeys": {"GET": Method(list_keys, answers=answers.Keys)},
    "/user/createApiKey": {"POST": Method(create_key, scope="sell", step_up="yes", answers=answers.KeyMade)},
    "/user/revokeApiKey": {"POST": Method(revoke_key, scope="sell", answers=answers.Done)},
}
