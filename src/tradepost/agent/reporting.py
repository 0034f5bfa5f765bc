"""Telling the market what came of its directives, and what is in the inventories it asks for."""

import logging

import msgspec

from tradepost.agent import market_wire as wire
from tradepost.agent.account import Account
from tradepost.agent.errors import MarketRefused, MarketSilent, SteamSilent
from tradepost.agent.journal import Entry
from tradepost.agent.sending import finish, refused
from tradepost.agent.steam_session import SteamTradeSession

ASSETS_MAX = 20_000
ACTIONS = ("create_offer", "cancel_offer", "confirm_offer", "report_inventory")


async def tell_results(account: Account) -> None:
    """Tell the market what came of its directives, until it has heard it."""
    untold = account.journal.untold()
    if not untold:
        return
    try:
        try:
            await _tell(account, untold)
        except MarketRefused:
            # One that the market cannot even read must not hold up the others.
            for entry in untold:
                await _tell_alone(account, entry)
    except MarketSilent:
        return  # the heartbeats say so already


async def _tell_alone(account: Account, entry: Entry) -> None:
    try:
        await _tell(account, [entry])
    except MarketRefused as error:
        account.say(f"the market does not understand a result: {error}", logging.ERROR)
        account.journal.told([entry.id])


async def _tell(account: Account, entries: list[Entry]) -> None:
    results = [msgspec.convert(entry.result, wire.Result, strict=False) for entry in entries]
    verdicts = await account.market.results(results)
    account.journal.told([entry.id for entry in entries])
    for verdict in verdicts:
        if verdict.accepted:
            account.beat_now.set()  # the market has something new to say
        else:
            account.say(f"the market did not take a result: {verdict.reason}", logging.WARNING)


async def report_inventories(account: Account, steam: SteamTradeSession) -> None:
    """Tell the market what is in the inventories it asks for: asset ids, and nothing else of them."""
    for directive in account.waiting("report_inventory"):
        account.orders.pop(directive.directive_id, None)
        if directive.appid is None or directive.contextid is None:
            continue
        try:
            assetids, complete = await steam.inventory(directive.appid, directive.contextid)
        except SteamSilent as error:
            account.be_quiet(error)
            await account.market.results([refused(directive, "failed", "service_down", str(error))])
            continue
        seen = wire.InventorySeen(
            directive_id=directive.directive_id,
            appid=directive.appid,
            contextid=directive.contextid,
            scan_complete=complete and len(assetids) <= ASSETS_MAX,
            present_assetids=assetids[:ASSETS_MAX],
        )
        verdict = await account.market.inventory(seen)
        if not verdict.accepted:
            account.say(f"the market did not take the inventory: {verdict.reason}", logging.WARNING)


async def refuse_unknown(account: Account, _: SteamTradeSession) -> None:
    """Answer what this program does not know how to do."""
    for order in list(account.orders.values()):
        if order.directive.action not in ACTIONS:
            finish(
                account,
                order.directive,
                refused(order.directive, "unsupported", "other", "update this program"),
            )
