"""Another user's data: admins alone may look, and every look is in the audit."""

import pytest

from dialects.user_api.club import OTHER, USER, Club
from tradepost.dialects.user_api import CALLS
from tradepost.market import audit, roles, users

STRANGER = "76561198000000999"
LOOKS = sorted(
    path
    for path, methods in CALLS.items()
    for method in methods.values()
    if method.others and not method.changes
)  # each has a twin with a further segment


async def make_admin(club: Club, steamid: str) -> int:
    async with club.db.transaction() as tx:
        account = await users.know(tx, steamid, "sign_in", club.app.now())
        await roles.grant(tx, account.id, club.app.real_now())
    return account.id


@pytest.mark.parametrize("path", LOOKS)
async def test_who_is_no_admin_sees_himself_and_nobody_else(club: Club, path: str) -> None:
    me = await club.browser(USER)
    await club.browser(OTHER)
    assert (await me.get(f"{path}/{USER}")).body == (await me.get(path)).body
    known, unknown = await me.get(f"{path}/{OTHER}"), await me.get(f"{path}/{STRANGER}")
    assert known.refusal[0] == 403
    # Not even that there is such a user.
    assert unknown.refusal == known.refusal
    assert [note.deed for note in await audit.page(club.db)] == []


@pytest.mark.parametrize("path", LOOKS)
async def test_each_look_of_an_admin_is_in_the_audit(club: Club, path: str) -> None:
    admin, other = await club.browser(USER), await club.browser(OTHER)
    await make_admin(club, USER)
    assert (await admin.get(f"{path}/{OTHER}")).body == (await other.get(path)).body
    newest = (await audit.page(club.db))[0]
    assert (newest.actor, newest.subject, newest.deed) == (USER, OTHER, f"look {path}")
    assert (await admin.get(f"{path}/{STRANGER}")).refusal[0] == 404


async def test_a_revoked_admin_looks_at_nothing_more(club: Club) -> None:
    admin, _ = await club.browser(USER), await club.browser(OTHER)
    account_id = await make_admin(club, USER)
    assert (await admin.get(f"/user/balance/{OTHER}")).status == 200
    async with club.db.transaction() as tx:
        await roles.revoke(tx, account_id, club.app.real_now())
    assert (await admin.get(f"/user/balance/{OTHER}")).refusal[0] == 403
