"""Verbs about who may act for the market."""

import sys
from argparse import Namespace

from tradepost.cli import Adder
from tradepost.cli.arguments import phrase, steamid
from tradepost.cli.operating import account_of, the_app
from tradepost.config import Settings
from tradepost.market import roles, users


async def grant(settings: Settings, options: Namespace) -> int:
    """Make a Steam user an admin: he may look at everybody's data and act by the operator API, all of it in the audit."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        account = await users.know(tx, options.steamid, "operator", app.now())
        made = await roles.grant(tx, account.id, app.real_now(), reason=options.reason)
    sys.stdout.write(f"{options.steamid} {'is an admin now' if made else 'was an admin already'}\n")
    return 0


async def revoke(settings: Settings, options: Namespace) -> int:
    """Take the role from an admin; it holds from the next request on."""
    async with the_app(settings) as app, app.db.transaction() as tx:
        account = await account_of(tx, options.steamid)
        gone = await roles.revoke(tx, account.id, app.real_now(), reason=options.reason)
    sys.stdout.write(f"{options.steamid} {'is no admin any more' if gone else 'was no admin'}\n")
    return 0 if gone else 1


async def list_admins(settings: Settings, _: Namespace) -> int:
    """List who is an admin, since when and by whom."""
    async with the_app(settings) as app:
        found = await roles.admins(app.db)
    for one in found:
        by = one.granted_by or "the command line"
        sys.stdout.write(f"{one.steamid}  since {one.granted_at:%Y-%m-%d %H:%M}, by {by}  {one.name}\n")
    if not found:
        sys.stdout.write("nobody is an admin; `tradepost admin grant STEAMID` makes one\n")
    return 0


def add(verbs: Adder) -> None:
    """Add the verbs about admins."""
    who = ("steamid", {"type": steamid, "help": "his SteamID64"})
    why = ("--reason", {"type": phrase, "default": "", "help": "why: it is kept in the audit"})
    group = verbs.group("admin", "who may act for the market")
    group.verb("grant", grant, who, why)
    group.verb("revoke", revoke, who, why)
    group.verb("list", list_admins)
