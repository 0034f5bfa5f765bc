"""Verbs of an operator: people, grants, bans, rates, switches, the catalogue."""

import csv
import hashlib
import sys
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from tradepost.app import App, open_app
from tradepost.cli import Adder
from tradepost.cli.arguments import cents, days, percent, phrase, rate, steamid, trade_token
from tradepost.cli.running import database
from tradepost.config import Settings
from tradepost.db import Tx, migrate
from tradepost.market import (
    agents,
    audit,
    bans,
    clock,
    deposits,
    ledger,
    merchants,
    rates,
    seals,
    steam_items,
    switches,
    users,
)
from tradepost.market.users import Account
from tradepost.market.wakeup import wake
from tradepost.rules.money import read_cents, write_cents, write_rate
from tradepost.rules.refusals import Malformed, NotFound

PRICE_COLUMNS = ("project", "market_hash_name", "price")


@asynccontextmanager
async def the_app(settings: Settings) -> AsyncIterator[App]:
    """Open the market's database, brought to the present schema, with the market's clock."""
    async with database(settings) as dsn:
        await migrate(dsn)
        async with open_app(settings, dsn) as app:
            await clock.read(app)
            yield app


async def account_of(tx: Tx, steamid_: str) -> Account:
    """Return the account of a steamid; raises NotFound with what to do where there is none."""
    found = await users.by_steamid(tx, steamid_)
    if found is None:
        raise NotFound(f"The market does not know {steamid_}; `tradepost user add` makes an account.")
    return found


async def create_merchant(settings: Settings, options: Namespace) -> int:
    """Make an account, if there is none, and an API token for it; the token is printed this once."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        account = await users.know(tx, options.steamid, "operator", app.now(), name=options.name)
        if options.may_trade_with_self:
            await tx.execute("UPDATE account SET may_trade_with_self = true WHERE id = $1", account.id)
        token = await merchants.make_token(
            tx, account.id, app.now(), test=settings.mode != "production", label="first"
        )
    sys.stdout.write(f"{token}\n")
    return 0


async def deposit(settings: Settings, options: Namespace) -> int:
    """Add money to an account's deposit, once for its reference."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        account = await account_of(tx, options.steamid)
        key = (
            options.reference
            or hashlib.sha256(f"{account.id} {app.real_now().isoformat()}".encode()).hexdigest()[:16]
        )
        moved = await deposits.record(tx, account.id, options.amount, key, by="command line", now=app.now())
        if moved:
            detail = {"cents": options.amount, "reference": key}
            await audit.note(
                tx, actor_id=None, subject_id=account.id, deed="deposit recorded", detail=detail, now=app.real_now()
            )  # fmt: skip
        purse = await ledger.wallet(tx, account.id)
    sys.stdout.write("deposited" if moved else "this reference was deposited before: nothing moved")
    sys.stdout.write(
        f"; deposit {write_cents(purse.deposit_cents)}, balance {write_cents(purse.balance_cents)} USD\n"
    )
    return 0


async def add_user(settings: Settings, options: Namespace) -> int:
    """Make a Steam user known to the market, so that merchants can buy for him."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        account = await users.know(tx, options.steamid, "operator", app.now(), name=options.name)
        if options.trade_token:
            await users.set_trade_token(tx, account.id, options.trade_token)
    sys.stdout.write(f"account {account.id}\n")
    return 0


async def pair_user(settings: Settings, options: Namespace) -> int:
    """Print a code with which a seller's program pairs itself; --merchant: and lets that merchant list for him."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        account = await users.know(tx, options.steamid, "operator", app.now())
        merchant = await account_of(tx, options.merchant) if options.merchant else None
        code = await agents.make_code(tx, account.id, app.real_now(), settings.pairing_minutes,
                                      merchant_id=merchant.id if merchant else None, floor_bps=options.floor * 100)  # fmt: skip
    sys.stdout.write(f"{code}\n")
    sys.stderr.write(
        f"valid for {settings.pairing_minutes} minutes: tradepost agent pair --market {settings.base_url} --code {code}\n"
    )
    return 0


