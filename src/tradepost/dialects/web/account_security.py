"""Security: the second factor with its picture and recovery codes, and the way to one's sessions.

A secret and recovery codes stand in the answer to the form that made them. A form that is sent again makes nothing anew
that somebody may have just copied.
"""

from typing import Any, Literal
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import Code
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.labels import say
from tradepost.dialects.web.marks import Mark
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import second_factor, sessions
from tradepost.market.second_factor import Begun
from tradepost.rules import qr
from tradepost.rules.refusals import Conflicting, Malformed, Refusal

SECURITY = "/account/security"
DONE = {"off": "The second factor is off."}
TEXT = "Recovery codes of {name} at {url}\nEach stands in for a code of your program, once.\n\n{codes}\n"


class Shown(msgspec.Struct):
    """What was just done."""

    done: Literal["off"] | None = None


class Confirmed(msgspec.Struct):
    """The first code of a new secret."""

    code: Code


class Renewed(msgspec.Struct):
    """Which recovery codes there were when the page was made that asks for new ones."""

    seen: Mark


async def show(visit: Visit) -> Response:
    """Whether the second factor is on, and what can be done about it."""
    done = visit.query(Shown).done
    return await _page(visit, done=DONE[done] if done else "")


async def begin(visit: Visit) -> Response:
    """Make a secret, shown as a picture and a text until its first code was given; sent again, it is the same one."""
    app, visitor = visit.app, visit.fresh()
    await visit.form(Shown)
    try:
        begun = await second_factor.awaited(app, visitor.account_id, visitor.name)
        begun = begun or await second_factor.begin(app, visitor.account_id, visitor.name)
    except Conflicting as refusal:
        return await _page(visit, refusal)
    return await _page(visit, begun=begun)


async def confirm(visit: Visit) -> Response:
    """Turn the second factor on by its first code, and show the recovery codes this once."""
    app, visitor = visit.app, visit.fresh()
    try:
        given = await visit.form(Confirmed)
        codes = await second_factor.confirm(app, visitor.account_id, given.code)
    except Malformed as refusal:
        begun = await second_factor.awaited(app, visitor.account_id, visitor.name)
        return await _page(visit, refusal, begun=begun)
    except Conflicting as refusal:
        return await _page(visit, refusal)
    async with app.db.transaction() as tx:  # every other session has to give a code first
        await sessions.note_code(tx, visitor.session_id, app.real_now())
    return await _page(visit, codes=codes, done="The second factor is on.")


async def renew(visit: Visit) -> Response:
    """Let new recovery codes take the place of all old ones, and show them this once."""
    app, visitor = visit.app, visit.fresh()
    asked = await visit.form(Renewed)
    try:
        async with app.db.transaction() as tx:
            if str(asked.seen) != await second_factor.recovery_mark(tx, visitor.account_id):
                raise Conflicting(
                    "The recovery codes were changed, or one was used, since this page was opened. Nothing was made anew."
                )
            codes = await second_factor.renew_recovery_codes(tx, visitor.account_id, app.real_now())
    except Conflicting as refusal:
        return await _page(visit, refusal)
    return await _page(visit, codes=codes, done="These are your recovery codes now; all old ones are gone.")


async def turn_off(visit: Visit) -> Response:
    """Turn the second factor off."""
    visitor = visit.fresh()
    await visit.form(Shown)
    try:
        async with visit.app.db.transaction() as tx:
            await second_factor.turn_off(tx, visitor.account_id, visit.app.real_now())
    except Conflicting as refusal:
        return await _page(visit, refusal)
    return visit.redirect(f"{SECURITY}?done=off")


async def _page(
    visit: Visit,
    refusal: Refusal | None = None,
    *,
    begun: Begun | None = None,
    codes: list[str] | None = None,
    done: str = "",
) -> Response:
    app, visitor = visit.app, visit.signed_in()
    is_on = await second_factor.is_on(app.db, visitor.account_id)
    values: dict[str, Any] = {}
    if begun is not None:
        squares = qr.matrix(begun.uri)
        values = {"qr_path": qr.path(squares), "qr_size": len(squares) + 8, "secret": _spaced(begun.secret)}
    if codes:
        text = TEXT.format(name=visitor.name, url=app.settings.base_url, codes="\n".join(codes))
        values = {"codes": codes, "codes_text": quote(text)}
    return visit.page(
        "account_security.html",
        422 if refusal else 200,
        done=done,
        refusal=refusal,
        refused=say(refusal) if refusal else "",
        typed=visit.typed,
        is_on=is_on,
        codes_left=await second_factor.recovery_codes_left(app.db, visitor.account_id),
        seen=await second_factor.recovery_mark(app.db, visitor.account_id),
        sessions_count=len(
            await sessions.of_account(app.db, app.settings, visitor.account_id, app.real_now())
        ),
        cooling_hours=app.settings.payout_cooling_hours,
        **values,
    )


def _spaced(secret: str) -> str:
    """A secret as one types it: four letters at a time."""
    return " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))


def pages(app: App, desk: Desk) -> list[Page]:
    """The page of security and its forms."""
    forms = {"begin": begin, "confirm": confirm, "codes": renew, "off": turn_off}
    return [
        Page(app, desk, SECURITY, get=show),
        *(Page(app, desk, f"{SECURITY}/{name}", post=handler, home=SECURITY) for name, handler in forms.items()),
    ]  # fmt: skip
