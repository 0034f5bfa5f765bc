"""Users, as operators look at them and act on them: bans, freezing, messages, sign-outs, admins."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec

from tradepost.db import Tx
from tradepost.dialects.fields import Flag, Id, Limit, Search, SteamId
from tradepost.dialects.operator_api.answers import (
    Deleted,
    FactorReset,
    Frozen,
    Granted,
    Lifted,
    Revoked,
    Sent,
    SignedOut,
    Thawed,
)
from tradepost.dialects.operator_api.calls import Call, Calls, Nothing, act, known, look
from tradepost.dialects.operator_api.fields import Moment, Reason, Words
from tradepost.dialects.shapes import Also
from tradepost.dialects.user_api.fields import Days
from tradepost.market import (
    audit,
    bans,
    freezing,
    jwts,
    leaving,
    messages,
    people,
    roles,
    second_factor,
    sessions,
)
from tradepost.market.bans import Ban
from tradepost.market.messages import Message
from tradepost.market.people import Dossier, EntryRow, PersonRow
from tradepost.market.roles import Admin
from tradepost.rules.refusals import Conflicting, Forbidden, Malformed

BAN_DAYS_MAX = 3_650


class Of(msgspec.Struct):
    """A call about a user."""

    steamid: SteamId


class OfWhy(Of):
    """An act about a user, with its reason."""

    reason: Reason


class UsersAsked(msgspec.Struct):
    """Which users are looked for."""

    search: Search = Search("")
    frozen: Flag | None = None
    before: Id | None = None
    limit: Limit = Limit(50)


class Paged(Of):
    """A page about a user, the newest first."""

    before: Id | None = None
    limit: Limit = Limit(50)


class BanAsked(OfWhy):
    """A ban: until a moment, or for some days."""

    side: Literal["seller", "buyer"]
    until: Moment | None = None
    days: Days | None = None


class LiftAsked(OfWhy):
    """On which side bans are lifted."""

    side: Literal["seller", "buyer"]


class MessageAsked(Of):
    """What a user is told."""

    text: Annotated[Words, Also("message")]


async def users(call: Call, asked: UsersAsked) -> list[PersonRow]:
    """Users, the newest first: the one with a steamid, or those whose name has a text in it."""
    return await people.search(
        call.app.db,
        asked.search,
        call.app.now(),
        frozen=None if asked.frozen is None else bool(asked.frozen),
        before=asked.before,
        limit=asked.limit,
    )


async def user(call: Call, asked: Of) -> Dossier:
    """All that is known of a user."""
    return await people.dossier(call.app.db, call.user)


async def entries(call: Call, asked: Paged) -> list[EntryRow]:
    """A user's ledger, the newest first."""
    return await people.entries(call.app.db, call.user.id, before=asked.before, limit=asked.limit)


async def ban(call: Call, asked: BanAsked) -> Ban:
    """Ban a user from selling or from buying, until a moment or for some days; merchants are told the reason."""
    now = call.app.now()
    if (asked.until is None) == (asked.days is None):
        raise Conflicting("Say until when, or for how many days: one of the two.")
    length = timedelta(days=asked.days) if asked.days is not None else timedelta(0)
    if asked.until is not None:
        until: datetime = asked.until
        length = until - now
        if not timedelta(0) < length <= timedelta(days=BAN_DAYS_MAX):
            raise Malformed("until", f"must lie ahead, within {BAN_DAYS_MAX} days")
    async with call.app.db.transaction() as tx:
        made = await bans.ban(tx, call.user.steamid, asked.side, asked.reason, now, length)
        await _note(tx, call, "ban added", asked.reason, side=asked.side, until=made.until_at.isoformat())
    return made


async def lift(call: Call, asked: LiftAsked) -> Lifted:
    """Lift the bans of a user on one side."""
    if call.me.account_id == call.user.id:
        raise Forbidden("Nobody lifts his own ban.")
    async with call.app.db.transaction() as tx:
        count = await bans.lift(tx, call.user.steamid, asked.side, call.app.now())
        await _note(tx, call, "bans lifted", asked.reason, side=asked.side, count=count)
    return Lifted(lifted=count)


