"""The user API's calls about the second factor: turning it on with a first code, recovery codes, turning it off."""

from typing import Any

import msgspec

from tradepost.dialects.fields import Code
from tradepost.dialects.user_api import answers
from tradepost.dialects.user_api.calls import Call, Calls, Content, Method, Nothing
from tradepost.market import second_factor, sessions, users


class CodeAsked(msgspec.Struct):
    """A code of the second factor."""

    code: Code | None = None


class FirstCode(msgspec.Struct):
    """The first code of a new secret."""

    code: Code


async def state(call: Call, asked: Nothing) -> Content:
    """Whether the second factor is on, and how many recovery codes are left."""
    tx, account_id = call.app.db, call.me.account_id
    on = await second_factor.is_on(tx, account_id)
    return {
        "2fa": "true" if on else "false",
        "recoveryCodesLeft": await second_factor.recovery_codes_left(tx, account_id),
    }


async def enable(call: Call, asked: Nothing) -> Content:
    """Make the secret that the user puts into his program for codes; it counts once its first code was confirmed."""
    app, me = call.app, call.me
    account = await users.by_id(app.db, me.account_id)
    begun = await second_factor.begin(app, me.account_id, account.name or account.steamid)
    return {"secret": begun.secret, "otpauth": begun.uri}


async def confirm(call: Call, asked: FirstCode) -> Content:
    """Turn the second factor on with the first code; the recovery codes are shown this once."""
    app, me = call.app, call.me
    codes = await second_factor.confirm(app, me.account_id, asked.code)
    if me.session_id is not None:  # every other session has to give a code first
        async with app.db.transaction() as tx:
            await sessions.note_code(tx, me.session_id, app.real_now())
    return _codes(codes)


async def renew(call: Call, asked: CodeAsked) -> Content:
    """Let new recovery codes take the place of all old ones; they are shown this once."""
    async with call.app.db.transaction() as tx:
        codes = await second_factor.renew_recovery_codes(tx, call.me.account_id, call.app.real_now())
    return _codes(codes)


async def disable(call: Call, asked: CodeAsked) -> Content:
    """Turn the second factor off."""
    async with call.app.db.transaction() as tx:
        await second_factor.turn_off(tx, call.me.account_id, call.app.real_now())
    return {"message": "The second factor is off."}


def _codes(codes: list[str]) -> dict[str, Any]:
    return {"recoveryCodes": codes}


CALLS: Calls = {
    "/user/2fa": {"GET": Method(state, answers=answers.FactorState)},
    "/user/enable2fa": {"POST": Method(enable, scope="sell", step_up="yes", answers=answers.FactorBegun)},
    "/user/confirm2fa": {"POST": Method(confirm, scope="sell", step_up="yes", answers=answers.RecoveryCodes)},
    "/user/disable2fa": {"POST": Method(disable, scope="sell", step_up="yes", answers=answers.Done)},
    "/user/recoveryCodes": {
        "POST": Method(renew, scope="sell", step_up="yes", answers=answers.RecoveryCodes)
    },
}
