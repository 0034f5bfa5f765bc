"""Who is connected: a browser by the cookie of its session, a program by a JWT.

A cookie counts under the hosts alone for which pages are served, and a write by it only with its session's token in
the header `X-CSRF-Token`: a browser sends cookies along whoever made it send the request. A JWT needs neither, as
nobody but its owner can make a browser send that header.
"""

import hmac
from datetime import timedelta

from starlette.types import Scope

from tradepost.app import App
from tradepost.dialects.edge import client_address, header, header_values, note
from tradepost.dialects.hosts import is_allowed
from tradepost.dialects.pace import Paces
from tradepost.dialects.user_api.calls import Method, Person
from tradepost.dialects.user_api.manners import ForeignRequest
from tradepost.dialects.web.visitors import FRESH_MINUTES, visitor
from tradepost.market import jwts, sessions, switches, tokens
from tradepost.rules.refusals import Conflicting, Forbidden, Unauthenticated

OWN_SITE = frozenset(
    {"same-origin", "none"}
)  # what a browser says of a request that no other site made it send


async def person(app: App, pace: Paces, scope: Scope, method: Method) -> Person | None:
    """Who makes a request, or None for somebody who is not connected.

    Where nobody needs to be connected, a cookie that does not prove its write is as good as none.
    """
    bearer = _bearer(scope)
    if bearer is not None:
        return await _by_jwt(app, pace, scope, bearer)
    if not is_allowed(scope, app.settings.allowed_hosts):
        return None
    found = await visitor(app, scope)
    if found is None:
        return None
    if not _is_our_own(scope, method, found.csrf):
        if method.who == "anybody" and not method.of_session:
            note(scope).account_id = None
            return None
        raise ForeignRequest
    return Person(
        found.account_id, found.steamid, found.is_fresh, session_id=found.session_id, csrf=found.csrf
    )


async def is_fresh(app: App, who: Person) -> bool:
    """Whether the owner signed in through Steam within the last minutes: in this session, or beside a JWT in any."""
    if who.jwt_id is None:
        return who.is_fresh
    since = app.real_now() - timedelta(minutes=FRESH_MINUTES)
    return await sessions.signed_in_since(app.db, who.account_id, since)


def _bearer(scope: Scope) -> str | None:
    given = set()
    for value in header_values(scope, b"authorization"):
        kind, _, token = value.partition(" ")
        if kind.lower() == "bearer":
            given.add(token.strip())
    if len(given) > 1:
        raise Conflicting("The request has two different tokens.")
    return next(iter(given), None)


async def _by_jwt(app: App, pace: Paces, scope: Scope, text: str) -> Person:
    address, real_now = client_address(scope), app.real_now()
    try:
        id_, found = await jwts.caller(app, text)
        tokens.refuse_misplaced(app, found, address, in_url=False)
    except (Unauthenticated, Forbidden):
        pace.wrong(address, real_now)
        raise
    note(scope).account_id = found.account_id
    await switches.refuse_if_off(app, "api")
    return Person(found.account_id, found.steamid, False, found.scopes, jwt_id=id_)


def _is_our_own(scope: Scope, method: Method, csrf: str) -> bool:
    """Whether what a browser sends with a cookie was made by a page of ours, or changes nothing."""
    from_our_site = all(site in OWN_SITE for site in header_values(scope, b"sec-fetch-site"))
    token = header(scope, b"x-csrf-token")
    proven = bool(csrf) and hmac.compare_digest(token.encode(), csrf.encode())
    if scope["method"] in ("GET", "HEAD"):
        return not method.changes or proven or from_our_site
    return proven and from_our_site
