"""Verbs about money that goes out and that came in, and what an operator does with it."""

import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable
from datetime import datetime

from tradepost.cli import Adder
from tradepost.cli.arguments import cents, number, phrase, steamid
from tradepost.cli.operating import account_of, the_app
from tradepost.config import Settings
from tradepost.db import Tx
from tradepost.market import audit, deposits, fees, ledger, payouts
from tradepost.market.payouts import Payout
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import NotFound


async def list_payouts(settings: Settings, _: Namespace) -> int:
    """List the payouts that wait for an operator, the oldest first."""
    async with the_app(settings) as app:
        found = await payouts.open_payouts(app.db)
    sys.stdout.writelines(f"{_line(one)}\n" for one in found)
    if not found:
        sys.stdout.write("no payout waits\n")
    return 0


async def show_payout(settings: Settings, options: Namespace) -> int:
    """Print a payout and its time line: who did what."""
    async with the_app(settings) as app:
        payout = await payouts.read(app.db, options.id)
        if payout is None:
            raise NotFound("There is no such payout.")
        events = await payouts.events(app.db, payout.id)
    sys.stdout.write(f"{_line(payout)}\n")
    for event in events:
        sys.stdout.write(
            f"  {event.at:%Y-%m-%d %H:%M:%S}  {event.to_state:9} {event.step:8} by {event.actor}  {event.reason}\n"
        )
    return 0


async def approve(settings: Settings, options: Namespace) -> int:
    """Approve a payout; one above the limit is for two admins, each signed in to the operator API."""
    return await _step(settings, options, "approved", lambda tx, now: payouts.approve(
        tx, options.id, by=_by(options), now=now))  # fmt: skip


async def refuse(settings: Settings, options: Namespace) -> int:
    """Refuse a payout that nobody has begun to send: the money goes back, and its owner is told the reason."""
    return await _step(settings, options, "refused", lambda tx, now: payouts.refuse(
        tx, options.id, by=_by(options), reason=options.reason, now=now))  # fmt: skip


async def send(settings: Settings, options: Namespace) -> int:
    """Take a payout in hand before you pay it at the provider, so that nobody else does."""
    return await _step(settings, options, "taken in hand", lambda tx, now: payouts.send(
        tx, options.id, by=_by(options), now=now))  # fmt: skip


async def paid(settings: Settings, options: Namespace) -> int:
    """Note that a payout was paid, under the provider's reference."""
    return await _step(settings, options, "paid", lambda tx, now: payouts.pay(
        tx, options.id, by=_by(options), reference=options.reference, now=now))  # fmt: skip


async def unknown(settings: Settings, options: Namespace) -> int:
    """Note that nobody can say whether a payout was sent: nobody sends it until the provider's books were read."""
    return await _step(settings, options, "unknown", lambda tx, now: payouts.lose(
        tx, options.id, by=_by(options), reason=options.reason, now=now))  # fmt: skip


async def not_sent(settings: Settings, options: Namespace) -> int:
    """Note that the provider's books have no such payout: it can be sent, or refused."""
    return await _step(settings, options, "not sent", lambda tx, now: payouts.clear(
        tx, options.id, by=_by(options), reason=options.reason, now=now))  # fmt: skip


# Deposits ----------------------------------------------------------------------------------------------------


async def list_deposits(settings: Settings, options: Namespace) -> int:
    """List an account's deposits, the newest first, with their references."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        account = await account_of(tx, options.steamid)
        found = await deposits.of_account(tx, account.id)
    for one in found:
        back = (
            ""
            if one.reversed_at is None
            else f"  taken back {one.reversed_at:%Y-%m-%d %H:%M:%S} ({one.reversed_note})"
        )
        sys.stdout.write(
            f"{one.at:%Y-%m-%d %H:%M:%S}  {write_cents(one.cents):>11} USD  {one.reference}  {one.note}{back}\n"
        )
    if not found:
        sys.stdout.write("no deposits\n")
    return 0


async def reverse_deposit(settings: Settings, options: Namespace) -> int:
    """Take back a deposit whose money never came, or went back; what is spent cannot be taken."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        done = await deposits.reverse(
            tx, options.reference, by=_by(options), reason=options.reason, now=app.now()
        )
        detail = {"cents": done.cents, "reference": done.reference}
        await _note(tx, done.account_id, "deposit reversed", options, app.real_now(), **detail)
        purse = await ledger.wallet(tx, done.account_id)
    sys.stdout.write(
        f"{write_cents(done.cents)} USD were taken back; deposit {write_cents(purse.deposit_cents)} USD\n"
    )
    return 0


