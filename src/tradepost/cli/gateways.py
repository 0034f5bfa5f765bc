"""Verbs for Pay by Steam skins: a merchant's gateway, what was paid through it, and notices that are sent again."""

import sys
from argparse import Namespace
from datetime import UTC, datetime

from tradepost.cli import Adder
from tradepost.cli.arguments import address, cents, number, phrase, steamid, whole
from tradepost.cli.operating import account_of, the_app
from tradepost.config import Settings
from tradepost.market import advances, gateways, inspection, ledger, notices, users
from tradepost.market.gateways import Gateway
from tradepost.market.inspection import PaymentShown, PaymentsQuery
from tradepost.market.notices import NoticesQuery, Told
from tradepost.market.payments import COLUMNS, Payment
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import Conflicting, NotFound

LISTED, LISTED_MAX = 20, 1_000
NOTICES_SHOWN_MAX = 1_000  # of one payment: twice as many as it may have skins


async def open_gateway(settings: Settings, options: Namespace) -> int:
    """Make an account one that accepts skins; its public hash and its three secrets are printed this once."""
    async with the_app(settings) as app:
        async with app.db.transaction() as tx:
            account = await account_of(tx, options.steamid)
        opened = await gateways.open_gateway(app, account.id, options.callback)
    _print(
        ("public_hash", opened.gateway.public_hash),
        ("secret", opened.secret),
        ("signature_v2", opened.secret_v2),
        ("notices", opened.notice_secret),
    )
    sys.stderr.write(
        f"links are asked for at {settings.base_url}/en/pay/{opened.gateway.public_hash}, signed with `secret`;"
        " the secrets are not shown again\n"
    )
    return 0


