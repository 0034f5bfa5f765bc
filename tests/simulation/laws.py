"""What must hold in town whatever happens: each law looks at what was seen, and says in a sentence what breaks it."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from simulation.town import Person, Town
from tradepost.app import App
from tradepost.db import Record
from tradepost.market import feed, ledger
from tradepost.market.shelf import Query
from tradepost.market.trade_view import TradeView
from tradepost.rules.games import GAMES
from tradepost.rules.money import fee_cents
from tradepost.rules.trade import PUBLIC, State, Trade

DEAD = {4, 5, 6, 7, 8, 10}
ACCEPTED, REVERTED = 3, 12
WAITING = {"sending", "needs_confirmation", "sent"}
DELIVERED = {"accepted", "protected"}
# What may lead from one state to another. A refund is a way to `cancelled` or `reversed`.
WAYS: dict[tuple[str | None, str], set[str]] = {
    (None, "created"): {"bought"},
    ("created", "sending"): {"leased"},
    ("sending", "created"): {"send_refused", "offer_absent"},
    ("created", "needs_confirmation"): {"offer_seen"},
    ("sending", "needs_confirmation"): {"offer_seen"},
    **{(state, "sent"): {"offer_seen"} for state in ("created", "sending", "needs_confirmation")},
    **{(state, "accepted"): {"delivered", "ruled"} for state in ("created", *WAITING, "cancelled")},
    ("accepted", "protected"): {"deadline", "settlement_known"},
    ("accepted", "finished"): {"settled", "ruled"},
    ("protected", "finished"): {"settled", "ruled"},
    ("created", "cancelled"): {"deadline", "ruled"},
    ("sending", "cancelled"): {"send_refused", "offer_absent", "offer_seen", "ruled"},
    ("needs_confirmation", "cancelled"): {"offer_seen", "ruled"},
    ("sent", "cancelled"): {"offer_seen", "ruled"},
    **{(state, "reversed"): {"taken_back", "offer_seen", "ruled"} for state in (*WAITING, *DELIVERED)},
}


async def broken(town: Town) -> list[str]:
    """Every law that is broken now, a sentence each."""
    found = [fault for view in town.views.values() for fault in _of_trade(town, view)]
    found += list(_of_offers(town))
    found += await _of_money(town)
    found += await _of_orders(town)
    found += await ledger.faults(town.db)
    return found


# Buy orders ------------------------------------------------------------------------------------------


async def _of_orders(town: Town) -> list[str]:
    """Nobody sleeps for what he can pay, or waits for what he could have: where nobody is asked to look at the name."""
    rows = await town.db.fetch(
        "SELECT b.id, b.asleep FROM buy_order b JOIN wallet w ON w.account_id = b.account_id"
        " WHERE b.state = 'live' AND NOT EXISTS (SELECT 1 FROM buy_order_match m WHERE m.steam_item_id = b.steam_item_id)"
        " AND CASE WHEN b.asleep = 'money' THEN w.deposit_cents + w.balance_cents > b.reach_cents"
        " WHEN b.asleep IS NULL THEN EXISTS (SELECT 1 FROM offer o WHERE o.steam_item_id = b.steam_item_id AND o.state = 'on_sale'"
        " AND o.price_cents <= b.price_cents AND b.account_id NOT IN (o.account_id, o.seller_id)"
        " AND NOT EXISTS (SELECT 1 FROM buy_order_fill f WHERE f.order_id = b.id AND f.offer_id = o.id)) ELSE true END"
    )
    return [f"order {row['id']} (asleep: {row['asleep']}) is forgotten" for row in rows]


# Trades ----------------------------------------------------------------------------------------------


def _of_trade(town: Town, view: TradeView) -> Iterator[str]:
    trade, events = view.trade, town.events.get(view.trade.id, [])
    if not events:
        yield f"trade {trade.id} has no past"
        return
    claimed = disputed = False
    for before, event in zip([None, *events], events, strict=False):
        yield from _of_event(view, event, was_claimed=claimed)
        if before is not None and event["from_state"] != before["to_state"]:
            yield f"trade {trade.id} jumps from {before['to_state']} to {event['from_state']}"
        if disputed and event["to_state"] == "finished" and event["event"] != "ruled":
            yield f"trade {trade.id} was settled by {event['witness']}, and its buyer disputes it"
        disputed = event["event"] == "disputed" or (disputed and event["event"] != "ruled")
        claimed |= event["event"] == "offer_seen" and event["detail"].get("code") == ACCEPTED
        claimed &= event["event"] != "delivered"
    if (trade.disputed_at is not None) != (disputed and trade.ended_at is None):
        yield f"trade {trade.id} is disputed since {trade.disputed_at}, and its past says otherwise"
    yield from _of_state(trade)


def _of_event(view: TradeView, event: Record, *, was_claimed: bool) -> Iterator[str]:
    trade, name, witness = view.trade, event["event"], event["witness"]
    way = (event["from_state"], event["to_state"])
    code = event["detail"].get("code")
    said = f"trade {trade.id}: {name} by {witness} led from {way[0]} to {way[1]}"
    if way[0] == way[1]:
        return
    if name not in WAYS.get(way, set()):
        yield said
    by_seller = witness.startswith("seller_agent:")
    if name == "ruled" and not witness.startswith("operator:"):
        yield f"{said}, and that is no operator"
    if way[1] == "cancelled" and name == "offer_seen" and code not in DEAD:
        yield f"{said} by code {code}, which proves nothing"
    if way[1] == "cancelled" and was_claimed and name != "ruled" and way[0] == "sent":
        yield f"{said}, and an acceptance had been claimed"
    if way[1] == "reversed" and name == "offer_seen" and code != REVERTED:
        yield f"{said} by code {code}"
    if way[1] == "accepted" and by_seller:
        yield f"{said}: the payee is his own witness"
    if way[1] == "accepted" and way[0] == "cancelled" and not witness.startswith(("public", "operator")):
        yield f"{said}: money was held again on a program's word"
    if way[1] == "finished":
        if witness != "public_inventory" and not witness.startswith("operator:"):
            yield f"{said}: nobody looked"
        protection = timedelta(days=GAMES[view.project].protection_days)
        if trade.accepted_at is None or event["at"] < trade.accepted_at + protection:
            yield f"{said} within {protection} of the delivery"
        if trade.protected_until is None or event["at"] < trade.protected_until:
            yield f"{said} before its protection was over"


def _of_state(trade: Trade) -> Iterator[str]:
    said = f"trade {trade.id} ({trade.state})"
    if trade.fee_cents != fee_cents(trade.price_cents, 500):
        yield f"{said} has the fee {trade.fee_cents} of {trade.price_cents}"
    if trade.state in WAITING and not trade.offer_maybe_live:
        yield f"{said} has no offer that could be alive"
    if trade.state is State.CANCELLED and trade.due_at is not None and trade.claimed_at is None:
        yield f"{said} is due, and nothing is awaited"
    if trade.state in (State.FINISHED, State.REVERSED) and trade.due_at is not None:
        yield f"{said} is due, and it is over"
    if not trade.explanation.endswith("."):
        yield f"{said} explains itself by {trade.explanation!r}"


# Offers and shelves ----------------------------------------------------------------------------------


def _of_offers(town: Town) -> Iterator[str]:
    live = Counter(
        view.trade.offer_id
        for view in town.views.values()
        if view.trade.state not in (State.CANCELLED, State.REVERSED)
    )
    for offer_id, count in live.items():
        if count > 1:
            yield f"offer {offer_id} is in {count} trades"
    for offer in town.offers:
        if offer["state"] == "reserved" and not live[offer["id"]]:
            yield f"offer {offer['id']} is reserved by nobody"


async def of_shelf(town: Town, app: App) -> list[str]:
    """What the shelves of a process show otherwise than the database has it, once it has caught up."""
    await feed.catch_up(app, town.cursors[town.apps.index(app)])
    rows = await town.db.fetch("SELECT id, project, price_cents FROM offer WHERE state = 'on_sale'")
    found = []
    for project in GAMES:
        there = {row["id"]: row["price_cents"] for row in rows if row["project"] == project}
        ids = app.shelves.page(Query(project=project, limit=10_000)).ids
        shown = {}
        for offer_id in ids:
            offer = app.shelves.offer(offer_id)
            shown[offer_id] = None if offer is None else offer.price_cents
        if shown != there:
            found.append(f"the shelf of {project} shows {shown}, and on sale is {there}")
    return found


# Money -----------------------------------------------------------------------------------------------


async def _of_money(town: Town) -> list[str]:
    """Everybody's wallet as it must be by the trades alone, bucket by bucket; and all money came from the world."""
    rows = await town.db.fetch("SELECT * FROM wallet")
    wallets = {row["account_id"]: row for row in rows}
    books = await town.db.fetch(
        "SELECT book, sum(amount_cents)::bigint AS cents FROM entry WHERE account_id IS NULL GROUP BY 1"
    )
    ours = {row["book"]: row["cents"] for row in books}
    total = sum(
        row[f"{bucket}_cents"]
        for row in rows
        for bucket in ("deposit", "balance", "held", "payout", "reserve")
    )
    found = []
    if total + sum(ours.values()) != 0:
        found.append(f"{total} cents are in wallets, and the books have {ours}")
    fees = sum(view.trade.fee_cents for view in town.views.values() if view.trade.state is State.FINISHED)
    fees -= await town.db.value(
        "SELECT coalesce(sum(e.amount_cents), 0)::bigint FROM entry e JOIN transfer t ON t.id = e.transfer_id"
        " WHERE t.kind = 'fees_withdrawn' AND e.book = 'world'"
    )
    if ours.get("fees", 0) != fees:
        found.append(f"the market earned {ours.get('fees', 0)} cents, and is left with {fees} of its fees")
    topped_up = await town.db.fetch(
        "SELECT e.account_id, sum(e.amount_cents)::bigint AS cents FROM entry e JOIN transfer t ON t.id = e.transfer_id"
        " WHERE t.kind IN ('deposit', 'deposit_reversed') AND e.book = 'deposit' GROUP BY 1"
    )
    deposits = {row["account_id"]: row["cents"] for row in topped_up}
    locked, early, lost = await _reserves(town)
    paid_out = await _paid_out(town)
    for person in town.people:
        row, id_ = wallets[person.id], person.id
        has = tuple(row[f"{bucket}_cents"] for bucket in ("deposit", "balance", "held", "reserve", "payout"))
        deposit, balance, held = _due(town, person, deposits.get(id_, 0))
        reserve, (taken, on_its_way) = locked.get(id_, 0), paid_out.get(id_, (0, 0))
        balance += early.get(id_, 0) - reserve - taken
        due = (deposit, balance, held, reserve - lost.get(id_, 0), on_its_way)
        if has != due:
            found.append(f"{id_} has {has} and should have {due}")
    return found


