"""Grants: which merchants may sell one's items, for how little at most, and how one takes that back."""

from typing import Literal

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import Id, SteamId
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.labels import say
from tradepost.dialects.web.typed import Typed
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import feed, merchants, users
from tradepost.market.merchants import FLOOR_BPS_MAX
from tradepost.rules.money import read_cents
from tradepost.rules.refusals import Conflicting, Malformed, NotFound, Refusal

GRANTS = "/account/grants"
NONE = "You gave no such merchant a grant, or took it back already."
NOBODY = "is nobody's who sells for others here: ask the merchant for his SteamID"
DONE = {
    "given": "The merchant may sell your items from now on.",
    "changed": "The least price is changed. It holds for prices that are set from now on.",
    "revoked": "The grant is taken back, and what was on sale under it is not any more.",
}


class Shown(msgspec.Struct):
    """What was just done."""

    done: Literal["given", "changed", "revoked"] | None = None


class Given(msgspec.Struct):
    """Which merchant may sell, and for how many percent of the Steam price at least."""

    merchant: SteamId
    floor: Typed = Typed("0")


class Changed(msgspec.Struct):
    """The new floor of a grant."""

    id: Id
    floor: Typed = Typed("")


class Revoked(msgspec.Struct):
    """Which grant is taken back."""

    id: Id


def _floor_bps(text: str) -> int:
    """A share of the Steam price as a person types it, in whole percent or with decimals."""
    bps = read_cents(text.removesuffix("%").strip().replace(",", "."))
    if bps is None or bps > FLOOR_BPS_MAX:
        raise Malformed("floor", f"must be a percentage from 0 to {FLOOR_BPS_MAX // 100}, such as 85 or 85.5")
    return bps


async def show(visit: Visit) -> Response:
    """The grants that stand."""
    done = visit.query(Shown).done
    return await _page(visit, done=DONE[done] if done else "")


async def give(visit: Visit) -> Response:
    """Let a merchant sell one's items; who is none is told as who is unknown."""
    app, account_id = visit.app, visit.fresh().account_id
    try:
        asked = await visit.form(Given)
        floor_bps = _floor_bps(asked.floor)
        merchant = await users.by_steamid(app.db, asked.merchant)
        if merchant is None or not await merchants.is_merchant(app.db, merchant.id):
            raise Malformed("merchant", NOBODY)
        async with app.db.transaction() as tx:
            await merchants.grant(tx, merchant.id, account_id, "page", app.now(), floor_bps=floor_bps)
    except (Malformed, Conflicting) as refusal:
        return await _page(visit, refusal)
    return visit.redirect(f"{GRANTS}?done=given")


async def change(visit: Visit) -> Response:
    """Change the least price of a grant."""
    account_id = visit.signed_in().account_id
    try:
        asked = await visit.form(Changed)
        floor_bps = _floor_bps(asked.floor)
    except Malformed as refusal:
        return await _page(visit, refusal)
    async with visit.app.db.transaction() as tx:
        if not await merchants.change_floor(tx, asked.id, account_id, floor_bps):
            raise NotFound(NONE)
    return visit.redirect(f"{GRANTS}?done=changed")


async def revoke(visit: Visit) -> Response:
    """Take a grant back; what is on sale under it ends."""
    app, account_id = visit.app, visit.signed_in().account_id
    asked = await visit.form(Revoked)
    async with app.db.transaction() as tx:
        if asked.id not in {one.merchant_id for one in await merchants.grants_of_seller(tx, account_id)}:
            raise NotFound(NONE)
        ended = await merchants.revoke_grant(tx, asked.id, account_id, app.now())
    await feed.tell(app, ended)
    return visit.redirect(f"{GRANTS}?done=revoked")


async def _page(visit: Visit, refusal: Refusal | None = None, *, done: str = "") -> Response:
    account_id = visit.signed_in().account_id
    return visit.page(
        "account_grants.html",
        422 if refusal else 200,
        done=done,
        refusal=refusal,
        refused=say(refusal) if refusal else "",
        typed=visit.typed,
        grants=await merchants.shown_to_seller(visit.app.db, account_id),
        percent=lambda bps: f"{bps // 100}" + (f".{bps % 100:02}" if bps % 100 else ""),
    )


def pages(app: App, desk: Desk) -> list[Page]:
    """The page of grants and its forms."""
    return [
        Page(app, desk, GRANTS, get=show, post=give),
        Page(app, desk, f"{GRANTS}/floor", post=change, home=GRANTS),
        Page(app, desk, f"{GRANTS}/revoke", post=revoke, home=GRANTS),
    ]