async def freeze(call: Call, asked: OfWhy) -> Frozen:
    """Freeze an account: its money stays where it is, what it has on sale ends; trades under way go on."""
    ended = await freezing.freeze(call.app, call.user.id, actor_id=call.me.account_id, reason=asked.reason)
    return Frozen(frozen=True, offers_ended=ended)


async def thaw(call: Call, asked: OfWhy) -> Thawed:
    """Let a frozen account act again; offers that ended stay so."""
    await freezing.thaw(call.app, call.user.id, actor_id=call.me.account_id, reason=asked.reason)
    return Thawed(frozen=False)


async def sign_out(call: Call, asked: OfWhy) -> SignedOut:
    """End all of a user's sessions and JWTs: whoever sits there has to sign in through Steam again."""
    async with call.app.db.transaction() as tx:
        ended = await sessions.end_others(tx, call.user.id, 0)
        programs = await jwts.end_others(tx, call.user.id, None)
        await _note(tx, call, "signed out", asked.reason, sessions=ended, jwts=programs)
    return SignedOut(sessions=ended, jwts=programs)


async def reset_factor(call: Call, asked: OfWhy) -> FactorReset:
    """Turn off the second factor of a user who lost his program and his recovery codes; his payouts wait a while."""
    async with call.app.db.transaction() as tx:
        await second_factor.turn_off(tx, call.user.id, call.now)
        await _note(tx, call, "second factor reset", asked.reason)
    return FactorReset(has_factor=False)


async def delete(call: Call, asked: OfWhy) -> Deleted:
    """Delete a user's data, as he asked by another way; refused with what is open. Money rows stay, without him."""
    await leaving.leave(call.app, call.user, actor_id=call.me.account_id, reason=asked.reason)
    return Deleted(deleted=True)


async def read_messages(call: Call, asked: Paged) -> list[Message]:
    """What a user was told, and since when he has read it."""
    return await messages.page(call.app.db, call.user.id, before=asked.before, limit=asked.limit)


async def send_message(call: Call, asked: MessageAsked) -> Sent:
    """Tell a user something; it is counted in his `message` until he has read it."""
    async with call.app.db.transaction() as tx:
        made = await messages.send(tx, call.user.id, asked.text, actor_id=call.me.account_id, now=call.now)
    return Sent(id=made)


async def admins(call: Call, asked: Nothing) -> list[Admin]:
    """Who is an admin."""
    return await roles.admins(call.app.db)


async def grant_admin(call: Call, asked: OfWhy) -> Granted:
    """Make a user an admin."""
    account = await known(call.app, asked.steamid)
    async with call.app.db.transaction() as tx:
        made = await roles.grant(tx, account.id, call.now, by=call.me.account_id, reason=asked.reason)
    return Granted(granted=made)


async def revoke_admin(call: Call, asked: OfWhy) -> Revoked:
    """Take the role from an admin; the last one keeps it."""
    async with call.app.db.transaction() as tx:
        gone = await roles.revoke(tx, call.user.id, call.now, by=call.me.account_id, reason=asked.reason)
    return Revoked(revoked=gone)


async def _note(tx: Tx, call: Call, deed: str, reason: str, **detail: Any) -> None:
    await audit.note(
        tx,
        actor_id=call.me.account_id,
        subject_id=call.user.id,
        deed=deed,
        detail=detail,
        reason=reason,
        now=call.now,
    )


_USER = "/operator/users/{steamid}"

CALLS: Calls = {
    "/operator/users": {"GET": look(users)},
    _USER: {"GET": look(user)},
    f"{_USER}/entries": {"GET": look(entries)},
    f"{_USER}/messages": {"GET": look(read_messages), "POST": act(send_message)},
    f"{_USER}/ban": {"POST": act(ban)},
    f"{_USER}/lift": {"POST": act(lift)},
    f"{_USER}/freeze": {"POST": act(freeze)},
    f"{_USER}/thaw": {"POST": act(thaw)},
    f"{_USER}/delete": {"POST": act(delete)},
    f"{_USER}/sign-out": {"POST": act(sign_out)},
    f"{_USER}/reset-second-factor": {"POST": act(reset_factor)},
    "/operator/admins": {"GET": look(admins), "POST": act(grant_admin)},
    "/operator/admins/{steamid}/revoke": {"POST": act(revoke_admin)},
}