async def give_grant(settings: Settings, options: Namespace) -> int:
    """Let a merchant list a seller's items, on the seller's word to the operator."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        merchant, seller = await account_of(tx, options.merchant), await account_of(tx, options.seller)
        await merchants.grant(
            tx, merchant.id, seller.id, "operator", app.now(), floor_bps=options.floor * 100
        )
    sys.stdout.write(f"{options.merchant} may list what {options.seller} owns\n")
    return 0


async def revoke_grant(settings: Settings, options: Namespace) -> int:
    """Take a seller's grant to a merchant back; the merchant's offers of his items end."""
    async with the_app(settings) as app:
        async with app.db.transaction() as tx:
            merchant, seller = await account_of(tx, options.merchant), await account_of(tx, options.seller)
            ended = await merchants.revoke_grant(tx, merchant.id, seller.id, app.now())
        await wake(app)
    sys.stdout.write(f"{len(ended)} offers ended\n")
    return 0


async def add_ban(settings: Settings, options: Namespace) -> int:
    """Ban a steamid from selling or from buying for some days."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        made = await bans.ban(
            tx, options.steamid, options.side, options.reason, app.now(), timedelta(days=options.days)
        )
        await _note(
            app,
            tx,
            options.steamid,
            "ban added",
            options.reason,
            side=options.side,
            until=made.until_at.isoformat(),
        )
    sys.stdout.write(f"until {made.until_at:%Y-%m-%d %H:%M:%S} UTC\n")
    return 0


async def lift_ban(settings: Settings, options: Namespace) -> int:
    """End the bans of a steamid on one side."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        lifted = await bans.lift(tx, options.steamid, options.side, app.now())
        await _note(app, tx, options.steamid, "bans lifted", side=options.side, count=lifted)
    sys.stdout.write(f"{lifted} lifted\n")
    return 0


async def set_rate(settings: Settings, options: Namespace) -> int:
    """Set what one USD costs in another currency."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        await rates.set_rate(tx, options.currency, options.rate, options.source, app.real_now())
        await _note(app, tx, None, "rate set", currency=options.currency, millionths=options.rate)
    sys.stdout.write(f"1 USD = {write_rate(options.rate)} {options.currency}\n")
    return 0


async def turn(settings: Settings, options: Namespace) -> int:
    """Switch buying, or the whole API, off (with a reason that callers are told) or on again."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        await switches.set_switch(tx, options.what, options.state == "off", options.reason)
        await _note(app, tx, None, f"switched {options.state}", options.reason, switch=options.what)
    sys.stdout.write(f"{options.what} is {options.state}\n")
    return 0


async def _note(app: App, tx: Tx, steamid_: str | None, deed: str, reason: str = "", **detail: Any) -> None:
    """Write into the audit what was done on the command line, as the operator API's acts are."""
    account = await users.by_steamid(tx, steamid_) if steamid_ else None
    detail = detail if account or not steamid_ else detail | {"steamid": steamid_}
    await audit.note(
        tx, actor_id=None, subject_id=account.id if account else None, deed=deed, detail=detail, reason=reason,
        now=app.real_now(),
    )  # fmt: skip


async def import_prices(settings: Settings, options: Namespace) -> int:
    """Read Steam prices from a CSV file with the heading project,market_hash_name,price; new names are learned."""
    prices = _read_prices(options.file)
    async with the_app(settings) as app, app.db.transaction() as tx:
        written = [
            await steam_items.set_prices(tx, project, its, app.real_now()) for project, its in prices.items()
        ]
    sys.stdout.write(f"{sum(written)} prices\n")
    return 0


