"""Confirming own offers by the secret of the mobile app: only where the user gave it and asked for it."""

import logging

from tradepost.agent import market_wire as wire
from tradepost.agent.account import Account
from tradepost.agent.matching import is_of_trade
from tradepost.agent.sending import finish, found, refused
from tradepost.agent.steam_answers import NEEDS_CONFIRMATION
from tradepost.agent.steam_session import SteamTradeSession

REFUSED = (
    "Steam refused the confirmation: open Steam's trade page once and accept the notice on trade protection"
)


async def confirm_all(account: Account, steam: SteamTradeSession) -> None:
    """Confirm the offers that the market knows as its trades' own and asks to be confirmed."""
    for directive in account.waiting("confirm_offer"):
        known = account.journal.get(directive.directive_id)
        if known is not None:
            account.tell_again(known.id)
            continue
        finish(account, directive, await _confirm(account, steam, directive))


async def _confirm(account: Account, steam: SteamTradeSession, directive: wire.Directive) -> wire.Result:
    secret = account.session.identity_secret if account.session else None
    offer_id = directive.steam_tradeofferid
    if not account.settings.auto_confirm or secret is None or offer_id is None:
        return refused(directive, "unsupported", "other", "nothing is confirmed here")
    offer = await steam.offer(offer_id)
    partner, message = directive.partner_steamid or "", directive.message or ""
    if offer is None or not is_of_trade(offer, partner, directive.items, message):
        account.say(f"asked to confirm {offer_id}, which is not trade {directive.trade_id}'s.", logging.ERROR)
        return refused(directive, "failed", "other", "this offer is not the trade's, and is not confirmed")
    if offer.state == NEEDS_CONFIRMATION:
        await steam.confirm_offer(offer.id, secret)
        offer = await steam.offer(offer.id) or offer  # what became of it counts, not what was answered
    if offer.state == NEEDS_CONFIRMATION:
        account.say(f"offer {offer.id} could not be confirmed. {REFUSED}.", logging.WARNING)
        return refused(directive, "failed", "ack_needed", REFUSED)
    return found(directive, offer)
