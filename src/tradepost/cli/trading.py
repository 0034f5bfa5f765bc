"""Verbs about trades: their time line, and an operator's ruling where nobody else can decide."""

import sys
from argparse import Namespace

import msgspec

from tradepost.cli import Adder
from tradepost.cli.operating import the_app
from tradepost.config import Settings
from tradepost.market import trades
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import Conflicting, NotFound
from tradepost.rules.trade import Ruled


async def show(settings: Settings, options: Namespace) -> int:
    """Print a trade and its time line, event by event, with whose word each is."""
    async with the_app(settings) as app:
        view = await trades.read(app.db, options.id)
        if view is None:
            raise NotFound("There is no such trade.")
        events = await app.db.fetch("SELECT * FROM trade_event WHERE trade_id = $1 ORDER BY no", options.id)
    trade = view.trade
    sys.stdout.write(
        f"trade {trade.id}: {view.market_hash_name} ({view.project} asset {view.assetid}) for {write_cents(trade.price_cents)} USD\n"
        f"from {view.seller_steamid} to {trade.buyer_steamid}; {trade.state}. {trade.explanation}\n"
    )
    for event in events:
        detail = msgspec.json.encode(event["detail"]).decode() if event["detail"] else ""
        sys.stdout.write(
            f"  {event['at']:%Y-%m-%d %H:%M:%S}  {event['to_state']:18} {event['event']:16} by {event['witness']} {detail}\n"
        )
    return 0


async def rule(settings: Settings, options: Namespace) -> int:
    """Decide a trade that waits for an operator: refund, deliver, settle or reverse."""
    async with the_app(settings) as app:
        async with app.db.transaction() as tx:
            decision = await trades.happened(
                tx, app.settings, options.id, Ruled(options.verdict, options.causer), witness=f"operator:{options.by}",
                now=app.now(), detail={"reason": options.reason},
            )  # fmt: skip
            if decision.refused:
                raise Conflicting(decision.refused)
            await tx.execute("UPDATE operator_case SET closed_at = $2, ruling = $3 WHERE trade_id = $1 AND closed_at IS NULL",
                             options.id, app.now(), f"{options.verdict}: {options.reason}")  # fmt: skip
        await trades.after(app, decision)
    sys.stdout.write(f"{decision.trade.state}: {decision.trade.explanation}\n")
    return 0


async def cases(settings: Settings, _: Namespace) -> int:
    """List what waits for an operator."""
    async with the_app(settings) as app:
        rows = await app.db.fetch(
            "SELECT trade_id, opened_at, reason FROM operator_case WHERE closed_at IS NULL ORDER BY id"
        )
    for row in rows:
        sys.stdout.write(
            f"trade {row['trade_id']}  since {row['opened_at']:%Y-%m-%d %H:%M:%S}  {row['reason']}\n"
        )
    if not rows:
        sys.stdout.write("nothing waits for an operator\n")
    return 0


def add(verbs: Adder) -> None:
    """Add the verbs about trades."""
    which = ("id", {"type": int})
    group = verbs.group("trade", "one trade")
    group.verb("show", show, which)
    group.verb(
        "rule", rule, which, ("verdict", {"choices": ("refund", "deliver", "settle", "reverse")}),
        ("--causer", {"choices": ("seller", "buyer"), "help": "whose fault it was"}),
        ("--reason", {"required": True}), ("--by", {"default": "operator", "help": "who decides"}),
    )  # fmt: skip
    verbs.verb("cases", cases)