async def show_gateway(settings: Settings, options: Namespace) -> int:
    """Show a gateway without its secrets: where and when it tells, its rotations, its reserve, what waits."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        account = await account_of(tx, options.steamid)
        gateway = await gateways.read(tx, account.id)
        purse = await ledger.wallet(tx, account.id)
        lent_cents = await advances.outstanding_cents(tx, account.id)
        counts = await notices.counts(tx, account.id, "ipn")
    if gateway is None:
        raise NotFound(gateways.NO_GATEWAY)
    _print(
        *_lines(gateway),
        ("reserve", f"{write_cents(purse.reserve_cents)} USD, {write_cents(lent_cents)} of it needed"),
        ("notices", f"{counts.waiting} waiting, {counts.set_aside} set aside"),
    )
    return 0


def _lines(gateway: Gateway) -> list[tuple[str, str]]:
    lines = [
        ("public_hash", gateway.public_hash),
        ("callback", gateway.callback_url or "none: its notices are set aside"),
        ("ipn_on", gateway.ipn_on),
        ("signature_v2", "required" if gateway.requires_v2 else "optional"),
    ]
    for name, until in (
        ("secret", gateway.old_secret_until),
        ("signature_v2", gateway.old_secret_v2_until),
        ("notices", gateway.old_notice_secret_until),
    ):
        if until is not None:
            lines.append(("rotated", f"{name}: the old one is good until {_moment(until)} UTC, real time"))
    if gateway.secret_used_at is None:
        lines.append(("rotated", "secret: no link was signed with the new one yet"))
    if gateway.silent_at is not None:
        lines.append(
            ("silent", f"the last notice got no answer, {_moment(gateway.silent_at)} UTC, real time")
        )
    return lines


async def set_gateway(settings: Settings, options: Namespace) -> int:
    """Change where a gateway tells, when it credits, and whether links need signature_v2."""
    if (options.callback, options.ipn_on, options.signature_v2) == (None, None, None):
        raise Conflicting("Say what is to change: --callback, --ipn-on or --signature-v2.")
    requires_v2 = None if options.signature_v2 is None else options.signature_v2 == "required"
    async with the_app(settings) as app:
        async with app.db.transaction() as tx:
            account = await account_of(tx, options.steamid)
        gateway = await gateways.change(
            app, account.id, callback_url=options.callback, ipn_on=options.ipn_on, requires_v2=requires_v2
        )
        free_cents = await advances.free_reserve_cents(app.db, account.id)
    _print(*_lines(gateway))
    if options.ipn_on == "accepted" and free_cents <= 0:
        sys.stderr.write(
            "nothing of the reserve is free: until money is put there (tradepost gateway reserve STEAMID fund AMOUNT),"
            " each skin waits for its settlement\n"
        )
    return 0


async def rotate(settings: Settings, options: Namespace) -> int:
    """Let a new secret take the place of one of three, which holds for a day still; it is printed this once."""
    async with the_app(settings) as app:
        async with app.db.transaction() as tx:
            account = await account_of(tx, options.steamid)
        secret = await gateways.rotate(app, account.id, options.which)
    sys.stdout.write(f"{secret}\n")
    hours = int(gateways.ROTATION.total_seconds()) // 3600
    sys.stderr.write(f"the one before is good for {hours} hours more\n")
    return 0


async def move_reserve(settings: Settings, options: Namespace) -> int:
    """Lock earned money against reversals, for ipn_on=accepted, or release it; once for its reference."""
    async with the_app(settings) as app:
        async with app.db.transaction() as tx:
            account = await account_of(tx, options.steamid)
        key = options.reference or f"{options.way} {app.real_now().isoformat()}"
        move = gateways.fund_reserve if options.way == "fund" else gateways.release_reserve
        moved = await move(app, account.id, options.amount, key)
        purse = await ledger.wallet(app.db, account.id)
    sys.stdout.write("moved" if moved else "this reference was used before: nothing moved")
    sys.stdout.write(
        f"; balance {write_cents(purse.balance_cents)}, reserve {write_cents(purse.reserve_cents)} USD\n"
    )
    return 0


# Payments ----------------------------------------------------------------------------------------------------


async def list_payments(settings: Settings, options: Namespace) -> int:
    """List a merchant's payments, the newest first: number, order, state, payer, skins, what was credited."""
    query = PaymentsQuery(
        order_ids=None if options.order is None else (options.order,),
        states=None if options.state is None else (options.state,),
        limit=options.limit,
    )
    async with the_app(settings) as app:
        async with app.db.transaction() as tx:
            account = await account_of(tx, options.steamid)
        found, total = await inspection.page(app, account.id, query)
    for one in found:
        sys.stdout.write(_payment_line(one) + "\n")
    if total > len(found):
        sys.stdout.write(f"{total - len(found)} more; --limit shows them\n")
    return 0


def _payment_line(one: PaymentShown) -> str:
    paid = one.payment
    many = f"{len(one.skins)} skin" + ("" if len(one.skins) == 1 else "s")
    return (
        f"{paid.id}  {_moment(paid.created_at)}  order {paid.order_id}  {paid.state}  by {one.payer_steamid}"
        f"  {many}  credited {write_cents(one.credited_cents)}, expected {write_cents(one.expected_cents)} USD"
    )


async def show_payment(settings: Settings, options: Namespace) -> int:
    """Print a payment, each of its skins, and every notice of it with every attempt."""
    async with the_app(settings) as app:
        row = await app.db.row(Payment, f"SELECT {COLUMNS} FROM payment p WHERE p.id = $1", options.id)
        if row is None:
            raise NotFound("There is no such payment.")
        (one,) = await inspection.shown(app.db, [row], settings.fee_bps)
        query = NoticesQuery(payment_ids=(row.id,), limit=NOTICES_SHOWN_MAX)
        told, _ = await notices.page(app, row.account_id, query)
        merchant = await users.by_id(app.db, row.account_id)
    amount = f", amount {row.amount}" if row.amount else ""
    sys.stdout.write(
        f"{_payment_line(one)}\nto {merchant.steamid}, account {row.account}{amount}, token {row.token},"
        f" transaction {row.transaction_id}\n"
    )
    for skin in one.skins:
        trade = "" if skin.trade_id is None else f", trade {skin.trade_id}"
        why = "" if skin.explanation is None else f". {skin.explanation}"
        sys.stdout.write(
            f"  {skin.ipn_trade_id}  {skin.state:10} {skin.market_hash_name} for {write_cents(skin.price_cents)},"
            f" {write_cents(skin.net_cents)} to the merchant (offer {skin.offer_id}{trade}){why}\n"
        )
    for one_told in reversed(told):
        sys.stdout.write(_notice_lines(one_told))
    return 0


