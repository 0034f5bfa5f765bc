"""What people in town do, legal or not: each deed is planned from what was last seen, then done by the market's verbs.

A plan draws all that it needs and returns what is to be done, so that deeds done at once still come from the seed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from simulation.town import PROJECTS, Person, Town
from stock import purchase, wish
from tradepost import worker
from tradepost.app import App
from tradepost.db import Record
from tradepost.market import (
    bans,
    buy_orders,
    cases,
    clock,
    directives,
    feed,
    housekeeping,
    ledger,
    merchants,
    offers,
    reports,
    sightings,
    trades,
    witness,
)
from tradepost.market.agents import Agent
from tradepost.market.buying import Buy
from tradepost.market.directives import Directive
from tradepost.market.offers import Reprice
from tradepost.market.reports import Answer, InventorySeen
from tradepost.market.sightings import SeenItem, Sighting
from tradepost.market.trade_view import TradeView
from tradepost.rules.refusals import Refusal
from tradepost.rules.trade import (
    DELIVERED,
    Delivered,
    Event,
    LookFailed,
    Ruled,
    SendCause,
    Settled,
    State,
    TakenBack,
)
from tradepost.worker import Claim

Act = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Deed:
    """Something about to be done, and how it reads in a report."""

    words: str
    act: Act


Plan = Callable[[Town], Deed | None]

# What an honest program would see next.
NEXT_CODE = {
    State.SENDING: 2,
    State.NEEDS_CONFIRMATION: 2,
    State.SENT: 3,
    State.ACCEPTED: 3,
    State.PROTECTED: 3,
}
MINUTE, HOUR, DAY = 60, 3_600, 86_400
SEND_CAUSES = (*(cause.value for cause in SendCause), "timeout_unknown", "service_down", "floor", "nonsense")
CODES = (*(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12) * 2, 2, 3, 3, 11, 77)


# Offers ----------------------------------------------------------------------------------------------


def list_item(town: Town) -> Deed | None:
    """A seller, or a merchant for him, puts an item on sale."""
    draw, seller = town.draw, town.draw.choice(town.sellers)
    payee = draw.choice([seller, *town.merchants])
    project, price = draw.choice(PROJECTS), draw.choice([2, 3, 19, 20, 21, 60, 100, 333])
    certificate = draw.choice(["ab", None])

    async def act() -> None:
        offer = await town.stock.offer(seller.id, price, payee_id=payee.id, project=project)
        await town.db.execute("UPDATE offer SET certificate = $2 WHERE id = $1", offer, certificate)

    return Deed(f"{seller.id} lists a {project} item for {price} through {payee.id}", act)


def _some_offer(town: Town, states: tuple[str, ...]) -> Record | None:
    found = [row for row in town.offers if row["state"] in states]
    return town.draw.choice(found) if found else None


def cancel_offers(town: Town) -> Deed | None:
    """Somebody takes an offer off sale: its owner, or one who has no say in it."""
    offer = _some_offer(town, ("on_sale", "reserved"))
    if offer is None:
        return None
    caller = offer["account_id"] if town.draw.random() < 0.8 else town.draw.choice(town.people).id
    app = town.app()
    return Deed(
        f"{caller} cancels offer {offer['id']}",
        lambda: offers.cancel(app, caller, offer["seller_steamid"], [offer["id"], 999_999]),
    )


def reprice_offers(town: Town) -> Deed | None:
    """An owner changes prices, some of them to nonsense."""
    draw, offer = town.draw, _some_offer(town, ("on_sale", "on_sale", "reserved", "ended"))
    if offer is None:
        return None
    app, price = town.app(), draw.choice([1, 2, 50, 100, 101, 3_000, 3_001])
    rows = [Reprice(offer["id"], price)]
    return Deed(
        f"offer {offer['id']} is repriced to {price}",
        lambda: offers.reprice(app, offer["account_id"], offer["seller_steamid"], rows),
    )


def grants_change(town: Town) -> Deed | None:
    """A seller takes a grant back, or gives one."""
    draw, app = town.draw, town.app()
    seller, merchant, takes = draw.choice(town.sellers), draw.choice(town.merchants), draw.random() < 0.4

    async def act() -> None:
        async with app.db.transaction() as tx:
            if takes:
                ended = await merchants.revoke_grant(tx, merchant.id, seller.id, app.now())
            else:
                await merchants.grant(tx, merchant.id, seller.id, "page", app.now())
                ended = []
        await feed.tell(app, ended)

    return Deed(f"{seller.id} {'takes back' if takes else 'gives'} {merchant.id}'s grant", act)


# Buying ----------------------------------------------------------------------------------------------


def buy(town: Town) -> Deed | None:
    """A merchant buys for a customer, or a customer for himself."""
    draw, offer = (
        town.draw,
        _some_offer(town, ("on_sale",) if town.draw.random() < 0.9 else ("sold", "ended")),
    )
    if offer is None:
        return None
    buyer = draw.choice([*town.merchants, *town.customers])
    receiver = draw.choice(town.customers)
    wished = wish(
        buyer.id, offer["id"], receiver.steamid, ceiling_cents=draw.choice([None, None, 100, 20]),
        custom_id=draw.choice([None, f"c{draw.randint(1, 60)}"]),
        idempotency_key=draw.choice([None, None, f"k{draw.randint(1, 60)}"]),
    )  # fmt: skip
    town.buys.append(wished)
    return _buy(town, wished)


def buy_again(town: Town) -> Deed | None:
    """Somebody asks again for what he asked before: the very same, or something else under the same key."""
    draw = town.draw
    if not town.buys:
        return None
    wished = draw.choice(town.buys[-20:])
    offer = _some_offer(town, ("on_sale",))
    if offer is not None and draw.random() < 0.4:
        wished = replace(wished, offer_id=offer["id"], digest=bytes([draw.randrange(256)]) * 32)
    return _buy(town, wished)


def buy_at_both_doors(town: Town) -> Deed | None:
    """The same wish comes to both processes at one moment."""
    first = buy(town)
    if first is None:
        return None
    wished = town.buys[-1]
    both = [_buy(town, wished, app) for app in town.apps]
    return Deed(f"twice: {first.words}", lambda: all_of([each.act for each in both]))


def _buy(town: Town, wished: Buy, app: App | None = None) -> Deed:
    chosen = app or town.app()

    async def act() -> None:
        keys = [key for key in (wished.custom_id, wished.idempotency_key) if key is not None]
        view = await purchase(chosen, wished)
        trade = view.trade
        assert trade.digest == wished.digest, f"trade {trade.id} answers for another request"
        assert trade.buyer_id == wished.buyer_id
        assert wished.ceiling_cents is None or trade.price_cents <= wished.ceiling_cents
        for key in keys:
            told = town.bought.setdefault((wished.buyer_id, key), (wished.digest, trade.id))
            assert told == (wished.digest, trade.id), f"{key} was {told} and is {trade.id} now"

    return Deed(
        f"{wished.buyer_id} buys offer {wished.offer_id} as {wished.custom_id}, {wished.idempotency_key}", act
    )


# Buy orders ----------------------------------------------------------------------------------------------


def _some_item(town: Town) -> int | None:
    """An item that somebody sold or sells."""
    found = sorted({row["steam_item_id"] for row in town.offers})
    return town.draw.choice(found) if found else None


def place_order(town: Town) -> Deed | None:
    """Somebody says what he would pay for an item, whether or not he can."""
    draw, app, item = town.draw, town.app(), _some_item(town)
    if item is None:
        return None
    person: Person = draw.choice(town.people)
    price, amount = draw.choice([1, 3, 20, 60, 100, 400]), draw.choice([0, 1, 1, 2, 5])
    return Deed(
        f"{person.id} orders {amount} of item {item} for {price}",
        lambda: buy_orders.place(app, person.id, item, price, amount),
    )


def change_order(town: Town) -> Deed | None:
    """Somebody changes an order of his, or one that he does not have."""
    draw, app, item = town.draw, town.app(), _some_item(town)
    if item is None:
        return None
    person: Person = draw.choice(town.people)
    price, amount = draw.choice([None, 20, 60, 101]), draw.choice([None, 1, 3])
    return Deed(
        f"{person.id} changes his order of item {item} to {amount} for {price}",
        lambda: buy_orders.change(app, person.id, item, price_cents=price, amount=amount),
    )


def remove_order(town: Town) -> Deed | None:
    """Somebody removes an order of his, or one that he does not have."""
    app, item, person = town.app(), _some_item(town), town.draw.choice(town.people)
    if item is None:
        return None
    return Deed(
        f"{person.id} removes his order of item {item}", lambda: buy_orders.remove(app, person.id, item)
    )


def fill_orders(town: Town) -> Deed | None:
    """One worker fills orders, or two at once."""
    apps = town.apps if town.draw.random() < 0.4 else [town.app()]
    acts: list[Act] = [partial(buy_orders.fill_buy_orders, app) for app in apps]
    return Deed(f"{len(apps)} workers fill orders", lambda: all_of(acts))


async def all_of(acts: list[Act]) -> None:
    """Do several things at once; refused or not, each comes to its end."""
    outcomes = await asyncio.gather(*(act() for act in acts), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, Refusal):
            raise outcome


# Sellers' and buyers' programs ---------------------------------------------------------------------------


def lease(town: Town) -> Deed | None:
    """A seller's program asks what it is to do, on one device or on two at once."""
    app, agent = town.app(), town.draw.choice(town.sellers_agents)
    others = [each for each in town.sellers_agents if each.account_id == agent.account_id]
    asking = others if town.draw.random() < 0.2 else [agent]

    async def act() -> None:
        for each in asking:
            town.orders += [(each, one) for one in await directives.lease(app, each)]
        del town.orders[:-60]

    return Deed(f"the program of {agent.account_id} asks what to do", act)


