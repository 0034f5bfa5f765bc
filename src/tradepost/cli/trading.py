"""Verbs about trades: their time line, and an operator's ruling where nobody else can decide."""

import sys
from argparse import Namespace

import msgspec

from tradepost.cli import Adder
from tradepost.cli.arguments import number, phrase
from tradepost.cli.operating import the_app
from tradepost.config import Settings
from tradepost.market import cases, trades
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import NotFound
from tradepost.rules.trade import Ruled

VERDICTS = (
    "refund: the buyer gets his money back; deliver: the buyer has the item;"
    " settle: it stays with him, the seller is paid (a dispute is dismissed); reverse: it went back, and so does the money"
)


async def show(settings: Settings, options: Namespace) -> int:
    """Print a trade and its time line, event by event, with whose word each is."""
    async with the_app(settings) as app:
        view = await trades.read(app.db, options.id)
        if view is None:
            raise NotFound("There is no such trade.")
        events = await app.db.fetch("SELECT * FROM trade_event WHERE trade_id = $1 ORDER BY no", options.id)
        said = await app.db.value("SELECT text FROM dispute WHERE trade_id = $1", options.id)
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
    if said:
        sys.stdout.write("the buyer says:\n" + "".join(f"  | {line}\n" for line in said.split("\n")))
    return 0


async def rule(settings: Settings, options: Namespace) -> int:
    """Decide a trade that waits for an operator: refund, deliver, settle or reverse."""
    async with the_app(settings) as app:
        ruling = Ruled(options.verdict, options.causer)
        decision = await cases.rule(
            app, options.id, ruling, by=f"command line ({options.by})", reason=options.reason
        )
    sys.stdout.write(f"{decision.trade.state}: {decision.trade.explanation}\n")
    return 0


async def close(settings: Settings, options: Namespace) -> int:
    """Close the case of a trade that has ended, where nothing of it is to be changed any more."""
    async with the_app(settings) as app:
        await cases.close(app, options.id, by=f"command line ({options.by})", reason=options.reason)
    sys.stdout.write(f"the case of trade {options.id} is closed\n")
    return 0


async def list_cases(settings: Settings, _: Namespace) -> int:
    """List what waits for an operator."""
    async with the_app(settings) as app:
        found = await cases.open_cases(app)
    for case in found:
        sys.stdout.write(f"trade {case.trade_id}  since {case.opened_at:%Y-%m-%d %H:%M:%S}  {case.reason}\n")
    if not found:
        sys.stdout.write("nothing waits for an operator\n")
    return 0


def add(verbs: Adder) -> None:
    """Add the verbs about trades."""
    which = ("id", {"type": number, "help": "the number of the trade"})
    why = ("--reason", {"type": phrase, "required": True, "help": "why: it is kept with the trade"})
    by = ("--by", {"type": phrase, "default": "operator", "help": "who decides (operator)"})
    group = verbs.group("trade", "one trade")
    group.verb("show", show, which)
    group.verb(
        "rule", rule, which,
        ("verdict", {"choices": ("refund", "deliver", "settle", "reverse"), "help": VERDICTS}),
        ("--causer", {"choices": ("seller", "buyer"), "help": "whose fault it was"}), why, by,
    )  # fmt: skip
    group.verb("close", close, which, why, by)
    verbs.verb("cases", list_cases)
