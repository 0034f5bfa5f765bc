"""What people do who have a Steam: programs send and cancel, or say so; buyers accept; some take back; workers look.

Unlike in deeds.py what is said can be held against what is: an honest program says what is on Steam, a lying one
what would pay its user.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from simulation.deeds import DAY, HOUR, MINUTE, Act, Deed, all_of, buy, buy_again
from simulation.steam_town import COMPLETE, KINDS, LIVE, SteamTown
from tradepost import worker
from tradepost.app import App
from tradepost.market import cases, directives, housekeeping, reports, sightings, trades, watching
from tradepost.market.agents import Agent
from tradepost.market.directives import Directive, message_of
from tradepost.market.reports import Answer, InventorySeen
from tradepost.market.sightings import SeenItem, Sighting
from tradepost.market.trade_view import TradeView
from tradepost.market.watching import Watched
from tradepost.rules.refusals import Refusal
from tradepost.rules.trade import PUBLIC, Ruled

Plan = Callable[[SteamTown], Deed | None]
ROUNDS_MAX = 80


def list_item(town: SteamTown) -> Deed:
    """A seller gets an item and lists it, or a merchant does for him."""
    draw, seller = town.draw, town.draw.choice(town.sellers)
    payee, kind, price = (
        draw.choice([seller, *town.merchants]),
        draw.randrange(len(KINDS)),
        draw.choice([20, 60, 100]),
    )
    return Deed(
        f"{seller.id} lists {KINDS[kind]} for {price} through {payee.id}",
        lambda: town.list_item(seller.id, seller.steamid, payee.id, kind, price),
    )


# Sellers' programs -----------------------------------------------------------------------------------


def work_off(town: SteamTown) -> Deed:
    """A seller's program asks what to do and does it: truly, or as a liar would."""
    draw, app, agent = town.draw, town.app(), town.draw.choice(town.sellers_agents)
    lies = not town.is_honest(agent.account_id) and draw.random() < 0.6
    loses_answer, how = draw.random() < 0.15, draw.random()

    async def act() -> None:
        async with town.busy.setdefault(agent.id, asyncio.Lock()):  # a program does one thing after another
            for order in await directives.lease(app, agent):
                answer = await (_lie(town, agent, order, how) if lies else _obey(town, agent, order))
                if isinstance(answer, InventorySeen):
                    await reports.inventory_seen(app, agent, answer)
                elif not loses_answer:
                    await reports.answered(app, agent, answer)

    return Deed(f"the program of {agent.account_id} {'lies' if lies else 'works'}", act)


async def _obey(town: SteamTown, agent: Agent, order: Directive) -> Answer | InventorySeen:
    """What an honest program does with an order, and says: each offer is made once, as its message tells."""
    if order.action == "report_inventory":
        return await _look_at_own(town, agent, order)
    view = town.views.get(order.trade_id or 0) or await trades.read(town.db, order.trade_id or 0)
    assert view is not None
    if order.action == "create_offer":
        return await _create(town, agent, order, view)
    named = order.body["steam_tradeofferid"]
    offer = await _offer_of(town, view, named)
    if offer is None:
        # A liar made the named one up, of whom there is only the truth to be told in the end.
        return Answer(order.id, "absent") if named is None else _says(order, view, named, 6)
    if order.action == "cancel_offer" and offer["state"] in LIVE:
        with suppress(AssertionError):  # the buyer was faster
            await town.sim.control("POST", f"/_sim/offers/{offer['id']}/cancel")
        offer = await town.sim.control("GET", f"/_sim/offers/{offer['id']}")
    return _says(order, view, offer["id"], offer["state"])