def answer_order(town: Town) -> Deed | None:
    """A program answers an order: truly, falsely, twice, late, or one that was another device's."""
    draw = town.draw
    if not town.orders:
        return None
    agent, order = draw.choice(town.orders)
    if draw.random() < 0.1:
        agent = draw.choice(town.sellers_agents)
    if order.action == "report_inventory":
        return _report_inventory(town, agent, order)
    view = town.views.get(order.trade_id or 0)
    if view is None:
        return None
    answer = _answer(town, order, view)
    app = town.app()
    return Deed(
        f"{agent.device_id} of {agent.account_id} answers {order.action} of trade {order.trade_id}: {answer.status},"
        f" {answer.cause}, offer {answer.steam_tradeofferid} code {answer.code}",
        lambda: reports.answered(app, agent, answer),
    )


def _answer(town: Town, order: Directive, view: TradeView) -> Answer:
    draw = town.draw
    if draw.random() < 0.5 and order.action == "create_offer":
        offer = str(7_000_000_000 + view.trade.id)
        return Answer(order.id, "success", offer, view.trade.buyer_steamid, _items(view))
    made = draw.random() < 0.6
    fits = made or draw.random() < 0.5
    return Answer(
        directive_id=order.id,
        status=draw.choice(("success", "needs_confirmation") if made else ("failed", "deferred", "absent", "unsupported")),
        steam_tradeofferid=_offerid(town, view) if made else None,
        partner_steamid=view.trade.buyer_steamid if fits else None,
        items=_items(view) if fits else (),
        code=draw.choice([None, None, *CODES]) if made and order.action == "create_offer" else draw.choice(CODES),
        cause=draw.choice(SEND_CAUSES),
        retry_seconds=draw.choice([None, 0, 30]),
    )  # fmt: skip


