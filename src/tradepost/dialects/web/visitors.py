"""Visitors: who stands behind a browser's cookie, as far as he is signed in."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.types import Scope

from tradepost.app import App
from tradepost.dialects.edge import note
from tradepost.dialects.web import cookies
from tradepost.market import sessions

FRESH_MINUTES = 5  # a sign-in so young proves that it is the owner himself who sits there (rules.md 22)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in."""

    account_id: int
    steamid: str
    name: str  # his steamid where Steam did not tell us his name yet
    avatar: str
    session_id: int
    signed_in_at: datetime
    is_fresh: bool  # proved so lately who he is that he may change what money depends on
    csrf: str  # what every form of his carries
    has_factor: bool = False  # a code proves it, and not a sign-in alone


async def visitor(app: App, scope: Scope, *, halfway: bool = False) -> Visitor | None:
    """Who makes this request, or None for somebody who is not signed in.

    Whose code is still awaited is not signed in either, but for the page that asks for it (`halfway`).
    """
    key = cookies.read(scope, app.settings, cookies.SESSION)
    found = await sessions.find(app, key) if key else None
    if found is None or (found.awaits_code and not halfway):
        return None
    note(scope).account_id = found.account_id
    return Visitor(
        account_id=found.account_id,
        steamid=found.steamid,
        name=found.name or found.steamid,
        avatar=found.avatar,
        session_id=found.id,
        signed_in_at=found.signed_in_at,
        is_fresh=app.real_now() - found.proven_at < timedelta(minutes=FRESH_MINUTES),
        csrf=hmac.digest(key.encode(), b"tradepost: forms", hashlib.sha256).hex(),
        has_factor=found.has_factor,
    )
