"""Verbs of an operator: people and their tokens, grants, bans, rates, switches, the catalogue."""

import csv
import hashlib
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from tradepost.app import App, open_app
from tradepost.cli import Adder
from tradepost.cli.running import database
from tradepost.config import Settings
from tradepost.db import Tx, migrate
from tradepost.market import agents, bans, clock, ledger, merchants, rates, steam_items, switches, users
from tradepost.market.users import Account
from tradepost.market.wakeup import wake
from tradepost.rules.money import read_cents, read_rate, write_cents, write_rate
from tradepost.rules.refusals import Malformed, NotFound
from tradepost.steam.ids import is_steamid
from tradepost.steam.trade_url import is_trade_token


@asynccontextmanager
async def the_app(settings: Settings) -> AsyncIterator[App]:
    """Open the market's database, brought to the present schema, with the market's clock."""
    async with database(settings) as dsn:
        await migrate(dsn)
        async with open_app(settings, dsn) as app:
            await clock.read(app)
            yield app


def steamid(text: str) -> str:
    """A SteamID64 of the command line."""
    if not is_steamid(text):
        raise ArgumentTypeError("a steamid has 17 digits and begins with 7656119")
    return text


def cents(text: str) -> int:
    """An amount in dollars of the command line, as cents."""
    found = read_cents(text)
    if not found:
        raise ArgumentTypeError("an amount looks like 12.34 and is above zero")
    return found


def _rate(text: str) -> int:
    found = read_rate(text)
    if found is None:
        raise ArgumentTypeError("a rate looks like 0.9215: units of the currency for one USD")
    return found


def _trade_token(text: str) -> str:
    if not is_trade_token(text):
        raise ArgumentTypeError("a trade token is the 6 to 16 characters after token= in a trade URL")
    return text


async def _account(tx: Tx, steamid_: str) -> Account:
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
        account = await _account(tx, options.steamid)
        key = (
            options.reference
            or hashlib.sha256(f"{account.id} {app.real_now().isoformat()}".encode()).hexdigest()[:16]
        )
        moved = await ledger.deposit(tx, account.id, options.amount, key, app.now(), note="operator")
        purse = await ledger.wallet(tx, account.id)
    sys.stdout.write("deposited" if moved else "this reference was deposited before: nothing moved")
    sys.stdout.write(
        f"; deposit {write_cents(purse.deposit_cents)}, balance {write_cents(purse.balance_cents)} USD\n"
    )
    return 0


async def create_token(settings: Settings, options: Namespace) -> int:
    """Make a further API token for an account; it is printed this once."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        account = await _account(tx, options.steamid)
        scopes = options.scopes.split(",")
        token = await merchants.make_token(
            tx, account.id, app.now(), test=settings.mode != "production", scopes=scopes, label=options.label
        )
    sys.stdout.write(f"{token}\n")
    return 0


async def revoke_token(settings: Settings, options: Namespace) -> int:
    """Revoke a token, named whole or by its prefix; it holds everywhere within a second."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        revoked = await merchants.revoke_token(tx, options.token, app.now())
    sys.stdout.write(f"{revoked} revoked\n")
    return 0 if revoked else 1


async def list_tokens(settings: Settings, options: Namespace) -> int:
    """List an account's tokens by prefix, scopes and label."""
    async with the_app(settings) as app:
        rows = await app.db.fetch(
            "SELECT k.prefix, k.scopes, k.label, k.revoked_at FROM api_token k JOIN account a ON a.id = k.account_id"
            " WHERE a.steamid = $1 ORDER BY k.id", options.steamid,
        )  # fmt: skip
    for row in rows:
        state = f"revoked {row['revoked_at']:%Y-%m-%d}" if row["revoked_at"] else "valid"
        sys.stdout.write(f"{row['prefix']}…  {','.join(row['scopes'])}  {state}  {row['label']}\n")
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
        merchant = await _account(tx, options.merchant) if options.merchant else None
        code = await agents.make_code(tx, account.id, app.real_now(), settings.pairing_minutes,
                                      merchant_id=merchant.id if merchant else None, floor_bps=options.floor * 100)  # fmt: skip
    sys.stdout.write(f"{code}\n")
    sys.stderr.write(
        f"valid for {settings.pairing_minutes} minutes: tradepost agent pair --market {settings.base_url} --code {code} --home DIR\n"
    )
    return 0