def _offerid(town: Town, view: TradeView) -> str:
    """The trade's own Steam offer, mostly; sometimes that of another trade."""
    number = view.trade.id if town.draw.random() < 0.95 else town.draw.choice(list(town.views))
    return str(7_000_000_000 + number)


def _items(view: TradeView, new_assetid: str | None = None) -> tuple[SeenItem, ...]:
    return (SeenItem(view.appid, view.contextid, view.assetid, new_assetid),)


def _report_inventory(town: Town, agent: Agent, order: Directive) -> Deed:
    draw, app = town.draw, town.app()
    asked: list[str] = order.body["assetids"]
    present = frozenset(asset for asset in asked if draw.random() < 0.8)
    seen = InventorySeen(
        order.id, order.body["appid"], int(order.body["contextid"]), present, draw.random() < 0.5
    )
    return Deed(
        f"{agent.account_id} reports {len(present)} of {len(asked)} items",
        lambda: reports.inventory_seen(app, agent, seen),
    )


def _some_view(town: Town, *, ended: float = 0.15) -> TradeView | None:
    over = (State.FINISHED, State.CANCELLED, State.REVERSED)
    wants_ended = town.draw.random() < ended
    found = [view for view in town.views.values() if (view.trade.state in over) == wants_ended]
    return town.draw.choice(found) if found else None