def _read_prices(path: Path) -> dict[str, dict[str, int]]:
    prices: dict[str, dict[str, int]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            rows = csv.DictReader(lines)
            if missing := [name for name in PRICE_COLUMNS if name not in (rows.fieldnames or ())]:
                raise Malformed(
                    str(path),
                    f"its first line should name {','.join(PRICE_COLUMNS)}; {missing[0]} is missing",
                )
            for row in rows:
                price = read_cents(row["price"] or "")
                if not row["project"] or not row["market_hash_name"] or not price:
                    raise Malformed(
                        f"{path}, line {rows.line_num}",
                        "needs a project, a market_hash_name and a price such as 1.23",
                    )
                prices.setdefault(row["project"], {})[row["market_hash_name"]] = price
    except (csv.Error, UnicodeDecodeError) as error:
        raise Malformed(str(path), f"is no CSV file in UTF-8 ({error})") from None
    return prices


async def rotate_keys(settings: Settings, _: Namespace) -> int:
    """Seal every secret anew under the first of the keys; the others are not needed after that."""
    async with the_app(settings) as app:
        try:
            done, name = await seals.rotate(app)
        except seals.SealBroken as broken:
            sys.stderr.write(f"tradepost: {broken}; nothing of that table was changed\n")
            return 1
    sys.stdout.write(f"{done} secrets were sealed anew; all lie under the key {name}\n")
    return 0


def add(verbs: Adder) -> None:
    """Add the operator's verbs."""
    who = ("steamid", {"type": steamid, "help": "his SteamID64"})
    name = ("--name", {"type": phrase, "default": "", "help": "what to call him"})
    floor = (
        "--floor",
        {
            "type": percent,
            "default": 0,
            "metavar": "PERCENT",
            "help": "the least price, in percent of the Steam price (0)",
        },
    )
    merchant = ("merchant", {"type": steamid, "help": "the merchant's SteamID64"})
    seller = ("seller", {"type": steamid, "help": "the SteamID64 of the owner of the items"})
    side = ("side", {"choices": ("seller", "buyer"), "help": "from selling, or from buying"})

    group = verbs.group("merchant", "accounts that use the API")
    group.verb(
        "create", create_merchant, who, name,
        ("--may-trade-with-self", {"action": "store_true", "help": "he may buy what he listed, between two of his steamids"}),
    )  # fmt: skip
    group.verb(
        "deposit", deposit, who, ("amount", {"type": cents, "help": "in USD, such as 100.00"}),
        ("--reference", {"type": phrase, "help": "a name for this deposit: the same twice moves the money once"}),
    )  # fmt: skip
    group = verbs.group("user", "Steam users, sellers and buyers")
    trading = (
        "--trade-token",
        {"type": trade_token, "metavar": "TOKEN", "help": "of his trade URL; a seller needs one"},
    )
    group.verb("add", add_user, who, name, trading)
    through = (
        "--merchant",
        {"type": steamid, "metavar": "STEAMID", "help": "through whom: he gets the grant to list"},
    )
    group.verb("pair", pair_user, who, through, floor)
    group = verbs.group("grant", "who may list for whom")
    group.verb("give", give_grant, merchant, seller, floor)
    group.verb("revoke", revoke_grant, merchant, seller)
    group = verbs.group("ban", "who may not sell or buy")
    group.verb(
        "add", add_ban, who, side,
        ("--days", {"type": days, "default": 30, "help": "how long (30)"}),
        ("--reason", {"type": phrase, "default": "an operator's decision", "help": "what he and merchants are told"}),
    )  # fmt: skip
    group.verb("lift", lift_ban, who, side)
    group = verbs.group("rate", "exchange rates")
    group.verb(
        "set", set_rate, ("currency", {"choices": rates.QUOTED, "help": "whose rate it is"}),
        ("rate", {"type": rate, "help": "units of it for one USD, such as 0.9215"}),
        ("--source", {"type": phrase, "default": "operator", "help": "where the rate is from"}),
    )  # fmt: skip
    verbs.verb(
        "switch", turn, ("what", {"choices": ("buying", "api"), "help": "buying alone, or every call"}),
        ("state", {"choices": ("on", "off"), "help": "as it shall be"}),
        ("--reason", {"type": phrase, "default": "", "help": "what callers are told"}),
    )  # fmt: skip
    group = verbs.group("keys", "the keys of secrets at rest")
    group.verb("rotate", rotate_keys)
    group = verbs.group("prices", "Steam prices")
    group.verb("import", import_prices, ("file", {"type": Path, "help": "a CSV file; prices in USD"}))
