"""Deposits: by card where a provider is set up, and play money where no money is real.

A form of ours may not lead to another site by itself (the policy of every page), so a deposit that was begun stands on
the page with a link to where it is paid, and stays there until it was paid or came to nothing.
"""

import secrets
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import Id
from tradepost.dialects.pace import Pace
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.labels import say
from tradepost.dialects.web.marks import Mark
from tradepost.dialects.web.typed import TypedPrice
from tradepost.dialects.web.visits import Page, Visit
from tradepost.dialects.web.wallet_words import CHECKOUTS
from tradepost.market import checkouts, deposits, ledger, stripe
from tradepost.market.checkouts import Checkout
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import Conflicting, Malformed, Refusal

DEPOSIT = "/wallet/deposit"
PER_MINUTE = 10
RECENT = 20
SAID: Mapping[str, str] = {
    "begun": "Your deposit is begun. Pay it below; the money is here when Stripe says so.",
    "paid": "You are back from Stripe. The money is here as soon as Stripe says so, mostly within seconds; look again if it is not yet.",
    "cancelled": "You left Stripe's page without paying. It can still be paid below, and nothing is owed.",
}


class Purpose(msgspec.Struct):
    """What somebody is about to buy, and lacks the money for: an offer, or an item that he ordered."""

    offer: Id | None = None
    item: Id | None = None

    @property
    def noun(self) -> str:
        """What it is; nothing where it is none."""
        return "offer" if self.offer else "item" if self.item else ""

    @property
    def back(self) -> str:
        """The path of its page."""
        return f"/market/{self.noun}/{self.offer or self.item}" if self.noun else ""

    @property
    def pairs(self) -> dict[str, int]:
        """The same as parameters."""
        return {self.noun: int(self.offer or self.item or 0)} if self.noun else {}


class Shown(Purpose):
    """What was just done, here or at the provider (whose page leads back), and how much is lacking for what."""

    done: Literal["begun"] | None = None
    deposit: Literal["paid", "cancelled"] | None = None
    amount: TypedPrice | None = None


class Asked(Purpose, kw_only=True):
    """How much is deposited, by card or as play money; `key` is the page's own, so that play money is added once."""

    amount: TypedPrice
    by: Literal["card", "play"]
    key: Mark


class DepositPage:
    """The page of deposits of one server."""

    def __init__(self) -> None:
        self._pace = Pace(PER_MINUTE)

    async def show(self, visit: Visit) -> Response:
        """How money gets here, and what is under way."""
        shown = visit.query(Shown)
        return await _page(
            visit,
            said=SAID.get(shown.deposit or shown.done or "", ""),
            lacking=shown.amount or "",
            purpose=shown,
        )

    async def begin(self, visit: Visit) -> Response:
        """Begin a deposit by card, or add play money."""
        app, account_id = visit.app, visit.signed_in().account_id
        purpose = Purpose()
        try:
            asked = await visit.form(Asked)
            cents, purpose = asked.amount.cents, asked
            if cents is None:
                raise Malformed("amount", "must be a price such as 25.00")
            if asked.by == "play":
                async with app.db.transaction() as tx:
                    await deposits.play(tx, app.settings, account_id, cents, str(asked.key), now=app.now())
                return visit.redirect(f"{asked.back or '/wallet'}?done=played")
            least, most = app.settings.deposit_least_cents, app.settings.deposit_most_cents
            if not least <= cents <= most:
                raise Malformed("amount", f"must be from {write_cents(least)} to {write_cents(most)} USD")
            self._pace.count(account_id, app.real_now())
            await checkouts.begin(app, account_id, cents)
        except (Malformed, Conflicting) as refusal:
            return await _page(visit, refusal, purpose=purpose)
        return visit.redirect(f"{DEPOSIT}?{urlencode({'done': 'begun', **purpose.pairs})}")


async def _page(
    visit: Visit,
    refusal: Refusal | None = None,
    *,
    said: str = "",
    lacking: str = "",
    purpose: Purpose,
) -> Response:
    app, account_id = visit.app, visit.signed_in().account_id
    found = await checkouts.of_account(app.db, account_id, RECENT)
    return visit.page(
        "wallet_deposit.html",
        422 if refusal else 200,
        refusal=refusal,
        refused=say(refusal) if refusal else "",
        typed=visit.typed.get("amount", ""),
        by=visit.typed.get("by", ""),
        said_=said,
        lacking=lacking,
        purpose=purpose,
        key=secrets.token_urlsafe(16),
        has_card=stripe.way(app.settings) is not None,
        settings=app.settings,
        wallet=await ledger.wallet(app.db, account_id),
        open_ones=[(one, _address(one)) for one in found if one.state in ("asked", "open")],
        ended=[one for one in found if one.state not in ("asked", "open")],
        deposits=await deposits.of_account(app.db, account_id, RECENT),
        words=CHECKOUTS,
    )


def _address(one: Checkout) -> str:
    """Where a deposit is paid: what the provider said, if it is a page that a browser may be led to."""
    return one.url if one.url and one.url.startswith(("https://", "http://127.0.0.1:")) else ""


def pages(app: App, desk: Desk) -> list[Page]:
    """The page of deposits."""
    page = DepositPage()
    return [Page(app, desk, DEPOSIT, get=page.show, post=page.begin)]
