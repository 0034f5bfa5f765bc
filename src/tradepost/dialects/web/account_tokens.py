"""API tokens: which there are and what each may do, a new one shown once, and taking one back."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Literal

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import Flag, Whole
from tradepost.dialects.shapes import Rows
from tradepost.dialects.user_api.fields import Days, KeyPrefix, KeyScope, Label
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.labels import say
from tradepost.dialects.web.typed import Typed
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import api_keys, tokens
from tradepost.market.api_keys import Wanted
from tradepost.market.tokens import PREFIX_CHARS, SCOPES
from tradepost.rules.refusals import Conflicting, Malformed, NotFound, Refusal

TOKENS = "/account/tokens"
NO = Flag(0)
RIGHTS: Mapping[str, tuple[str, str]] = {
    "read": ("Read", "sees offers, prices, balance, trades and notices; changes nothing"),
    "sell": ("Sell", "puts items on sale, reprices and cancels, and changes your account; sees nothing without Read"),
    "buy": ("Buy", "spends your money: buys, places buy orders, begins deposits"),
}  # fmt: skip
DONE = {"revoked": "The token is revoked: nothing that has it can use it any more."}


class Shown(msgspec.Struct):
    """What was just done."""

    done: Literal["revoked"] | None = None


class NewToken(msgspec.Struct):
    """What a new token may do, from where, and for how long; `seen` is how many there ever were, as the page had it."""

    seen: Whole
    label: Label = Label("")
    scopes: Annotated[list[KeyScope], Rows(len(SCOPES))] = []
    addresses: Typed = Typed("")
    allow_url: Flag = NO
    days: Days | None = None


class Revoked(msgspec.Struct):
    """Which token."""

    prefix: KeyPrefix


async def show(visit: Visit) -> Response:
    """The tokens that are good, and the form for a new one."""
    done = visit.query(Shown).done
    return await _page(visit, done=DONE[done] if done else "")


async def make(visit: Visit) -> Response:
    """Make a token, and show it this once; sent again, the form makes none."""
    app, account_id = visit.app, visit.fresh().account_id
    ticked: set[str] = {"read"}
    try:
        asked = await visit.form(NewToken)
        ticked = set(asked.scopes)
        if not asked.scopes:
            raise Malformed("scopes", "must be at least one: tick what the token may do")
        expires_at = None if asked.days is None else app.real_now() + timedelta(days=asked.days)
        addresses = asked.addresses.replace(",", " ").split()
        wanted = Wanted(
            set(asked.scopes), asked.label, addresses, bool(asked.allow_url), expires_at, int(asked.seen)
        )
        made = await api_keys.make(app, account_id, wanted)
    except Malformed as refusal:
        field = "addresses" if refusal.field == "allow_addresses" else refusal.field.removesuffix("[]")
        clause = refusal.sentence.partition(": ")[2]
        return await _page(visit, Malformed(field, clause), ticked=ticked)
    except Conflicting as refusal:
        return await _page(visit, refusal, ticked=ticked)
    return await _page(visit, made=made, made_scopes=sorted(asked.scopes))


async def revoke(visit: Visit) -> Response:
    """Take a token back, and every session of a program that was made with it."""
    account_id = visit.signed_in().account_id
    asked = await visit.form(Revoked)
    async with visit.app.db.transaction() as tx:
        if not await api_keys.revoke(tx, account_id, asked.prefix, visit.app.now()):
            raise NotFound("You have no such token, or it is revoked already.")
    return visit.redirect(f"{TOKENS}?done=revoked")


async def _page(
    visit: Visit,
    refusal: Refusal | None = None,
    *,
    ticked: Collection[str] = ("read",),
    made: str = "",
    made_scopes: Sequence[str] = (),
    done: str = "",
) -> Response:
    app, account_id = visit.app, visit.signed_in().account_id
    real_now = app.real_now()
    found = [one for one in await tokens.tokens_of(app.db, account_id) if one.revoked_at is None]
    return visit.page(
        "account_tokens.html",
        422 if refusal else 200,
        done=done,
        refusal=refusal,
        refused=say(refusal) if refusal else "",
        typed=visit.typed if refusal else {},
        made=made,
        made_prefix=made[:PREFIX_CHARS],
        made_scopes=made_scopes,
        ticked=ticked,
        tokens=found[::-1],
        real_now=real_now,
        rights=RIGHTS,
        seen=await api_keys.ever(app.db, account_id),
    )


def pages(app: App, desk: Desk) -> list[Page]:
    """The page of tokens and its forms."""
    return [
        Page(app, desk, TOKENS, get=show, post=make),
        Page(app, desk, f"{TOKENS}/revoke", post=revoke, home=TOKENS),
    ]