# Fees --------------------------------------------------------------------------------------------------------


async def show_fees(settings: Settings, _: Namespace) -> int:
    """Print what the market earned and still has, and what was taken out."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        there, taken = await fees.left(tx), await fees.withdrawals(tx)
    sys.stdout.write(f"{write_cents(there)} USD\n")
    for one in taken:
        sys.stdout.write(
            f"  {one.at:%Y-%m-%d %H:%M:%S}  -{write_cents(one.cents)}  {one.reference}  {one.note}\n"
        )
    return 0


async def withdraw_fees(settings: Settings, options: Namespace) -> int:
    """Take fees out that the market earned, once for a reference."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        moved = await fees.withdraw(
            tx, options.amount, options.reference, by=_by(options), note=options.reason, now=app.now()
        )
        if moved:
            detail = {"cents": options.amount, "reference": options.reference}
            await _note(tx, None, "fees withdrawn", options, app.real_now(), **detail)
        there = await fees.left(tx)
    sys.stdout.write("taken out" if moved else "this reference was taken out before: nothing moved")
    sys.stdout.write(f"; {write_cents(there)} USD are left\n")
    return 0


# What they share ---------------------------------------------------------------------------------------------


async def _step(
    settings: Settings, options: Namespace, deed: str, take: Callable[..., Awaitable[Payout]]
) -> int:
    async with the_app(settings) as app, app.db.transaction() as tx:
        payout = await take(tx, app.now())
        await _note(tx, payout.account_id, f"payout {deed}", options, app.real_now(), payout=payout.id)
    sys.stdout.write(f"{_line(payout)}\n")
    return 0


async def _note(
    tx: Tx, account_id: int | None, deed: str, options: Namespace, now: datetime, **detail: object
) -> None:
    await audit.note(
        tx, actor_id=None, subject_id=account_id, deed=deed, detail={"by": options.by, **detail},
        reason=getattr(options, "reason", "") or "", now=now,
    )  # fmt: skip


def _by(options: Namespace) -> str:
    """Who does it, as payouts and deposits keep it: the command line, under a name that nobody has proven."""
    return f"command line ({options.by})"


def _line(payout: Payout) -> str:
    line = f"payout {payout.id}  {payout.state:9} {write_cents(payout.cents):>11} USD  {payout.method} {payout.address}"
    line += f"  asked {payout.asked_at:%Y-%m-%d %H:%M:%S}"
    if payout.needed > 1:
        line += f"  needs {payout.needed} admins"
    return f"{line}  {payout.reference or payout.reason}".rstrip()


def add(verbs: Adder) -> None:
    """Add the verbs about money that goes out."""
    which = ("id", {"type": number, "help": "the number of the payout"})
    by = (
        "--by",
        {
            "type": phrase,
            "required": True,
            "help": "who does it: it is kept as the command line's word, which proves nobody",
        },
    )
    why = ("--reason", {"type": phrase, "required": True, "help": "why: it is kept with the payout"})
    told = ("--reason", {"type": phrase, "required": True, "help": "why: the owner is told so"})
    reference = ("reference", {"type": phrase, "help": "the provider's number of what was paid"})
    group = verbs.group("payout", "earned money that its owners want to have")
    group.verb("list", list_payouts)
    group.verb("show", show_payout, which)
    group.verb("approve", approve, which, by)
    group.verb("refuse", refuse, which, told, by)
    group.verb("send", send, which, by)
    group.verb("paid", paid, which, reference, by)
    group.verb("unknown", unknown, which, why, by)
    group.verb("not-sent", not_sent, which, why, by)
    group = verbs.group("deposit", "money that came from outside")
    group.verb("list", list_deposits, ("steamid", {"type": steamid, "help": "his SteamID64"}))
    group.verb(
        "reverse", reverse_deposit, ("reference", {"type": phrase, "help": "under which it was recorded"}),
        ("--reason", {"type": phrase, "required": True, "help": "why: the owner is told so"}), by,
    )  # fmt: skip
    group = verbs.group("fees", "what the market earned")
    group.verb("show", show_fees)
    group.verb(
        "withdraw", withdraw_fees, ("amount", {"type": cents, "help": "in USD, such as 100.00"}),
        ("reference", {"type": phrase, "help": "a name for this: the same twice moves the money once"}),
        ("--reason", {"type": phrase, "default": "", "help": "what for: it is kept with the transfer"}), by,
    )  # fmt: skip
