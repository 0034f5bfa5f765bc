"""The merchant's own page: his gateway, where he is told, his three secrets, and the reserve for early credit.

Secrets are in the answer to the form that made them, and nowhere afterwards. Whatever decides where money goes wants a
sign-in of the last minutes, so that a browser left open is not enough (rules.md 22).
"""

import secrets
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import Flag, Url
from tradepost.dialects.web.desk import Desk, seconds_of
from tradepost.dialects.web.labels import say
from tradepost.dialects.web.marks import Mark
from tradepost.dialects.web.merchant_samples import samples
from tradepost.dialects.web.typed import Amount
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import advances, gateways, ledger, notices, stats
from tradepost.market.gateways import Gateway, Which
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import Conflicting, Malformed, Refusal, TooLittleMoney

HOME = "/merchant"
NO, YES = Flag(0), Flag(1)
NAMES: dict[Which, tuple[str, str]] = {
    "secret": ("Secret hash", "Signs your payment links, and makes the hash of each notice."),
    "signature_v2": ("Secret of signature_v2", "Signs every parameter of a payment link, beside the first."),
    "notices": ("Secret of notices", "Signs the headers of each notice, as Standard Webhooks has them."),
}
DONE = {
    "changed": "Your gateway is changed.",
    "funded": "The reserve is funded.",
    "released": "The reserve is released.",
}


class Shown(msgspec.Struct):
    """What was just done."""

    done: Literal["changed", "funded", "released"] | None = None


async def show(visit: Visit) -> Response:
    """The gateway as it is, or what one is for whoever has none."""
    done = visit.query(Shown).done
    return await _page(visit, done=DONE[done] if done else "")


class Opening(msgspec.Struct):
    """Where a new gateway's notices go."""

    callback_url: Url


async def open_gateway(visit: Visit) -> Response:
    """Open a gateway, and show its secrets this once."""
    visitor = visit.fresh()
    url = str((await visit.form(Opening)).callback_url)
    try:
        opened = await gateways.open_gateway(visit.app, visitor.account_id, url)
    except (Malformed, Conflicting) as refusal:
        return await _page(visit, refusal, entered=url)
    fresh: list[tuple[Which, str]] = [
        ("secret", opened.secret),
        ("signature_v2", opened.secret_v2),
        ("notices", opened.notice_secret),
    ]
    return await _page(visit, fresh=fresh, done="Your gateway is open.")


class Changing(msgspec.Struct):
    """A gateway's settings; a box that is not ticked is not sent."""

    callback_url: Url
    ipn_on: Literal["settled", "accepted"]
    requires_v2: Flag = NO


async def change(visit: Visit) -> Response:
    """Change where and when the merchant is told, and what a link has to be signed with."""
    visitor = visit.fresh()
    asked = await visit.form(Changing)
    try:
        await gateways.change(
            visit.app,
            visitor.account_id,
            callback_url=str(asked.callback_url),
            ipn_on=asked.ipn_on,
            requires_v2=bool(asked.requires_v2),
        )
    except Malformed as refusal:
        return await _page(visit, refusal, entered=str(asked.callback_url))
    return visit.redirect(f"{HOME}?done=changed")


class Rotating(msgspec.Struct):
    """Which secret is to be changed, and how the page had it that asks."""

    which: Literal["secret", "signature_v2", "notices"]
    seen: Mark


async def rotate(visit: Visit) -> Response:
    """Change a secret and show the new one this once; a page that is sent again changes nothing."""
    visitor = visit.fresh()
    asked = await visit.form(Rotating)
    gateway = await gateways.read(visit.app.db, visitor.account_id)
    # Reloaded, the answer would change a secret that was just copied from it.
    if gateway is not None and str(asked.seen) != _seen(gateway, asked.which):
        raise Conflicting(
            "This secret was changed since the page was opened. Open it again if it is to be changed anew."
        )
    secret = await gateways.rotate(visit.app, visitor.account_id, asked.which)
    return await _page(visit, fresh=[(asked.which, secret)], done=f"{NAMES[asked.which][0]}: changed.")