async def _create(town: SteamTown, agent: Agent, order: Directive, view: TradeView) -> Answer:
    """Look for the offer, and make it if there is none and the lease is not over: no time passes in between."""
    async with town.sending:
        offer = await _offer_of(town, view)
        if offer is None and town.hand.real >= order.leased_until:
            return Answer(order.id, "deferred", cause="other")
        if offer is None and view.assetid not in await town.inventory(agent.steamid):
            return Answer(order.id, "failed", cause="items_gone")
        offer = offer or await _send(town, view)
    if offer is None:
        return Answer(order.id, "deferred", cause="partner_limit")
    return _says(order, view, offer["id"], offer["state"])


async def _offer_of(town: SteamTown, view: TradeView, named: str | None = None) -> dict[str, Any] | None:
    """The trade's newest offer on Steam, or the one of this id."""
    offers = (await town.steam_offers()).get(message_of(view.trade.id), [])
    return next((one for one in offers if named in (None, one["id"])), None)


async def _send(town: SteamTown, view: TradeView) -> dict[str, Any] | None:
    order = {
        "from": view.seller_steamid, "to": view.trade.buyer_steamid, "give": [view.assetid],
        "message": message_of(view.trade.id),
    }  # fmt: skip
    try:
        made: dict[str, Any] = await town.sim.control("POST", "/_sim/offers", order)
    except AssertionError:  # Steam's own refusal
        return None
    return made


def _says(order: Directive, view: TradeView, offerid: str, code: int) -> Answer:
    items = (SeenItem(view.appid, view.contextid, view.assetid),)
    return Answer(order.id, "success", offerid, view.trade.buyer_steamid, items, code)


async def _look_at_own(town: SteamTown, agent: Agent, order: Directive) -> InventorySeen:
    there = await town.inventory(agent.steamid)
    body = order.body
    return InventorySeen(order.id, body["appid"], int(body["contextid"]), set(there), True)


async def _lie(town: SteamTown, agent: Agent, order: Directive, how: float) -> Answer | InventorySeen:
    """What a lying program does: it says sent and does not send, or sends and says refused, or cancelled and is not."""
    view = town.views.get(order.trade_id or 0)
    if order.action == "report_inventory" or view is None:
        return await _obey(town, agent, order)
    made_up = str(9_000_000_000 + view.trade.id)
    if order.action == "create_offer":
        if how < 0.5:
            return _says(order, view, made_up, 2)
        await _send(town, view)
        return Answer(order.id, "failed", cause="other") if how < 0.8 else Answer(order.id, "absent")
    known = view.trade.steam_tradeofferid
    return Answer(order.id, "absent") if known is None else _says(order, view, known, 6)


def watch(town: SteamTown) -> Deed:
    """A seller's program looks at what the market wants watched, and tells what it sees, or what it would like."""
    draw, app, agent = town.draw, town.app(), town.draw.choice(town.sellers_agents)
    lies = not town.is_honest(agent.account_id) and draw.random() < 0.7
    how, history_lags = draw.random(), draw.random() < 0.2

    async def act() -> None:
        for row in await watching.watched(app, agent):
            told = await (
                _made_up(town, agent, row, how) if lies else _seen(town, row, history_lags=history_lags)
            )
            if told is not None:
                await sightings.seen(app, agent, told)

    return Deed(f"the program of {agent.account_id} {'makes up' if lies else 'tells'} what it sees", act)


async def _seen(town: SteamTown, row: Watched, *, history_lags: bool = False) -> Sighting | None:
    """What is on Steam of a trade, with its exchange if there was one and Steam's history shows it yet."""
    if row.role != "seller":
        return None
    offers = (await town.steam_offers()).get(message_of(row.trade_id), [])
    offer = next((one for one in offers if one["id"] == row.steam_tradeofferid), None)
    if offer is None:
        return None
    exchange = None if history_lags else (await town.exchanges()).get(offer["tradeid"] or "")
    return _sighting(
        town, row, "offer" if exchange is None or offer["state"] != 3 else "history", offer["state"],
        tradeid=offer["tradeid"], new_assetid=exchange["give"][0].get("new_assetid") if exchange else None,
        settles_at=datetime.fromtimestamp(exchange["time_settlement"], UTC)
        if exchange and exchange["time_settlement"] else None,
    )  # fmt: skip