async def give_grant(settings: Settings, options: Namespace) -> int:
    """Let a merchant list a seller's items, on the seller's word to the operator."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        merchant, seller = await _account(tx, options.merchant), await _account(tx, options.seller)
        await merchants.grant(
            tx, merchant.id, seller.id, "operator", app.now(), floor_bps=options.floor * 100
        )
    return 0


async def revoke_grant(settings: Settings, options: Namespace) -> int:
    """Take a seller's grant to a merchant back; the merchant's offers of his items end."""
    async with the_app(settings) as app:
        async with app.db.transaction() as tx:
            merchant, seller = await _account(tx, options.merchant), await _account(tx, options.seller)
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
    sys.stdout.write(f"until {made.until_at:%Y-%m-%d %H:%M:%S} UTC\n")
    return 0


async def lift_ban(settings: Settings, options: Namespace) -> int:
    """End the bans of a steamid on one side."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        lifted = await bans.lift(tx, options.steamid, options.side, app.now())
    sys.stdout.write(f"{lifted} lifted\n")
    return 0


async def set_rate(settings: Settings, options: Namespace) -> int:
    """Set what one USD costs in another currency."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        await rates.set_rate(tx, options.currency, options.rate, options.source, app.real_now())
    sys.stdout.write(f"1 USD = {write_rate(options.rate)} {options.currency}\n")
    return 0


async def turn(settings: Settings, options: Namespace) -> int:
    """Switch buying, or the whole API, off (with a reason that callers are told) or on again."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        await switches.set_switch(tx, options.what, options.state == "off", options.reason)
    return 0


async def import_prices(settings: Settings, options: Namespace) -> int:
    """Read Steam prices from a CSV file with the heading project,market_hash_name,price; new names are learned."""
    prices: dict[str, dict[str, int]] = {}
    with options.file.open(newline="", encoding="utf-8") as lines:
        for number, row in enumerate(csv.DictReader(lines), 2):
            price = read_cents(row.get("price") or "")
            if not row.get("project") or not row.get("market_hash_name") or not price:
                raise Malformed(f"line {number}", "needs project, market_hash_name and a price such as 1.23")
            prices.setdefault(row["project"], {})[row["market_hash_name"]] = price
    async with the_app(settings) as app, app.db.transaction() as tx:
        written = [
            await steam_items.set_prices(tx, project, its, app.real_now()) for project, its in prices.items()
        ]
    sys.stdout.write(f"{sum(written)} prices\n")
    return 0


def add(verbs: Adder) -> None:
    """Add the operator's verbs."""
    who = ("steamid", {"type": steamid})
    name = ("--name", {"default": "", "help": "what to call him"})
    floor = ("--floor", {"type": int, "default": 0, "help": "least price in percent of the Steam price"})
    merchant, seller = ("merchant", {"type": steamid}), ("seller", {"type": steamid})
    side = ("side", {"choices": ("seller", "buyer")})
    group = verbs.group("merchant", "accounts that use the API")
    group.verb(
        "create",
        create_merchant,
        who,
        name,
        ("--may-trade-with-self", {"action": "store_true", "help": "two of his steamids may trade"}),
    )
    group.verb(
        "deposit", deposit, who, ("amount", {"type": cents}), ("--reference", {"help": "makes twice once"})
    )
    group = verbs.group("token", "API tokens")
    group.verb(
        "create", create_token, who, ("--scopes", {"default": "read,sell,buy"}), ("--label", {"default": ""})
    )
    group.verb("revoke", revoke_token, ("token", {"help": "the token, or its prefix"}))
    group.verb("list", list_tokens, who)
    group = verbs.group("user", "Steam users, sellers and buyers")
    group.verb(
        "add", add_user, who, name, ("--trade-token", {"type": _trade_token, "help": "of his trade URL"})
    )
    group.verb(
        "pair",
        pair_user,
        who,
        ("--merchant", {"type": steamid, "help": "through whom: he gets a grant"}),
        floor,
    )
    group = verbs.group("grant", "who may list for whom")
    group.verb("give", give_grant, merchant, seller, floor)
    group.verb("revoke", revoke_grant, merchant, seller)
    group = verbs.group("ban", "who may not sell or buy")
    group.verb(
        "add",
        add_ban,
        who,
        side,
        ("--days", {"type": int, "default": 30}),
        ("--reason", {"default": "an operator's decision"}),
    )
    group.verb("lift", lift_ban, who, side)
    group = verbs.group("rate", "exchange rates")
    group.verb(
        "set",
        set_rate,
        ("currency", {"choices": rates.QUOTED}),
        ("rate", {"type": _rate}),
        ("--source", {"default": "operator"}),
    )
    verbs.verb(
        "switch",
        turn,
        ("what", {"choices": ("buying", "api")}),
        ("state", {"choices": ("on", "off")}),
        ("--reason", {"default": ""}),
    )
    group = verbs.group("prices", "Steam prices")
    group.verb("import", import_prices, ("file", {"type": Path}))
