"""Verbs for API tokens: making, changing, listing and revoking them."""

import sys
from argparse import Namespace
from datetime import datetime, timedelta

from tradepost.cli import Adder
from tradepost.cli.arguments import days, network, phrase, steamid
from tradepost.cli.operating import account_of, the_app
from tradepost.config import Settings
from tradepost.market import tokens
from tradepost.market.tokens import Token
from tradepost.rules.refusals import Conflicting


async def create_token(settings: Settings, options: Namespace) -> int:
    """Make a further API token for an account; it is printed this once."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        account = await account_of(tx, options.steamid)
        expires_at = app.real_now() + timedelta(days=options.expires_days) if options.expires_days else None
        token = await tokens.make_token(
            tx,
            account.id,
            app.now(),
            test=settings.mode != "production",
            scopes=options.scopes.split(","),
            label=options.label,
            allow_addresses=options.allow_address,
            allow_url=not options.no_url,
            expires_at=expires_at,
        )
    sys.stdout.write(f"{token}\n")
    return 0


async def change_token(settings: Settings, options: Namespace) -> int:
    """Change what a token may do, from where, and what it is called; it holds everywhere within a second."""
    if options.any_address and options.allow_address:
        raise Conflicting("--any-address and --allow-address contradict each other; give one of them.")
    changes = {
        "scopes": None if options.scopes is None else options.scopes.split(","),
        "label": options.label,
        "allow_addresses": [] if options.any_address else options.allow_address or None,
        "allow_url": None if options.url is None else options.url == "allowed",
    }
    if all(change is None for change in changes.values()):
        raise Conflicting(
            "Say what is to change: --scopes, --label, --allow-address, --any-address or --url."
        )
    async with the_app(settings) as app, app.db.transaction() as tx:
        changed = await tokens.change_token(tx, options.token, **changes)
    sys.stdout.write(f"{changed} changed\n")
    return 0 if changed else 1


async def revoke_token(settings: Settings, options: Namespace) -> int:
    """Revoke a token, named whole or by its prefix; it holds everywhere within a second."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        revoked = await tokens.revoke_token(tx, options.token, app.now())
    sys.stdout.write(f"{revoked} revoked\n")
    return 0 if revoked else 1


async def list_tokens(settings: Settings, options: Namespace) -> int:
    """List an account's tokens: prefix, scopes, state, last use, what they are bound to, label."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        account = await account_of(tx, options.steamid)
        for token in await tokens.tokens_of(tx, account.id):
            sys.stdout.write(line(token, app.real_now()) + "\n")
    return 0


def line(token: Token, real_now: datetime) -> str:
    """A token as one line of a list."""
    bounds = [str(network) for network in token.allow_addresses]
    bounds += [] if token.allow_url else ["not in URLs"]
    used = "never used" if token.last_used_at is None else f"used {token.last_used_at:%Y-%m-%d %H:%M}"
    parts = (
        f"{token.prefix}…",
        ",".join(token.scopes),
        _state(token, real_now),
        used,
        ", ".join(bounds),
        token.label,
    )
    return "  ".join(part for part in parts if part)


def _state(token: Token, real_now: datetime) -> str:
    if token.revoked_at is not None:
        return f"revoked {token.revoked_at:%Y-%m-%d}"
    if token.expires_at is None:
        return "valid"
    word = "valid until" if token.expires_at > real_now else "expired"
    return f"{word} {token.expires_at:%Y-%m-%d %H:%M}"


def add(verbs: Adder) -> None:
    """Add the verbs for tokens."""
    who = ("steamid", {"type": steamid, "help": "his SteamID64"})
    which = ("token", {"help": "the token, or its prefix as `token list` shows it"})
    address = (
        "--allow-address",
        {
            "type": network,
            "action": "append",
            "default": [],
            "metavar": "ADDRESS",
            "help": "an address or network from which alone it may be used, such as 203.0.113.7 or 10.0.0.0/8;"
            " once for each (from anywhere)",
        },
    )
    group = verbs.group("token", "API tokens")
    group.verb(
        "create", create_token, who,
        ("--scopes", {"default": "read,sell,buy", "help": "what it may do (read,sell,buy)"}),
        ("--label", {"type": phrase, "default": "", "help": "what it is for"}),
        address,
        ("--no-url", {"action": "store_true", "help": "refuse it in a query string, where logs would keep it"}),
        ("--expires-days", {"type": days, "metavar": "DAYS", "help": "for how many days it is valid (for good)"}),
    )  # fmt: skip
    group.verb(
        "change", change_token, which,
        ("--scopes", {"help": "what it may do from now on, such as read,buy"}),
        ("--label", {"type": phrase, "help": "what it is for"}),
        address,
        ("--any-address", {"action": "store_true", "help": "bind it to no address any more"}),
        ("--url", {"choices": ("allowed", "refused"), "help": "whether it may be sent in a query string"}),
    )  # fmt: skip
    group.verb("revoke", revoke_token, which)
    group.verb("list", list_tokens, who)
