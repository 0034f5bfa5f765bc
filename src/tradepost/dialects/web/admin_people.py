"""Users, as operators find them, look at them and act on them; and who is an admin."""

from typing import Annotated, Literal

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import Flag, Id, Limit, Search, SteamId
from tradepost.dialects.operator_api import money, people
from tradepost.dialects.operator_api.calls import known
from tradepost.dialects.operator_api.fields import Reason, Words
from tradepost.dialects.user_api.fields import Days
from tradepost.dialects.web.admin_desk import (
    HOME,
    NOTHING,
    ROWS,
    Act,
    Done,
    Failed,
    admin,
    asked_of,
    look,
    names,
    older,
    page,
)
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import audit, bans, operations
from tradepost.market.operations import OperationsQuery
from tradepost.rules.refusals import Malformed

USERS, ONE, ADMINS = f"{HOME}/users", f"{HOME}/users/{{steamid}}", f"{HOME}/admins"
_CALL = "/operator/users/{steamid}"
SHOWN = 10  # of each kind of thing on one user's page: the newest
DONE = {
    "banned": "The ban holds from now on.",
    "lifted": "The bans on that side are lifted.",
    "frozen": "The account is frozen, and nothing of it is on sale any more.",
    "thawed": "The account can act again. Offers that had ended stay so.",
    "told": "The message is sent.",
    "signed-out": "All sessions and JWTs of this user are ended.",
    "factor": "The second factor is off. The user's payouts wait for a while.",
    "granted": "This user is an admin now; the other admins were told.",
    "revoked": "This user is no admin any more; the other admins were told.",
    "deleted": "The data of this user are gone. Rows of money stay, without the person.",
}


class Asked(Done):
    """Which users, and which page of them."""

    search: Search = Search("")
    frozen: Flag | None = None
    before: Id | None = None


async def show(visit: Visit, failed: Failed = NOTHING) -> Response:
    """Users, the newest first; each search is a look that the audit has, so nothing is searched while one types."""
    call, asked = await admin(visit), asked_of(visit, Asked)
    query = people.UsersAsked(asked.search, asked.frozen, asked.before, Limit(ROWS))
    found = await look(call, "/operator/users", query)
    given = {"search": asked.search, "frozen": asked.frozen}
    return page(
        visit,
        "admin_users.html",
        failed,
        found=found,
        asked=asked,
        older=older(USERS, given, found, "account_id"),
    )


class AskedOne(Done):
    """Whom one looks at, and from where on in his ledger."""

    steamid: SteamId
    before: Id | None = None


async def show_one(visit: Visit, failed: Failed = NOTHING) -> Response:
    """All that is known of a user, and what can be done about him."""
    call, asked = await admin(visit), asked_of(visit, AskedOne)
    app = call.app
    call.about = account = await known(app, asked.steamid)
    seen = await look(call, _CALL, people.Of(asked.steamid))
    query = OperationsQuery(kinds=("buy", "sell"), limit=SHOWN)
    traded, traded_total = await operations.operations(app, account.id, query)
    further = people.Paged(asked.steamid, asked.before, Limit(2 * SHOWN))
    # The newest lines are of the look at him; whoever goes on to older ones looks once more.
    entries = await (
        look(call, f"{_CALL}/entries", further) if asked.before else people.entries(call, further)
    )
    root = ONE.format(steamid=account.steamid)
    notes = await audit.page(app.db, subject_id=account.id, limit=SHOWN)
    return page(
        visit,
        "admin_user.html",
        failed,
        done=DONE.get(asked.done or "", ""),
        user=account,
        seen=seen,
        now=app.now(),
        root=root,
        traded=traded,
        traded_total=traded_total,
        entries=entries,
        older=older(root, {}, entries, "transfer_id", most=2 * SHOWN),
        begun=asked.before is not None,
        told=await people.read_messages(call, people.Paged(asked.steamid, limit=Limit(SHOWN))),
        strikes=await bans.strikes_of(app.db, account.steamid),
        deposits=await money.list_deposits(call, money.OfUser(asked.steamid, Limit(SHOWN))),
        notes=notes,
        names=await names(call, (one.actor for one in notes)),
        is_me=account.id == call.me.account_id,
    )


async def show_admins(visit: Visit, failed: Failed = NOTHING) -> Response:
    """Who is an admin, since when, and who made him one."""
    call, asked = await admin(visit), asked_of(visit, Done)
    found = await look(call, "/operator/admins")
    return page(visit, "admin_admins.html", failed, found=found, done=DONE.get(asked.done or "", ""))


class Banning(msgspec.Struct):
    """A ban, as the form asks for it."""

    steamid: SteamId
    side: Literal["seller", "buyer"]
    days: Days
    reason: Reason


class Telling(msgspec.Struct):
    """A message, as the form asks for it."""

    steamid: SteamId
    text: Words


class Deleting(msgspec.Struct):
    """A deletion, with what has to be typed for it."""

    steamid: SteamId
    typed: Annotated[str, msgspec.Meta(max_length=40)]
    reason: Reason


def _deletion(asked: Deleting) -> people.OfWhy:
    if asked.typed.strip() != asked.steamid:
        raise Malformed("typed", "must be the SteamID of this user, typed out")
    return people.OfWhy(asked.steamid, asked.reason)


ACTS = (
    Act(f"{ONE}/ban", f"{_CALL}/ban", show_one, ONE, "banned", Banning,
        lambda asked: people.BanAsked(asked.steamid, asked.reason, asked.side, days=asked.days), once=True),
    Act(f"{ONE}/lift", f"{_CALL}/lift", show_one, ONE, "lifted"),
    Act(f"{ONE}/freeze", f"{_CALL}/freeze", show_one, ONE, "frozen"),
    Act(f"{ONE}/thaw", f"{_CALL}/thaw", show_one, ONE, "thawed"),
    Act(f"{ONE}/messages", f"{_CALL}/messages", show_one, ONE, "told", Telling,
        lambda asked: people.MessageAsked(asked.steamid, asked.text), once=True),
    Act(f"{ONE}/sign-out", f"{_CALL}/sign-out", show_one, ONE, "signed-out"),
    Act(f"{ONE}/reset-second-factor", f"{_CALL}/reset-second-factor", show_one, ONE, "factor"),
    Act(f"{ONE}/delete", f"{_CALL}/delete", show_one, USERS, "deleted", Deleting, _deletion),
    Act(ADMINS, "/operator/admins", show_admins, ADMINS, "granted"),
    Act(f"{ADMINS}/{{steamid}}/revoke", "/operator/admins/{steamid}/revoke", show_admins, ADMINS, "revoked"),
)  # fmt: skip


def pages(app: App, desk: Desk) -> list[Page]:
    """The pages of users and of admins, and their forms."""
    granting = next(act for act in ACTS if act.path == ADMINS)
    return [
        Page(app, desk, USERS, get=show),
        Page(app, desk, ADMINS, get=show_admins, post=granting.handler()),
        Page(app, desk, ONE, get=show_one),
        *(act.page(app, desk) for act in ACTS if act is not granting),
    ]