def _sighting(
    town: SteamTown, row: Watched, axis: Any, code: int, *, tradeid: str | None, new_assetid: str | None,
    settles_at: datetime | None,
) -> Sighting:  # fmt: skip
    return Sighting(
        trade_id=row.trade_id, axis=axis, code=code, partner_steamid=row.partner_steamid,
        items=(SeenItem(row.appid, row.contextid, row.assetid, new_assetid),),
        steam_tradeofferid=row.steam_tradeofferid, steam_tradeid=tradeid, observed_at=town.apps[0].now(),
        time_settlement=settles_at,
    )  # fmt: skip


async def _made_up(town: SteamTown, agent: Agent, row: Watched, how: float) -> Sighting | None:
    """The lie that pays best: accepted as early as can be, under an asset that the buyer has, settled too early."""
    if row.role != "seller":
        return None
    view = town.views.get(row.trade_id)
    if view is None:
        return None
    if how > 0.85:
        return _sighting(
            town, row, "offer", 12 if how > 0.97 else 7, tradeid=None, new_assetid=None, settles_at=None
        )
    has = await town.inventory(row.partner_steamid)
    alike = [assetid for assetid, item in has.items() if item["market_hash_name"] == view.market_hash_name]
    accepted_at = view.trade.accepted_at or view.trade.claimed_at
    return _sighting(
        town, row, "history" if accepted_at else "offer", 3, tradeid=row.steam_tradeid or f"66{row.trade_id}",
        new_assetid=max(alike, key=int, default=None),
        settles_at=accepted_at + timedelta(days=7) - timedelta(minutes=29) if accepted_at else None,
    )  # fmt: skip


# Customers, and who takes back -----------------------------------------------------------------------


def answer_offer(town: SteamTown) -> Deed:
    """A customer accepts an offer that came to him, or declines it."""
    draw, word = town.draw, "accept" if town.draw.random() < 0.8 else "decline"
    chance = draw.random()

    async def act() -> None:
        live = [
            one for offers in (await town.steam_offers()).values() for one in offers if one["state"] in LIVE
        ]
        if live:
            offer = live[int(chance * len(live))]
            with suppress(AssertionError):  # Steam's own refusal
                await town.sim.control("POST", f"/_sim/offers/{offer['id']}/{word}")

    return Deed(f"a customer is to {word}", act)


def take_back(town: SteamTown) -> Deed:
    """Somebody takes an exchange back that Steam still protects, or all of his: most of all a seller who was paid."""
    chance, by_seller = town.draw.random(), town.draw.random() < 0.8
    wants, takes_all = town.draw.random() < 0.5, town.draw.random() < 0.3

    async def act() -> None:
        now = (await town.sim.control("GET", "/_sim/clock"))["now"]
        found = [
            one
            for one in (await town.exchanges()).values()
            if (one["time_settlement"] or 0) > now and not one["rollback_trade"] and one["status"] == COMPLETE
        ]
        paid = {
            view.assetid
            for view in (await trades.read_many(town.db, list(town.views))).values()
            if view.trade.state == "finished"
        }
        eager = [one for one in found if one["give"][0]["assetid"] in paid]
        if eager or (found and wants):
            one = (eager or found)[int(chance * len(eager or found))]
            is_seller = by_seller and one["from"] != town.sellers[0].steamid
            with suppress(AssertionError):  # somebody else was faster
                await town.sim.control(
                    "POST",
                    f"/_sim/trades/{one['id']}/reverse",
                    {"by": one["from"] if is_seller else one["to"], "all": takes_all},
                )

    return Deed("somebody takes an exchange back", act)


def close_curtains(town: SteamTown) -> Deed:
    """Somebody hides his inventory, or shows it again."""
    person, private = town.draw.choice([*town.customers, *town.sellers[1:]]), town.draw.random() < 0.4
    return Deed(
        f"{person.id} {'hides' if private else 'shows'} his inventory",
        lambda: town.sim.control("POST", f"/_sim/users/{person.steamid}", {"private": private}),
    )