class Moving(msgspec.Struct):
    """How much goes into the reserve or out of it; `key` is the page's own, so that it moves once."""

    deed: Literal["fund", "release"]
    amount: Amount
    key: Mark


async def move_reserve(visit: Visit) -> Response:
    """Fund the reserve from the balance, or release what is not needed of it."""
    visitor = visit.fresh()
    asked = await visit.form(Moving)
    move = gateways.fund_reserve if asked.deed == "fund" else gateways.release_reserve
    purse = await ledger.wallet(visit.app.db, visitor.account_id)
    there_cents = purse.balance_cents if asked.deed == "fund" else purse.reserve_cents
    too_much = Malformed("amount", f"is more than the {write_cents(there_cents)} USD that are there")
    try:
        # Looked at before: what goes out of a reserve and is not in it has another reason than what is in use.
        if asked.deed == "release" and asked.amount > there_cents:
            raise too_much
        await move(visit.app, visitor.account_id, int(asked.amount), f"page-{asked.key}")
    except TooLittleMoney:
        return await _page(visit, too_much)
    except (Malformed, Conflicting) as refusal:
        return await _page(visit, refusal)
    return visit.redirect(f"{HOME}?done={asked.deed}{'ed' if asked.deed == 'fund' else 'd'}")


async def _page(
    visit: Visit,
    refusal: Refusal | None = None,
    *,
    fresh: Sequence[tuple[Which, str]] = (),
    done: str = "",
    entered: str = "",
) -> Response:
    """The page, with what was just refused or done; `fresh` are secrets that are shown this once."""
    app, visitor = visit.app, visit.visitor
    gateway = await gateways.read(app.db, visitor.account_id) if visitor else None
    values: dict[str, Any] = {"gateway": gateway, "done": done, "refusal": refusal, "entered": entered}
    values["refused"] = say(refusal) if refusal else ""
    if visitor is not None:
        days = await stats.days(app.db, visitor.account_id, "1M", stats.today(app))
        values["sales"] = [[seconds_of(one.day) for one in days], [one.sold_cents for one in days]]
        values["sold_cents"] = sum(one.sold_cents for one in days)
    values["fresh"] = [(*NAMES[which], secret) for which, secret in fresh]
    if visitor is not None and gateway is not None:
        aside = (await notices.counts(app.db, visitor.account_id)).set_aside
        real_now = app.real_now()
        values |= {
            "secrets": [
                (which, *NAMES[which], _seen(gateway, which), until if until and until > real_now else None)
                for which in NAMES
                for until in [_old_until(gateway, which)]
            ],
            "is_unused": gateway.secret_used_at is None,
            "wallet": await ledger.wallet(app.db, visitor.account_id),
            "free_cents": await advances.free_reserve_cents(app.db, visitor.account_id),
            "outstanding_cents": await advances.outstanding_cents(app.db, visitor.account_id),
            "aside": aside,
            "link_url": f"{app.settings.base_url}/en/pay/{gateway.public_hash}",
            "samples": samples(app.settings.base_url, gateway.public_hash),
            "key": secrets.token_urlsafe(16),
        }
    return visit.page("merchant.html", 422 if refusal else 200, **values)


def _old_until(gateway: Gateway, which: Which) -> Any:
    return {
        "secret": gateway.old_secret_until,
        "signature_v2": gateway.old_secret_v2_until,
        "notices": gateway.old_notice_secret_until,
    }[which]


def _seen(gateway: Gateway, which: Which) -> str:
    """How a page names the state that it shows a secret in."""
    until = _old_until(gateway, which)
    return "never" if until is None else f"{until:%Y%m%d%H%M%S%f}"


def pages(app: App, desk: Desk) -> list[Page]:
    """The merchant's page and its forms."""
    forms = {"open": open_gateway, "settings": change, "rotate": rotate, "reserve": move_reserve}
    return [
        Page(app, desk, HOME, get=show),
        *(Page(app, desk, f"{HOME}/{name}", post=handler, home=HOME) for name, handler in forms.items()),
    ]
