"""Running accounts: each beats, listens and works in tasks of its own until the program is told to stop."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress

from tradepost.agent import confirming, looking, reporting, searching, sending
from tradepost.agent.account import REPLACED, Account
from tradepost.agent.errors import (
    AgentError,
    MarketRefused,
    MarketSilent,
    SignedOut,
    SteamSilent,
    Unpaired,
)
from tradepost.agent.home import Place
from tradepost.agent.journal import Journal
from tradepost.agent.market import Market
from tradepost.agent.settings import AgentSettings
from tradepost.agent.steam_session import SteamTradeSession

WORK_SECONDS = 1.0  # between two rounds of work, when nothing calls for one sooner
BEAT_SECONDS_MIN = 0.2  # between two heartbeats, whatever happens
RETRY_SECONDS_MAX = 30.0  # between two attempts to reach a market that is not there
LISTEN_SECONDS = 5.0  # before a stream that broke is opened anew
FAULT_SECONDS = 10.0  # after a fault of our own
TIDY_SECONDS = 86_400.0
GRACE_SECONDS = 8.0  # for work under way when the program is told to stop

log = logging.getLogger("tradepost.agent")


async def run_all(places: list[Place], settings: AgentSettings, stop: asyncio.Event) -> list[str]:
    """Run the accounts until told to stop; return why any of them stopped by itself, a sentence each."""
    outcomes = await asyncio.gather(*(run(place, settings, stop) for place in places), return_exceptions=True)
    sentences = []
    for place, outcome in zip(places, outcomes, strict=True):
        if isinstance(outcome, Unpaired):
            sentences.append(f"{place.steamid}: the market does not know this program any more ({outcome}).")
        elif isinstance(outcome, AgentError | sqlite3.Error):
            sentences.append(f"{place.steamid}: {outcome}")
        elif isinstance(outcome, BaseException):
            raise outcome
    return sentences


async def run(place: Place, settings: AgentSettings, stop: asyncio.Event) -> None:
    """Run one account until told to stop; raises Unpaired when the market does not know it any more."""
    async with opened(place, settings, stop) as account:
        account.journal.woken(account.real_now())
        await account.refresh_session()
        tasks = [asyncio.create_task(each(account)) for each in (beat, work, listen)]
        stopping = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
        account.beat_now.set()
        account.work_now.set()
        # What is on its way to Steam may end; what cannot is cut, and looked for after the next start.
        if stopping in done:
            await asyncio.wait(tasks[:2], timeout=GRACE_SECONDS)
        for task in (*tasks, stopping):
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        if stop.is_set():
            with suppress(MarketSilent, MarketRefused, Unpaired):
                await account.market.offline()
                account.say("said good-bye to the market.")
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome


@asynccontextmanager
async def opened(place: Place, settings: AgentSettings, stop: asyncio.Event) -> AsyncIterator[Account]:
    """Open an account's journal and its way to the market; close both at the end."""
    pairing = place.pairing()
    if pairing is None:
        raise AgentError(f"{place.steamid} is not paired.")
    journal = Journal(place.journal_path)
    try:
        async with Market(pairing.market_url, pairing.agent_token, settings.market_timeout_seconds) as market:
            account = Account(place, settings, pairing, journal, market, stop)
            try:
                yield account
            finally:
                await account.close_steam()
    finally:
        journal.close()


# Heartbeats ------------------------------------------------------------------------------------------


async def beat(account: Account) -> None:
    """Tell the market how we are, at least twice in the time that it lets us be silent."""
    wait, was_silent = 1.0, False
    while not account.stop.is_set():
        account.beat_now.clear()
        try:
            orders = await account.market.heartbeat(account.heartbeat())
        except (MarketSilent, MarketRefused) as error:
            if not was_silent:
                account.say(f"{error}; trying again.", logging.WARNING)
            was_silent, wait = True, min(wait * 2, RETRY_SECONDS_MAX)
            await _pause(account.stop, wait)
            continue
        if was_silent:
            account.say("the market is there again.")
        wait, was_silent = 1.0, False
        account.take(orders)
        account.work_now.set()
        await _pause(account.stop, BEAT_SECONDS_MIN)
        await _pause(account.beat_now, min(account.ttl_seconds / 2, account.settings.heartbeat_seconds_max))


async def listen(account: Account) -> None:
    """Let the market wake us between two heartbeats; without it everything happens, only later."""
    while not account.stop.is_set():
        with suppress(MarketSilent):
            async with aclosing(account.market.wake_ups()) as wake_ups:
                async for _ in wake_ups:
                    account.beat_now.set()
        await _pause(account.stop, LISTEN_SECONDS)


async def _pause(event: asyncio.Event, seconds: float) -> None:
    # Not wait_for: it swallows a cancellation that comes together with the event.
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


# Work ------------------------------------------------------------------------------------------------

Deed = Callable[[Account, SteamTradeSession], Awaitable[None]]
DEEDS: tuple[Deed, ...]


async def work(account: Account) -> None:
    """Do what waits, round after round. A fault of our own stops the selling, not the program."""
    tidied_at = 0.0
    while not account.stop.is_set():
        account.work_now.clear()
        if account.real_now() - tidied_at > TIDY_SECONDS:
            tidied_at = account.real_now()
            account.journal.forget_old(tidied_at)
        try:
            await work_once(account)
        except (AgentError, Unpaired, sqlite3.Error):
            raise
        except Exception:
            log.exception("%s: a fault of this program; nothing is sold until it passes", account.steamid)
            account.has_fault = True
            account.beat_now.set()
            await _pause(account.stop, FAULT_SECONDS)
        else:
            account.has_fault = False
        await _pause(account.work_now, min(WORK_SECONDS, account.settings.poll_seconds_min))


async def work_once(account: Account) -> None:
    """Do one round: what is known is told first, then cancels, searches, creates, and looks."""
    await reporting.tell_results(account)
    await account.refresh_session()
    steam = account.steam
    if steam is None or account.blocking not in (None, REPLACED):
        return
    if account.quiet_until > account.monotonic():
        return
    for deed in DEEDS:
        if account.stop.is_set():
            return
        if deed is sending.send_all and account.blocking == REPLACED:
            continue
        try:
            await deed(account, steam)
        except SignedOut as error:
            account.signed_out(str(error))
            return
        except SteamSilent as error:
            account.say(f"{error}.", logging.WARNING)
            account.be_quiet(error)
            break
        except (MarketSilent, MarketRefused) as error:
            account.say(f"{error}.", logging.WARNING)
    await reporting.tell_results(account)


# What may cost money comes first; what was begun is settled before anything new is.
DEEDS = (
    searching.cancel_all,
    searching.resolve,
    sending.send_all,
    confirming.confirm_all,
    looking.look,
    reporting.report_inventories,
    reporting.refuse_unknown,
)