# The market ----------------------------------------------------------------------------------------------


def attend(town: SteamTown) -> Deed:
    """One worker attends to what is due, or two at once, with looks at Steam."""
    apps = town.apps if town.draw.random() < 0.4 else [town.app()]
    acts: list[Act] = [partial(_work, app) for app in apps]
    return Deed(f"{len(apps)} workers attend", lambda: all_of(acts))


async def _work(app: App) -> None:
    await worker.remember(app)
    await worker.attend(app)


def time_passes(town: SteamTown) -> Deed:
    """Seconds go by, and the sellers' programs are heard of."""
    seconds = town.draw.choice([5, 21, 61, 130])

    async def act() -> None:
        await town.pass_time(seconds)
        await town.everybody_is_there()

    return Deed(f"{seconds} seconds go by", act)


def clock_jumps(town: SteamTown) -> Deed:
    """The sandbox moves the clock of market and Steam."""
    seconds = town.draw.choice([5 * MINUTE, 11 * MINUTE, 16 * MINUTE, 31 * MINUTE, HOUR, DAY, 6 * DAY])
    return Deed(f"the clock jumps by {seconds}", lambda: town.advance(seconds))


DEEDS: dict[Plan, int] = {
    list_item: 10,
    buy: 16,
    buy_again: 2,
    work_off: 22,
    watch: 16,
    answer_offer: 12,
    take_back: 4,
    close_curtains: 2,
    attend: 16,
    time_passes: 8,
    clock_jumps: 5,
}


# The end ---------------------------------------------------------------------------------------------------


async def settle_dust(town: SteamTown) -> None:
    """Let time pass until all is over: everybody shows his inventory, and an operator who knows the truth decides."""
    app = town.apps[0]
    for person in town.people:
        await town.sim.control("POST", f"/_sim/users/{person.steamid}", {"private": False})
    for number in range(ROUNDS_MAX):
        await town.advance(town.draw.choice([11 * MINUTE, HOUR + 1, DAY, 3 * DAY]))
        await town.pass_time(200)
        await town.everybody_is_there()
        await town.look()
        for agent in town.sellers_agents:
            await _be_honest(town, app, agent)
        while await worker.attend(app):
            pass
        await _rule_truly(town, app)
        await housekeeping.close_cases(app)
        await town.look()
        over = (view.trade.ended_at and not view.trade.offer_maybe_live for view in town.views.values())
        if number > 2 and all(over):
            break
    await town.advance(HOUR)
    await housekeeping.close_cases(app)
    await _rule_truly(town, app)
    await town.look()


async def _be_honest(town: SteamTown, app: App, agent: Agent) -> None:
    for row in await watching.watched(app, agent):
        if told := await _seen(town, row):
            await sightings.seen(app, agent, told)
    for order in await directives.lease(app, agent):
        if order.action == "create_offer":
            continue  # nobody sends any more: the time for it passes
        answer = await _obey(town, agent, order)
        if isinstance(answer, InventorySeen):
            await reports.inventory_seen(app, agent, answer)
        else:
            await reports.answered(app, agent, answer)


async def _rule_truly(town: SteamTown, app: App) -> None:
    for case in await cases.open_cases(app):
        view = await trades.read(town.db, case.trade_id)
        assert view is not None
        with suppress(Refusal):
            if PUBLIC[view.trade.state] != "active":
                await cases.close(app, case.trade_id, by="town", reason="the end")
                continue
            there = await town.is_delivered(view)
            waits = view.trade.state in ("sending", "needs_confirmation", "sent")
            verdict: Any = ("deliver" if there else "refund") if waits else ("settle" if there else "reverse")
            await cases.rule(app, case.trade_id, Ruled(verdict), by="town", reason="it is so")
