"""Another user's data: who is an admin may look at them, and each look is written down."""

from tradepost.dialects.user_api.calls import Call, Subject
from tradepost.market import audit, roles, users
from tradepost.rules.refusals import Forbidden, NotFound

NOT_ADMIN = "Only an admin may look at another user's data."


async def subject(call: Call, steamid: str) -> Subject:
    """Whose data a call is about that names a user; his own everybody may name.

    Who is no admin is refused before the name is looked up: he learns nothing of who is known here.
    """
    app, me = call.app, call.me
    if steamid == me.steamid:
        return Subject(me.account_id, me.steamid)
    if not await roles.is_admin(app.db, me.account_id):
        raise Forbidden(NOT_ADMIN)
    found = await users.by_steamid(app.db, steamid)
    if found is None:
        raise NotFound("There is no such user.")
    await note_look(call, found.id)
    return Subject(found.id, found.steamid)


async def note_look(call: Call, subject_id: int) -> None:
    """Write down that an admin looked at somebody's data, before he is shown any."""
    async with call.app.db.transaction() as tx:
        await audit.note(
            tx,
            actor_id=call.me.account_id,
            subject_id=subject_id,
            deed=f"look {call.route.removesuffix('/{userid}')}",
            now=call.app.real_now(),
        )
