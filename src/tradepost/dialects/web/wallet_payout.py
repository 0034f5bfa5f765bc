"""Payouts: asking for earned money, and how far each is, step by step."""

import hashlib
import secrets
from datetime import timedelta

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import Offset
from tradepost.dialects.pace import Pace
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.labels import say
from tradepost.dialects.web.marks import Mark
from tradepost.dialects.web.typed import TypedPrice
from tradepost.dialects.web.visits import Page, Visit
from tradepost.dialects.web.wallet_words import PAYOUTS, STEPS
from tradepost.market import freezing, ledger, payouts, profiles
from tradepost.market.idempotency import Claim, Replay
from tradepost.market.payouts import Payout
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import Conflicting, KeyUsed, Malformed, Refusal, TooLittleMoney

PAYOUT = "/wallet/payout"
PER_MINUTE = 10
ROWS = 20


class Shown(msgspec.Struct):
    """Which page of the payouts."""

    offset: Offset = Offset(0)


class Asked(msgspec.Struct):
    """How much is to be paid out; `key` is the page's own, so that it is asked for once."""

    amount: TypedPrice
    key: Mark


class PayoutPage:
    """The page of payouts of one server."""

    def __init__(self) -> None:
        self._pace = Pace(PER_MINUTE)

    async def show(self, visit: Visit) -> Response:
        """What can be paid out, where it goes, and the payouts so far."""
        return await _page(visit, offset=int(visit.query(Shown).offset))

    async def ask(self, visit: Visit) -> Response:
        """Ask for a payout; a form that is sent again asks for nothing more."""
        app, account_id = visit.app, visit.fresh().account_id
        try:
            asked = await visit.form(Asked)
            cents = asked.amount.cents
            if cents is None:
                raise Malformed("amount", "must be a price such as 25.00")
            least, most = app.settings.payout_least_cents, app.settings.payout_most_cents
            if not least <= cents <= most:
                raise Malformed("amount", f"must be from {write_cents(least)} to {write_cents(most)} USD")
            self._pace.count(account_id, app.real_now())
            await payouts.ask(app, account_id, cents, _claim(account_id, asked.key, cents))
        except Replay:
            pass  # it was asked for by this very form
        except TooLittleMoney as refusal:
            return await _page(visit, Malformed("amount", f"is too much. {refusal.sentence}"))
        except (Malformed, Conflicting, KeyUsed) as refusal:
            return await _page(visit, refusal)
        return visit.redirect("/wallet?done=asked")


def _claim(account_id: int, key: Mark, cents: int) -> Claim[Payout]:
    digest = hashlib.sha256(f"page payout {cents}".encode()).digest()
    return Claim(account_id, f"page payout {key}", digest, lambda _: (303, b""))


async def _page(visit: Visit, refusal: Refusal | None = None, *, offset: int = 0) -> Response:
    app, account_id = visit.app, visit.signed_in().account_id
    profile = await profiles.read(app.db, account_id)
    changed_at = max(filter(None, (profile.skrill_set_at, profile.factor_set_at)), default=None)
    cool_at = changed_at and changed_at + timedelta(hours=app.settings.payout_cooling_hours)
    found, total = await payouts.page(app.db, account_id, first=offset, count=ROWS)
    return visit.page(
        "wallet_payout.html",
        422 if refusal else 200,
        refusal=refusal,
        refused=say(refusal) if refusal else "",
        typed=visit.typed.get("amount", ""),
        key=secrets.token_urlsafe(16),
        wallet=await ledger.wallet(app.db, account_id),
        settings=app.settings,
        profile=profile,
        cool_at=cool_at if cool_at and app.now() < cool_at else None,
        is_frozen=await freezing.is_frozen(app.db, account_id),
        payouts=[(one, await payouts.events(app.db, one.id)) for one in found],
        words=PAYOUTS,
        steps=STEPS,
        older=f"{PAYOUT}?offset={offset + ROWS}" if offset + ROWS < total else None,
        newer=f"{PAYOUT}?offset={max(0, offset - ROWS)}" if offset else None,
    )


def pages(app: App, desk: Desk) -> list[Page]:
    """The page of payouts."""
    page = PayoutPage()
    return [Page(app, desk, PAYOUT, get=page.show, post=page.ask)]