def seller_sees(town: Town) -> Deed | None:
    """A seller's program tells of an offer or an exchange: what it likes, of a trade of its user's or another."""
    draw, view = town.draw, _some_view(town)
    if view is None:
        return None
    own = [each for each in town.sellers_agents if each.account_id == view.trade.seller_id]
    agent = draw.choice(own if draw.random() < 0.95 else town.sellers_agents)
    return _sees(town, agent, view, draw.choice(CODES), view.trade.buyer_steamid)


def buyer_sees(town: Town) -> Deed | None:
    """A buyer's program tells of an offer, mostly that it was accepted."""
    draw, view = town.draw, _some_view(town)
    if view is None:
        return None
    return _sees(
        town, draw.choice(town.buyers_agents), view, draw.choice([3, 3, 3, 2, 7, 12]), view.seller_steamid
    )


def _sees(town: Town, agent: Agent, view: TradeView, code: int, partner: str) -> Deed:
    draw, app, trade = town.draw, town.app(), view.trade
    if draw.random() < 0.5 and trade.state in NEXT_CODE:
        code = NEXT_CODE[trade.state]
    new_assetid = draw.choice([None, str(50_000_000_000 + trade.id), "50000000001"])
    settles_at = (trade.accepted_at or app.now()) + timedelta(
        days=draw.choice([-1, 0, 1, 6.9, 7, 7.1, 8, 29, 31])
    )
    sighting = Sighting(
        trade_id=trade.id, axis=draw.choice(["offer", "offer", "history"]), code=code, partner_steamid=partner,
        items=_items(view, new_assetid), steam_tradeofferid=_offerid(town, view),
        steam_tradeid=draw.choice([None, str(4_100_000_000 + trade.id), str(4_100_000_000 + trade.id), "41"]),
        observed_at=app.now() - timedelta(seconds=draw.choice([0, 30, 400])),
        time_settlement=draw.choice([None, settles_at]),
        rollback_trade=str(4_100_000_000 + trade.id) if draw.random() < 0.03 else None,
    )  # fmt: skip
    return Deed(
        f"{agent.device_id} of {agent.account_id} sees trade {trade.id}: {sighting.axis} {code}, new {new_assetid},"
        f" tradeid {sighting.steam_tradeid}, settles {sighting.time_settlement}",
        lambda: sightings.seen(app, agent, sighting),
    )


# The worker ------------------------------------------------------------------------------------------------


def attend(town: Town) -> Deed | None:
    """One worker attends to what is due, or two at once; what they see on Steam is chance."""
    both = town.draw.random() < 0.4
    apps = town.apps if both else [town.app()]
    chances = [random_look(town) for _ in apps]
    acts: list[Act] = [partial(attend_to_all, app, chance) for app, chance in zip(apps, chances, strict=True)]
    return Deed(f"{len(apps)} workers attend", lambda: all_of(acts))


Look = Callable[[TradeView], Event]


