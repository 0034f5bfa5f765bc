"""Subsellers: who lets a merchant sell for him and for how much at least, and the invitation that asks him to."""

import re
from typing import Self

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import SteamId, Whole
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.marks import Mark
from tradepost.dialects.web.merchant import HOME
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import feed, merchants, presence, subsellers, users
from tradepost.market.merchants import FLOOR_BPS_MAX
from tradepost.market.users import Account
from tradepost.rules.refusals import Conflicting, Malformed, NotFound

SUBSELLERS, ONE = f"{HOME}/subsellers", f"{HOME}/subsellers/{{steamid}}"
INVITATION = f"{HOME}/invitation/{{steamid}}"
NOBODY = "Nobody with this SteamID lets you sell for him."
NO_INVITATION = "This invitation leads to no merchant. Ask whoever sent it for the right link."
PERCENT_CHARS_MAX = 8
DONE = {
    "ended": "You do not act for him any more, and what you had on sale of his has ended.",
    "given": "It holds: this merchant may sell your items from now on.",
}

_PERCENT = re.compile(r"(0|[1-9][0-9]{0,3})(?:[.,]([0-9]{1,2}))?\s*%?", re.ASCII)


class Percent(int):
    """A share in 1/10000, written in percent."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The share that the text says."""
        found = _PERCENT.fullmatch(text.strip()) if len(text) <= PERCENT_CHARS_MAX else None
        bps = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else None
        if bps is None or bps > FLOOR_BPS_MAX:
            raise ValueError(f"must be percent from 0 to {FLOOR_BPS_MAX // 100}, such as 80")
        return cls(bps)


class Asked(msgspec.Struct):
    """Which page of them, and what was just done."""

    page: Whole = Whole(1)
    done: Mark | None = None


async def show(visit: Visit) -> Response:
    """Who lets the merchant sell for him, and the link that invites others."""
    app, visitor, asked = visit.app, visit.signed_in(), visit.query(Asked)
    number = max(1, min(int(asked.page), subsellers.PAGES_MAX))
    found, total = await subsellers.page(app.db, visitor.account_id, number)
    return visit.page(
        "merchant_subsellers.html",
        found=found,
        total=total,
        number=number,
        last=min(max(1, -(-total // subsellers.ROWS)), subsellers.PAGES_MAX),
        at=_page_at,
        programs=await presence.programs(app, [one.account_id for one in found]),
        link=f"{app.settings.base_url}{INVITATION.format(steamid=visitor.steamid)}",
        is_merchant=await merchants.is_merchant(app.db, visitor.account_id),
        done=DONE.get(asked.done or "", ""),
    )


def _page_at(number: int) -> str:
    return SUBSELLERS if number == 1 else f"{SUBSELLERS}?page={number}"


class Of(msgspec.Struct):
    """Whom it is about."""

    steamid: SteamId


async def show_one(visit: Visit) -> Response:
    """One of them, with what the merchant has on sale of his."""
    app, me = visit.app, visit.signed_in().account_id
    one = await subsellers.read(app.db, me, visit.query(Of).steamid)
    if one is None:
        raise NotFound(NOBODY)
    return visit.page(
        "merchant_subseller.html",
        one=one,
        offers=await subsellers.on_sale(app.db, me, one.account_id),
        most=subsellers.OFFERS_MAX,
        program=(await presence.programs(app, [one.account_id]))[one.account_id],
    )


async def end(visit: Visit) -> Response:
    """Let a merchant give a grant back: he acts for this user no more."""
    app, me = visit.app, visit.signed_in().account_id
    one = await subsellers.read(app.db, me, (await visit.form(Of)).steamid)
    if one is None:
        raise NotFound(NOBODY)
    async with app.db.transaction() as tx:
        ended = await merchants.revoke_grant(tx, me, one.account_id, app.now())
    await feed.tell(app, ended)
    return visit.redirect(f"{SUBSELLERS}?done=ended")


# The invitation ----------------------------------------------------------------------------------------------


class Invited(msgspec.Struct):
    """By whom one is invited, and what was just done."""

    steamid: SteamId
    done: Mark | None = None


async def show_invitation(visit: Visit, refusal: Malformed | None = None) -> Response:
    """Who asks to sell for the reader, what that means, and the least price that he can set."""
    asked, visitor = visit.query(Invited), visit.signed_in()
    merchant = await _merchant(visit, asked.steamid)
    given = await subsellers.read(visit.app.db, merchant.id, visitor.steamid)
    return visit.page(
        "merchant_invitation.html",
        422 if refusal else 200,
        merchant=merchant,
        given=given,
        is_own=merchant.id == visitor.account_id,
        program=(await presence.programs(visit.app, [visitor.account_id]))[visitor.account_id],
        floor=visit.typed.get("floor", f"{given.floor_bps / 100:g}" if given else "80"),
        wrong=refusal.sentence.removeprefix("floor: ") if refusal else "",
        done=DONE.get(asked.done or "", ""),
    )


class Giving(msgspec.Struct):
    """To whom the reader gives his word, and from which share of the Steam price on."""

    steamid: SteamId
    floor: Percent


async def give(visit: Visit) -> Response:
    """Let a merchant sell the reader's items."""
    visitor, app = visit.fresh(), visit.app
    try:
        asked = await visit.form(Giving)
    except Malformed as refusal:
        if refusal.field != "floor":
            raise
        return await show_invitation(visit, refusal)
    merchant = await _merchant(visit, asked.steamid)
    if merchant.id == visitor.account_id:
        raise Conflicting("This is your own invitation: send it to those whose items you want to sell.")
    async with app.db.transaction() as tx:
        await merchants.grant(
            tx, merchant.id, visitor.account_id, "page", app.now(), floor_bps=int(asked.floor)
        )
    return visit.redirect(f"{INVITATION.format(steamid=merchant.steamid)}?done=given")


async def _merchant(visit: Visit, steamid: str) -> Account:
    """Who invites; of a user who is no merchant nothing is told, not even that he is one."""
    found = await users.by_steamid(visit.app.db, steamid)
    if found is None or not await merchants.is_merchant(visit.app.db, found.id):
        raise NotFound(NO_INVITATION)
    return found


def pages(app: App, desk: Desk) -> list[Page]:
    """The pages of subsellers, and of the invitation."""
    return [
        Page(app, desk, SUBSELLERS, get=show),
        Page(app, desk, ONE, get=show_one),
        Page(app, desk, f"{ONE}/end", post=end, home=SUBSELLERS),
        Page(app, desk, INVITATION, get=show_invitation, post=give),
    ]
