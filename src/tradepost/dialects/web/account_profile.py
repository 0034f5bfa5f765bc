"""What the account's page shows: who one is here, how one is reached and paid, and what is still missing to sell and buy."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.web.labels import say
from tradepost.dialects.web.visits import Visit
from tradepost.market import (
    bans,
    contact_mails,
    freezing,
    holidays,
    ledger,
    presence,
    profiles,
    second_factor,
    users,
)
from tradepost.market.presence import Program
from tradepost.market.profiles import Profile
from tradepost.market.users import Account
from tradepost.rules.refusals import Refusal
from tradepost.steam.ids import account_id as partner_of
from tradepost.steam.trade_url import TradeUrl


@dataclass(frozen=True, slots=True)
class Tick:
    """One thing that selling or buying needs: whether it is there, and what to do about it."""

    is_there: bool
    words: str
    href: str = ""
    link: str = ""


async def page(visit: Visit, refusal: Refusal | None = None, *, done: str = "") -> Response:
    """The page, with what was just done, or refused of one of its forms."""
    app, visitor = visit.app, visit.signed_in()
    me = visitor.account_id
    account, profile = await users.by_id(app.db, me), await profiles.read(app.db, me)
    program = (await presence.programs(app, [me]))[me]
    purse = await ledger.wallet(app.db, me)
    holiday = await holidays.current(app.db, me, app.now())
    bans_ = {
        side: await bans.current(app.db, account.steamid, side, app.now()) for side in ("seller", "buyer")
    }
    sells, buys = _ticks(account, program, purse.deposit_cents + purse.balance_cents, app.now())
    return visit.page(
        "account.html",
        422 if refusal else 200,
        done=done,
        refusal=refusal,
        refused=say(refusal) if refusal else "",
        typed=visit.typed,
        account=account,
        profile=profile,
        holiday=holiday,
        bans=bans_,
        is_frozen=await freezing.is_frozen(app.db, me),
        sells=sells,
        buys=buys,
        guards=await _guards(app, me, profile),
        awaited_mail=await contact_mails.awaited(app.db, me, app.real_now()),
        trade_url=_url(account),
        on_hold=account.hold_until if account.hold_until and account.hold_until > app.now() else None,
        cool_at=_cool_at(app, profile),
        cooling_hours=app.settings.payout_cooling_hours,
        market_now=app.now(),
    )


def _ticks(
    account: Account, program: Program, spendable_cents: int, now: datetime
) -> tuple[list[Tick], list[Tick]]:
    """What selling and what buying needs."""
    has_url = account.trade_token is not None and account.trade_token_refused_at is None
    url = Tick(has_url, "a trade URL that Steam takes", "#trade-url", "Save it")
    sends = Tick(
        program.is_online, "your program, running and signed in to Steam", "/account/programs",
        "Connect it" if not program.is_paired else "See what it lacks",
    )  # fmt: skip
    money = Tick(spendable_cents > 0, "money to spend", "/wallet/deposit", "Deposit")
    is_free = account.hold_until is None or account.hold_until <= now
    free = Tick(is_free, "no trade hold on your Steam account", "#trade-url", "See until when")
    here = (
        [] if not program.is_away else [Tick(False, "that you are back from holiday", "#holiday", "End it")]
    )
    return [url, sends, *here], [url, money, free]


async def _guards(app: App, account_id: int, profile: Profile) -> list[Tick]:
    """What keeps the account one's own, and lets one be paid."""
    return [
        Tick(bool(profile.mail), "a contact mail, to hear of what happens", "#mail", "Add one"),
        Tick(await second_factor.is_on(app.db, account_id), "a second factor", "/account/security", "Turn it on"),
        Tick(bool(profile.skrill), "a Skrill address, to be paid out", "#money", "Save it"),
    ]  # fmt: skip


def _url(account: Account) -> str:
    return str(TradeUrl(partner_of(account.steamid), account.trade_token)) if account.trade_token else ""


def _cool_at(app: App, profile: Profile) -> datetime | None:
    changed_at = max(filter(None, (profile.skrill_set_at, profile.factor_set_at)), default=None)
    cool_at = changed_at and changed_at + timedelta(hours=app.settings.payout_cooling_hours)
    return cool_at if cool_at and cool_at > app.real_now() else None