def random_look(town: Town, *, sees: float = 0.45) -> Look:
    """What a look at Steam shows, as far as chance has it."""
    chances = [town.draw.random() for _ in range(8)]
    initiator: Any = town.draw.choice([None, "seller", "buyer"])
    reason = town.draw.choice(["the inventory is private", "Steam is silent"])

    def look(view: TradeView) -> Event:
        chance = chances[view.trade.id % len(chances)]
        if chance > sees + 0.1:
            return LookFailed(reason)
        if view.trade.state not in DELIVERED:
            return Delivered(str(50_000_000_000 + view.trade.id))
        return Settled() if chance < sees else TakenBack(initiator)

    return look


async def attend_to_all(app: App, look: Look) -> None:
    """Attend to what is due."""
    for claimed in await worker.claim(app):
        await attend_by_chance(app, look, claimed)


async def attend_by_chance(app: App, look: Look, claimed: Claim) -> None:
    """Attend as the worker does, with chance in Steam's place."""
    view = await trades.read(app.db, claimed.id)
    assert view is not None
    if worker.looks_at_steam(app, view):
        await worker.tell(app, claimed, look(view))
    else:
        await worker.pass_deadline(app, claimed)


def late_look(town: Town) -> Deed | None:
    """A worker that was away for long tells what it saw of a trade that moved on meanwhile."""
    view, app = _some_view(town), town.app()
    if view is None:
        return None
    event = random_look(town)(view)
    claimed = Claim(view.trade.id, app.now())
    return Deed(f"a late look at trade {view.trade.id}: {event}", lambda: worker.tell(app, claimed, event))


def note_baseline(town: Town) -> Deed | None:
    """A worker read what a buyer had before."""
    view, app = _some_view(town), town.app()
    if view is None:
        return None
    return Deed(
        f"what the buyer of trade {view.trade.id} had is noted",
        lambda: witness.note_before(app, view.trade.id, ["1"]),
    )


# Operators and time ----------------------------------------------------------------------------------------


def rule(town: Town) -> Deed | None:
    """An operator rules, of whatever trade."""
    draw, view, app = town.draw, _some_view(town), town.app()
    if view is None:
        return None
    causer: Any = draw.choice([None, "seller", "buyer"])
    ruling = Ruled(draw.choice(["refund", "deliver", "settle", "reverse"]), causer)
    return Deed(
        f"an operator rules on trade {view.trade.id}: {ruling}",
        lambda: cases.rule(app, view.trade.id, ruling, by="town", reason="so it is"),
    )


def close_case(town: Town) -> Deed | None:
    """An operator closes a case without a ruling."""
    view, app = _some_view(town, ended=0.6), town.app()
    if view is None:
        return None
    return Deed(
        f"the case of trade {view.trade.id} is closed",
        lambda: cases.close(app, view.trade.id, by="town", reason="seen to"),
    )


def ban(town: Town) -> Deed | None:
    """An operator bans somebody, or lifts his bans."""
    draw, app = town.draw, town.app()
    person, side = draw.choice(town.people), draw.choice(["seller", "buyer"])
    lifts, hours = draw.random() < 0.5, draw.randint(1, 30)

    async def act() -> None:
        async with app.db.transaction() as tx:
            if lifts:
                await bans.lift(tx, person.steamid, side, app.now())  # type: ignore[arg-type] # one of the two
            else:
                await bans.ban(tx, person.steamid, side, "test", app.now(), timedelta(hours=hours))  # type: ignore[arg-type] # one of the two

    return Deed(f"{person.id}'s {side} bans are {'lifted' if lifts else 'one more'}", act)


def deposit(town: Town) -> Deed | None:
    """Somebody tops up, maybe for the second time by the same reference."""
    draw, app = town.draw, town.app()
    person: Person = draw.choice([*town.merchants, *town.customers])
    reference = f"{person.id}-{draw.randint(1, 5)}"

    async def act() -> None:
        async with app.db.transaction() as tx:
            await ledger.deposit(tx, person.id, 300, reference, app.now())

    return Deed(f"{person.id} tops up by {reference}", act)


def keep_house(town: Town) -> Deed | None:
    """The worker's chores that ask nobody."""
    chore = town.draw.choice(
        [housekeeping.end_offers_of_banned, housekeeping.close_cases, housekeeping.forget_changes]
    )
    app = town.app()
    return Deed(chore.__name__, lambda: chore(app))


