"""What it takes to buy an offer: what somebody has, what he lacks, and what stands in the way, in words."""

from dataclasses import dataclass

from tradepost.app import App
from tradepost.dialects.web.visitors import Visitor
from tradepost.market import bans, freezing, ledger, presence, switches, users
from tradepost.market.offers import Offer
from tradepost.rules.refusals import Frozen, SwitchedOff

AWAY = "The seller's program is not online, so nobody can buy this at the moment. Look again later: sellers are often back within the hour."


@dataclass(frozen=True, slots=True)
class Needs:
    """How it stands with somebody who would buy."""

    deposit_cents: int
    balance_cents: int
    missing_cents: int
    has_trade_url: bool
    hurdles: tuple[str, ...]  # each keeps him from buying, whatever he does on this page

    @property
    def is_ready(self) -> bool:
        """Whether the one thing left to do is to buy."""
        return self.has_trade_url and not self.missing_cents and not self.hurdles


async def of_nobody(app: App, offer: Offer) -> tuple[str, ...]:
    """What stands in everybody's way."""
    hurdles = []
    try:
        await switches.refuse_if_off(app, "buying")
    except SwitchedOff as refusal:
        said = refusal.sentence  # the operator's own words, or those of the refusal where he gave none
        hurdles.append(said if said == type(refusal).sentence else f"Buying is switched off for now: {said}")
    if not await presence.is_online(app, offer.seller_id):
        hurdles.append(AWAY)
    return tuple(hurdles)


async def of(app: App, visitor: Visitor, offer: Offer) -> Needs:
    """What it takes this visitor to buy an offer."""
    account, now = await users.by_id(app.db, visitor.account_id), app.now()
    wallet = await ledger.wallet(app.db, account.id)
    hurdles = list[str]()
    if offer.seller_steamid == account.steamid:
        hurdles.append("This is your own offer. You change its price, or take it off sale, at “My offers”.")
    elif account.id in (offer.account_id, offer.seller_id) and not account.may_trade_with_self:
        hurdles.append("This item is on sale for your own account, and nobody buys from himself.")
    if await freezing.is_frozen(app.db, account.id):
        hurdles.append(Frozen.sentence)
    if ban := await bans.current(app.db, account.steamid, "buyer", now):
        hurdles.append(f"You cannot buy until {ban.until_at:%Y-%m-%d %H:%M} UTC: {ban.reason}")
    hold = account.hold_until if account.hold_until and account.hold_until > now else None
    if hold:
        hurdles.append(
            f"Steam holds your trades until {hold:%Y-%m-%d %H:%M} UTC, and nothing is sold into a hold. "
            "With Steam Guard's mobile authenticator on for seven days there is none."
        )
    missing = max(offer.price_cents - wallet.deposit_cents - wallet.balance_cents, 0)
    everybodys = await of_nobody(app, offer)
    return Needs(
        wallet.deposit_cents,
        wallet.balance_cents,
        missing,
        account.trade_token is not None,
        (*hurdles, *everybodys),
    )