async def _reserves(town: Town) -> tuple[dict[int, int], dict[int, int], dict[int, int]]:
    """By account: what was locked, what was credited early and not repaid by a settlement, what a reversal took."""
    moved = await town.db.fetch(
        "SELECT e.account_id, sum(e.amount_cents)::bigint AS cents FROM entry e JOIN transfer t ON t.id = e.transfer_id"
        " WHERE t.kind = 'reserve' AND e.book = 'reserve' GROUP BY 1"
    )
    lent = await town.db.fetch(
        "SELECT account_id, sum(cents)::bigint AS cents, coalesce(sum(cents) FILTER (WHERE outcome = 'reversed'), 0)::bigint AS lost"
        " FROM advance WHERE outcome IS DISTINCT FROM 'settled' GROUP BY 1"
    )
    return (
        {row["account_id"]: row["cents"] for row in moved},
        {row["account_id"]: row["cents"] for row in lent},
        {row["account_id"]: row["lost"] for row in lent},
    )


async def _paid_out(town: Town) -> dict[int, tuple[int, int]]:
    """What each person's payouts took from his balance, and how much of it is still on its way."""
    rows = await town.db.fetch(
        "SELECT account_id, coalesce(sum(cents) FILTER (WHERE state <> 'refused'), 0)::bigint AS taken,"
        " coalesce(sum(cents) FILTER (WHERE state NOT IN ('refused', 'paid')), 0)::bigint AS held"
        " FROM payout GROUP BY 1"
    )
    return {row["account_id"]: (row["taken"], row["held"]) for row in rows}


def _due(town: Town, person: Person, deposited_cents: int) -> tuple[int, int, int]:
    deposit, balance, held = deposited_cents, person.balance_cents, 0
    for view in town.views.values():
        trade = view.trade
        finished = trade.state is State.FINISHED
        if trade.buyer_id == person.id and (PUBLIC[trade.state] == "active" or finished):
            deposit -= trade.paid_deposit_cents
            balance -= trade.paid_balance_cents
            held += 0 if finished else trade.price_cents
        if trade.payee_id == person.id and finished:
            proceeds = trade.price_cents - trade.fee_cents
            # To a stranger as earnings; to oneself back where it came from, the fee out of the earned part first.
            to_self = trade.buyer_id == person.id
            earned = max(0, trade.paid_balance_cents - trade.fee_cents) if to_self else proceeds
            balance += earned
            deposit += proceeds - earned
    return deposit, balance, held