def time_passes(town: Town) -> Deed | None:
    """Seconds or minutes go by, and the sellers' programs are heard of."""
    seconds = town.draw.choice([1, 5, 20, 61, 200, 10 * MINUTE])

    async def act() -> None:
        await town.pass_time(seconds)
        await town.everybody_is_there()

    return Deed(f"{seconds} seconds go by", act)


def clock_jumps(town: Town) -> Deed | None:
    """The sandbox moves the market's clock; the other process hears of it when it does."""
    app, seconds = town.app(), town.draw.choice([16 * MINUTE, 31 * MINUTE, HOUR + 1, 3 * HOUR, DAY, 7 * DAY])
    return Deed(f"the clock jumps by {seconds}", lambda: clock.advance(app, seconds))


DEEDS: dict[Plan, int] = {
    list_item: 12,
    buy: 20,
    buy_again: 3,
    buy_at_both_doors: 2,
    place_order: 6,
    change_order: 1,
    remove_order: 1,
    fill_orders: 8,
    cancel_offers: 1,
    reprice_offers: 2,
    grants_change: 1,
    lease: 15,
    answer_order: 15,
    seller_sees: 16,
    buyer_sees: 3,
    attend: 14,
    late_look: 2,
    note_baseline: 1,
    rule: 2,
    close_case: 1,
    ban: 1,
    deposit: 2,
    keep_house: 3,
    time_passes: 8,
    clock_jumps: 2,
}


# The end ---------------------------------------------------------------------------------------------------

ROUNDS_MAX = 60


async def settle_dust(town: Town) -> None:
    """Let time pass until all is over: workers see everything, operators rule, and programs are honest, or silent first."""
    silent_rounds = town.draw.choice([0, 0, 20])
    app = town.apps[0]
    async with town.db.transaction() as tx:
        for person in town.people:
            await buy_orders.end_all(tx, person.id, app.now())
    for number in range(ROUNDS_MAX):
        await clock.advance(app, town.draw.choice([HOUR + 1, 6 * HOUR, DAY, 3 * DAY]))
        await town.pass_time(200)
        await town.everybody_is_there()
        while claims := await worker.claim(app):
            for claimed in claims:
                await attend_by_chance(app, random_look(town, sees=1.0), claimed)
        if number >= silent_rounds:
            for agent in town.sellers_agents:
                await _obey(app, agent)
        await _rule_all(app)
        await housekeeping.close_cases(app)
        await town.look()
        if number > silent_rounds and all(view.trade.ended_at for view in town.views.values()):
            break
    for agent in town.sellers_agents:
        await _obey(app, agent)
    await town.pass_time(10 * MINUTE)
    for agent in town.sellers_agents:
        await _obey(app, agent)
    await _rule_all(app)
    await town.look()


async def _obey(app: App, agent: Agent) -> None:
    """An honest program whose user is away: it sends nothing more, and cancels what it is told to."""
    for order in await directives.lease(app, agent):
        if order.action == "report_inventory":
            body = order.body
            seen = InventorySeen(order.id, body["appid"], int(body["contextid"]), set(body["assetids"]), True)
            await reports.inventory_seen(app, agent, seen)
            continue
        view = await trades.read(app.db, order.trade_id or 0)
        assert view is not None
        offer = view.trade.steam_tradeofferid
        told = Answer(order.id, "absent")
        if offer is not None:
            told = Answer(order.id, "success", offer, view.trade.buyer_steamid, _items(view), 6)
        await reports.answered(app, agent, told)


async def _rule_all(app: App) -> None:
    """An operator goes through his cases."""
    for case in await cases.open_cases(app):
        for verdict in ("settle", "refund", "reverse"):
            with suppress(Refusal):
                await cases.rule(app, case.trade_id, Ruled(verdict), by="town", reason="the end")
                break
        else:
            with suppress(Refusal):  # a trade whose protection is not over yet waits
                await cases.close(app, case.trade_id, by="town", reason="the end")