def _notice_lines(told: Told) -> str:
    shown, attempts = told
    due = "" if shown.due_at is None else f", next attempt {_moment(shown.due_at)}"
    lines = [
        f"  notice {shown.id}  {shown.kind} {shown.type}  {_moment(shown.made_at)}  {shown.state}"
        f" after {shown.attempts} attempts{due}\n"
    ]
    for one in attempts:
        status = "no answer" if one.status is None else str(one.status)
        how = one.fault or ("received" if one.milliseconds is not None else "nobody knows how it ended")
        lines.append(f"    {one.no}  {_moment(one.at)}  {status}  {how}\n      {one.request}\n")
    return "".join(lines)


# Notices -----------------------------------------------------------------------------------------------------


async def resend(settings: Settings, options: Namespace) -> int:
    """Send a notice again, now; one that was set aside goes up the whole ladder anew."""
    async with the_app(settings) as app:
        account_id = await app.db.value("SELECT account_id FROM notice WHERE id = $1", options.id)
        if account_id is None:
            raise NotFound("There is no such notice.")
        shown, _ = await notices.resend(app, account_id, options.id)
    left = shown.attempts_most - shown.attempts
    sys.stdout.write(f"notice {shown.id} is due now, {left} attempts are left\n")
    return 0


def _print(*lines: tuple[str, str]) -> None:
    for name, value in lines:
        sys.stdout.write(f"{name:13} {value}\n")


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def add(verbs: Adder) -> None:
    """Add the verbs for gateways, payments and notices."""
    who = ("steamid", {"type": steamid, "help": "the merchant's SteamID64"})
    callback = {"type": address, "metavar": "URL", "help": "where IPNs are sent to"}
    group = verbs.group("gateway", "merchants who accept skins")
    group.verb("open", open_gateway, who, ("--callback", {**callback, "required": True}))
    group.verb("show", show_gateway, who)
    group.verb(
        "set", set_gateway, who, ("--callback", callback),
        ("--ipn-on", {"choices": ("settled", "accepted"), "help": "when a skin is credited and told of; accepted needs a reserve"}),
        ("--signature-v2", {"choices": ("required", "optional"), "help": "whether links are refused that do not have it"}),
    )  # fmt: skip
    group.verb(
        "rotate", rotate, who,
        ("which", {"choices": ("secret", "signature_v2", "notices"), "help": "the secret hash of links and IPNs, that of signature_v2, or that of the notices' headers"}),
    )  # fmt: skip
    group.verb(
        "reserve", move_reserve, who, ("way", {"choices": ("fund", "release"), "help": "from the balance, or back to it"}),
        ("amount", {"type": cents, "help": "in USD, such as 100.00"}),
        ("--reference", {"type": phrase, "help": "a name for this: the same twice moves the money once"}),
    )  # fmt: skip
    group = verbs.group("payment", "what was paid with skins")
    group.verb(
        "list", list_payments, who, ("--order", {"type": phrase, "help": "the order of this id alone"}),
        ("--state", {"choices": ("open", "active", "closed"), "help": "those in this state alone"}),
        ("--limit", {"type": whole(1, LISTED_MAX), "default": LISTED, "help": f"how many ({LISTED})"}),
    )  # fmt: skip
    group.verb("show", show_payment, ("id", {"type": number, "help": "the number of the payment"}))
    group = verbs.group("notice", "what merchants are told")
    group.verb("resend", resend, ("id", {"type": number, "help": "the number of the notice"}))
